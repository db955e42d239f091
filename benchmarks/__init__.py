"""Measurements: nothing here is a test, nothing here is part of the product."""
