"""Stand-in until the branch `sentences` is merged."""

from __future__ import annotations


def is_english(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return sum(c.isascii() for c in letters) >= 0.8 * len(letters)
