"""Short forms of what was read out of a text."""

from __future__ import annotations

import datetime as dt

from entities.types import RelationMention
from memories.extraction.extractor import TextExtractor
from memories.statements import Statement
from memories.types import Item

SAID = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)  # a Friday


def statements(
    extractor: TextExtractor, text: str, *, role: str | None = None, speaker: str | None = None
) -> tuple[Statement, ...]:
    return extractor.read([Item(text, role, speaker, SAID)])[0]


def contents(extractor: TextExtractor, text: str, **said: str) -> list[str]:
    return [statement.fact.content for statement in statements(extractor, text, **said)]


def stated(extractor: TextExtractor, text: str, **said: str) -> list[RelationMention]:
    return [s for statement in statements(extractor, text, **said) for s in statement.graph.stated]


def current(extractor: TextExtractor, text: str, **said: str) -> set[str]:
    """The relations that hold, the role of a job as one of its own."""
    found = [s for s in stated(extractor, text, **said) if not s.ended]
    roles = {f"{s.source} HAS_ROLE {s.properties['role']}" for s in found if s.properties}
    return roles | {f"{s.source} {s.type} {s.target}" for s in found}


def ended(extractor: TextExtractor, text: str) -> set[str]:
    return {f"{s.source} {s.type} {s.target}" for s in stated(extractor, text) if s.ended}
