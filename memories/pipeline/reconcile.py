"""What to do about each fact, given what is known already. Pure: no framework, no network, no clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memories.types import Decision, Fact


@dataclass(frozen=True, slots=True)
class Step:
    """One fact and the decision about it. `holder` is the memory that holds it already (NOOP).

    A NOOP without a holder repeats step `repeats` of the same write.
    """

    fact: Fact
    digest: bytes
    decision: Decision
    holder: uuid.UUID | None = None
    repeats: int | None = None


def reconcile(facts: Sequence[tuple[Fact, bytes]], live: Mapping[bytes, uuid.UUID]) -> tuple[Step, ...]:
    """One step for each `(fact, digest)`, in order. `live` maps digests of live texts to their memories.

    An exact duplicate, of a live memory or of an earlier fact of the same write, adds nothing.
    """
    steps: list[Step] = []
    first: dict[bytes, int] = {}
    for fact, digest in facts:
        if digest in live:
            steps.append(Step(fact, digest, Decision.NOOP, holder=live[digest]))
        elif digest in first:
            steps.append(Step(fact, digest, Decision.NOOP, repeats=first[digest]))
        else:
            first[digest] = len(steps)
            steps.append(Step(fact, digest, Decision.ADD))
    return tuple(steps)
