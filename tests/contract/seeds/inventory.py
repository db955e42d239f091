"""The two founding documents, row by row, as they were transcribed."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MEM0, REMEMBRA = "mem0", "remembra"
TITLES = {MEM0: "The first document", REMEMBRA: "The second document"}


@dataclass(frozen=True)
class Row:
    section: str
    text: str
    curl: str = ""
    body: Any = None
    example: Any = None


@functools.cache
def rows(document: str) -> tuple[Row, ...]:
    sections = yaml.safe_load((Path(__file__).parent / f"{document}.yaml").read_text())
    return tuple(Row(section, one.pop("row"), **one) for section, found in sections.items() for one in found)


def row(document: str, section: str, text: str) -> Row:
    (found,) = [one for one in rows(document) if (one.section, one.text) == (section, text)]
    return found
