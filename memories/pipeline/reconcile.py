"""What to do about each fact, given what is known already. Pure: no framework, no network, no clock.

Whoever reads a text (the rules, or a model) may propose what it does to the memories that it was shown. Here is decided
what of that is believed; in doubt both are kept.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from entities.types import NO_KNOWLEDGE, Knowledge
from memories.statements import Known, Statement
from memories.types import Decision, Fact


@dataclass(frozen=True, slots=True)
class Step:
    """One fact and the decision about it. `holder` is the memory that holds it already (NOOP), `replaces` the one that
    it outdates (UPDATE) or ends (DELETE).

    A NOOP without a holder repeats step `repeats` of the same write.
    """

    fact: Fact
    digest: bytes
    decision: Decision
    holder: uuid.UUID | None = None
    repeats: int | None = None
    replaces: uuid.UUID | None = None
    reason: str = ""
    knowledge: Knowledge = NO_KNOWLEDGE

    @property
    def touches(self) -> uuid.UUID | None:
        """The memory that must still be there for this decision to be right."""
        return self.holder or self.replaces

    def alone(self) -> Step:
        """The same fact, kept beside whatever it was to repeat or replace."""
        return replace(self, decision=Decision.ADD, holder=None, repeats=None, replaces=None, reason="")


def reconcile(
    said: Sequence[tuple[Statement, bytes]],
    live: Mapping[bytes, uuid.UUID],
    offered: Sequence[Collection[Known]] = (),
    *,
    accepted_at: dt.datetime,
) -> tuple[Step, ...]:
    """One step for each `(statement, digest)`, in order. `live` maps digests of live texts to their memories;
    `accepted_at` is when a fact was said for which the caller gave no time.

    An exact duplicate, of a live memory or of an earlier fact of the same write, adds nothing. A proposal counts if it
    is about a memory in `offered[n]`, if the fact is not older than that memory, and if no earlier fact of the write
    has replaced it.
    """
    steps: list[Step] = []
    first: dict[bytes, int] = {}
    taken: set[uuid.UUID] = set()
    for number, (statement, digest) in enumerate(said):
        known = {k.id: k for k in offered[number]} if offered else {}
        if digest in live:
            step = Step(statement.fact, digest, Decision.NOOP, holder=live[digest], knowledge=statement.knowledge)
        elif digest in first:
            step = Step(statement.fact, digest, Decision.NOOP, repeats=first[digest], knowledge=statement.knowledge)
        else:
            step = _proposed(statement, digest, known, taken, accepted_at)
            first[digest] = len(steps)
            if step.replaces is not None:
                taken.add(step.replaces)
        steps.append(step)
    return tuple(steps)


def _proposed(
    statement: Statement,
    digest: bytes,
    offered: Mapping[uuid.UUID, Known],
    taken: Collection[uuid.UUID],
    accepted_at: dt.datetime,
) -> Step:
    fact, proposal = statement.fact, statement.proposal
    add = Step(fact, digest, Decision.ADD, knowledge=statement.knowledge)
    if proposal is None or proposal.target is None or fact.verbatim:
        return add
    old = offered.get(proposal.target)
    if old is None or old.id in taken or (fact.said_at or accepted_at) < old.said_at:
        return add
    if proposal.decision is Decision.NOOP:
        return replace(add, decision=Decision.NOOP, holder=old.id, reason=proposal.reason)
    if proposal.decision in (Decision.UPDATE, Decision.DELETE):
        return replace(add, decision=proposal.decision, replaces=old.id, reason=proposal.reason)
    return add
