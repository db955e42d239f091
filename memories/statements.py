"""The results of extraction and the proposals about stored memories: frozen dataclasses, no framework."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from entities.types import EMPTY_GRAPH, ExtractedGraph
from memories.types import Decision, Fact


@dataclass(frozen=True, slots=True)
class ExistingMemory:
    """A live memory that an extractor compares with a new text."""

    id: uuid.UUID
    content: str
    said_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """The proposal of an extractor about a fact. `target`: the memory that has it (NOOP), or that it replaces (UPDATE)
    or ends (DELETE). `reconcile` accepts or rejects it."""

    decision: Decision
    target: uuid.UUID | None = None
    reason: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair for the review queue: the possible effect of a statement on a live memory. `effect`: `duplicate`,
    `extend`, `supersede` or `negate`; `probability`: of that effect, below the threshold of a decision."""

    memory: ExistingMemory
    effect: str
    probability: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact of a text, with its entities and relations; `proposal` None: the extractor proposes nothing."""

    fact: Fact
    graph: ExtractedGraph = EMPTY_GRAPH
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class ExtractionResult:
    """The statements of one write, in order. `by` names the extractor (`rules`, `sentences`, `verbatim`, or a model's
    name); `refused` counts its rejected results, by reason."""

    statements: tuple[Statement, ...]
    by: str
    refused: Mapping[str, int] = field(default_factory=dict)

    def important(self, least: float) -> ExtractionResult:
        """Without facts of less importance."""
        return replace(self, statements=tuple(s for s in self.statements if s.fact.importance >= least))
