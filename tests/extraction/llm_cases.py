"""A write, the memories offered with it, and what a language model should say of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from memories.extraction.llm.model_extractor import ModelExtractor
from memories.statements import ExistingMemory, ExtractionResult
from memories.types import Item
from tests.llm_server import fact

NOW = dt.datetime(2024, 6, 12, 9, tzinfo=dt.UTC)
TEXT = "User's name is John. He works at Google as a senior engineer."
IDS = [uuid.UUID(int=number) for number in range(1, 40)]
KNOWN = (
    ExistingMemory(IDS[0], "John works at Meta", NOW - dt.timedelta(days=90)),
    ExistingMemory(IDS[1], "John likes tea", NOW - dt.timedelta(days=30)),
)
WORKS = {
    "source": "John",
    "type": "WORKS_AT",
    "target": "Google",
    "properties": [{"name": "role", "value": "senior engineer"}],
    "valid_from": None,
    "valid_to": None,
    "ended": False,
}
JOHN = fact(
    "John works at Google as a senior engineer",
    "He works at Google as a senior engineer.",
    entities=[{"name": "John", "type": "PERSON"}, {"name": "Google", "type": "ORG"}],
    relations=[WORKS],
)


def read(
    model: ModelExtractor,
    *items: Item | str,
    known: Sequence[ExistingMemory] = KNOWN,
    roles: frozenset[str] | None = None,
) -> ExtractionResult:
    said = [item if isinstance(item, Item) else Item(item) for item in items]
    return model.read(said, roles=roles, known=known, moment=NOW)


def contents(found: ExtractionResult) -> list[str]:
    return [statement.fact.content for statement in found.statements]
