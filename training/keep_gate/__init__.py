"""Trains `memories.extraction.keep_gate`."""
