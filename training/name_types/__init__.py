"""Trains `memories.extraction.name_types`."""
