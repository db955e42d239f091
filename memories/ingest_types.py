"""Types of the ingestion of a conversation. No framework."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from memories.types import Decision, StoreCommand, WriteResult


@dataclass(frozen=True, slots=True)
class IngestCommand:
    """`roles` are the roles whose messages may state facts; `keep` False only returns the facts."""

    store: StoreCommand
    roles: frozenset[str]
    min_importance: float = 0.5
    keep: bool = True


@dataclass(frozen=True, slots=True)
class IngestedFact:
    """A fact of a conversation; `message` is the index of its message."""

    content: str
    message: int
    speaker: str | None
    confidence: float
    importance: float
    decision: Decision
    memory_id: uuid.UUID | None
    stored: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ingested:
    """`write` None: the facts were only returned."""

    facts: tuple[IngestedFact, ...]
    messages: int
    skipped: int
    write: WriteResult | None
