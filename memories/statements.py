"""What is read out of a text, and what that would do to what is known: frozen data, no framework."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from entities.types import NO_KNOWLEDGE, Knowledge
from memories.types import Decision, Fact


MAX_ADDED = 2  # words by which a sentence about the third person may differ in length


@dataclass(frozen=True, slots=True)
class Known:
    """A live memory that a new text is compared with. `said`: its sentence as it was said."""

    id: uuid.UUID
    content: str
    said_at: dt.datetime
    said: str = ""


def as_said(content: str, evidence: str) -> str:
    """The text to compare: the evidence where the content is the same sentence about the third person, else the
    content, which may have a heading or a question before it, or be one fact of a longer sentence."""
    rewritten, words = content.casefold().split(), evidence.casefold().split()
    shared = len(set(rewritten) & set(words))
    is_same = abs(len(rewritten) - len(words)) <= MAX_ADDED and 2 * shared >= len(set(words))
    return evidence if is_same else content


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an extractor would do about a fact. `target`: the memory that holds it (NOOP), or that it replaces (UPDATE)
    or ends (DELETE). Reconcile has the last word."""

    decision: Decision
    target: uuid.UUID | None = None
    reason: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair for the review queue: what a statement may do to a live memory. `effect`: `duplicate`, `extend`,
    `supersede` or `negate`; `probability`: of that effect, below the threshold of a decision."""

    memory: Known
    effect: str
    probability: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact out of a text, with what it says of entities; `proposal` None: the extractor leaves it to others."""

    fact: Fact
    knowledge: Knowledge = NO_KNOWLEDGE
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one write states. `by` names the extractor (`rules`, `sentences`, `verbatim`, or a model's name); `refused`
    counts what it gave back and was not believed, by reason."""

    statements: tuple[Statement, ...]
    by: str
    refused: Mapping[str, int] = field(default_factory=dict)
