"""Word lists, one text file each: plain data, so that a line can be added without reading code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path


def word_list(name: str) -> str:
    return (Path(__file__).parent / f"{name}.txt").read_text("utf-8")


@cache
def word_set(name: str) -> frozenset[str]:
    """A list with one entry a line."""
    return frozenset(word_list(name).splitlines())


def sections(name: str) -> dict[str, str]:
    """A list whose entries are "name: words", continued on indented lines, by name."""
    entries = re.split(r"\n(?=\S)", word_list(name).strip())
    return {key: " ".join(words.split()) for key, words in (re.split(r":\s", entry, maxsplit=1) for entry in entries)}
