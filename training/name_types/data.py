"""The names that the types are trained on: those that the extractor finds in texts whose names have known types."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from benchmarks.knowledge import item
from benchmarks.knowledge_metrics import same
from memories.embeddings import english
from memories.extraction import name_types
from memories.extraction.extractor import TextExtractor
from memories.extraction.name_types import TYPES, features

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

ROOT = Path(__file__).parents[2]
FILES = (
    ROOT / "training" / "data" / "names_a.jsonl",
    ROOT / "benchmarks" / "data" / "knowledge" / "extract.jsonl",
    ROOT / "benchmarks" / "data" / "knowledge" / "unseen.jsonl",
)


@dataclass(frozen=True)
class NameRow:
    """One name: its features and type. Names of one text (`group`) are never on both sides of a split."""

    name: str
    features: frozenset[str]
    type: str
    group: str


def read(models: Path, files: tuple[Path, ...] = FILES) -> list[NameRow]:
    extractor = TextExtractor(english.MODEL, models)
    lines = (line for file in files for line in file.read_text("utf-8").splitlines())
    return [row for line in lines for row in _names(extractor, json.loads(line))]


def digest() -> str:
    """One hash over all files of data, in the order in which they are read."""
    found = hashlib.sha256()
    for file in FILES:
        found.update(file.read_bytes())
    return found.hexdigest()


def _names(extractor: TextExtractor, text: dict[str, Any]) -> Iterator[NameRow]:
    for name, found in _seen(extractor, text):
        known = [each for each in text["entities"] if each["type"] in TYPES and same(each["name"], name)]
        exact = [each for each in known if each["name"].casefold() == name.casefold()]
        if known:
            yield NameRow(name, frozenset(found), (exact or known)[0]["type"], text["id"])


def _seen(extractor: TextExtractor, text: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """The names that the extractor asks the type of, with their features."""
    seen: list[tuple[str, set[str]]] = []

    def asked(doc: Doc, start: int, stop: int, label: str, nouns: list[Token]) -> tuple[str, float]:
        seen.append((doc[start:stop].text, features(doc, start, stop, label, nouns)))
        return "", 0.0

    with mock.patch.object(name_types, "guess", asked):
        extractor.read([item(text["text"], text["said_at"], text.get("speaker"))])
    return seen
