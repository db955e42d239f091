"""The decision about one statement, given what is stored. Pure: no framework, no network, no clock.

An extractor (the rules, or a language model) proposes what a statement does to the memories that it was compared with.
This module accepts or rejects the proposal; in doubt both texts are kept.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace

from entities.types import EMPTY_GRAPH, ExtractedGraph
from memories.statements import Doubt, ExistingMemory, Statement
from memories.types import Decision, Fact


@dataclass(frozen=True, slots=True)
class Operation:
    """One statement and the decision about it. `existing_id` is the memory that holds it already (NOOP), `replaces`
    the memory that it outdates (UPDATE) or ends (DELETE). `outdated_by`: a memory of a later time that outdates the
    statement, which is therefore added as past (ADD). `open`: pairs for the review queue."""

    fact: Fact
    digest: bytes
    decision: Decision
    existing_id: uuid.UUID | None = None
    replaces: uuid.UUID | None = None
    outdated_by: ExistingMemory | None = None
    reason: str = ""
    probability: float = 1.0
    graph: ExtractedGraph = EMPTY_GRAPH
    open: tuple[Doubt, ...] = ()


def reconcile(
    statement: Statement,
    digest: bytes,
    moment: dt.datetime,
    *,
    existing_id: uuid.UUID | None = None,
    compared: Collection[ExistingMemory] = (),
) -> Operation:
    """Decide about a statement of `moment`. `existing_id`: the live memory with exactly this text.

    A proposal counts if it names a memory of `compared` and if the statement is not older than that memory.
    """
    fact, proposal = statement.fact, statement.proposal
    known = statement.graph
    if existing_id is not None:
        return Operation(fact, digest, Decision.NOOP, existing_id=existing_id, graph=known)
    add = Operation(fact, digest, Decision.ADD, graph=known)
    if proposal is None or proposal.target is None or fact.verbatim:
        return add
    old = next((memory for memory in compared if memory.id == proposal.target), None)
    if old is None or moment < old.said_at:
        return add
    decided = replace(add, decision=proposal.decision, reason=proposal.reason, probability=proposal.confidence)
    match proposal.decision:
        case Decision.NOOP:
            return replace(decided, existing_id=old.id)
        case Decision.UPDATE | Decision.DELETE:
            return replace(decided, replaces=old.id)
    return add
