"""What is read out of a text, and what that would do to what is known: frozen data, no framework."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from entities.types import EMPTY_GRAPH, ExtractedGraph
from memories.types import Decision, Fact


@dataclass(frozen=True, slots=True)
class ExistingMemory:
    """A live memory that is offered to whoever decides what a new text does to the old ones."""

    id: uuid.UUID
    content: str
    said_at: dt.datetime


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

    memory: ExistingMemory
    effect: str
    probability: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact out of a text, with what it says of entities; `proposal` None: the extractor leaves it to others."""

    fact: Fact
    graph: ExtractedGraph = EMPTY_GRAPH
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class ExtractionResult:
    """What one write states, in order. `by` names the extractor (`rules`, `sentences`, `verbatim`, or a model's name);
    `refused` counts what it gave back and was not believed, by reason."""

    statements: tuple[Statement, ...]
    by: str
    refused: Mapping[str, int] = field(default_factory=dict)

    def important(self, least: float) -> ExtractionResult:
        """Without the facts that matter less."""
        return replace(self, statements=tuple(s for s in self.statements if s.fact.importance >= least))
