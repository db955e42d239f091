"""Decay: a report, one memory's decay, and the clean-up of what has expired or decayed."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from apikeys.types import Principal
from core.clock import now
from memories.decay import Decay
from memories.pipeline import decay_cleanup, expire
from memories.retrieval import decay_scan, read
from memories.services import access
from memories.services.recall import get
from memories.types import MemoryRecord, MemoryScope


@dataclass(frozen=True, slots=True)
class DecayedMemory:
    memory: MemoryRecord
    decay: Decay


@dataclass(frozen=True, slots=True)
class DecayReport:
    """The number of memories in each band, and the most decayed ones first."""

    total: int
    bands: Mapping[str, int]
    memories: tuple[DecayedMemory, ...]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """With `dry_run`: the numbers that it would be."""

    expired_deleted: int
    decayed_archived: int
    decayed_deleted: int


def report(principal: Principal, user_id: str | None, project: str | None, limit: int) -> DecayReport:
    """The decay of a user's live memories."""
    scope, moment = access.reading(principal, user_id, project), now()
    every = list(decay_scan.live(scope, moment))
    worst = heapq.nsmallest(limit, every, key=lambda f: (f.decay.score, f.memory_id))
    known = read.by_ids(scope.tenant_id, [f.memory_id for f in worst], moment)
    shown = tuple(DecayedMemory(known[f.memory_id], f.decay) for f in worst if f.memory_id in known)
    return DecayReport(len(every), Counter(f.decay.band for f in every), shown)


def decay_of(principal: Principal, memory_id: str) -> DecayedMemory:
    """One memory's decay, in any state. Raises MemoryNotFound."""
    memory = get(principal, memory_id)
    return DecayedMemory(memory, decay_scan.of(memory, now()))


def clean(principal: Principal, *, dry_run: bool, archive: bool) -> Cleaned:
    """Erase expired memories in the caller's scope, and archive the decayed ones, or erase them too."""
    scope = MemoryScope(principal.tenant_id, principal.user_id, principal.all_projects(None))
    if dry_run:
        decayed = decay_cleanup.count(scope)
        return Cleaned(expire.count(scope), decayed if archive else 0, 0 if archive else decayed)
    expired = expire.scope(scope)
    if archive:
        return Cleaned(expired, decay_cleanup.archive(scope, actor=principal.caller), 0)
    return Cleaned(expired, 0, decay_cleanup.erased(scope, actor=principal.caller))
