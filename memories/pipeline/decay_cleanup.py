"""Archive decayed memories: hidden from recall, but listed and searched on request, and restorable.

On request they are erased instead. `memories.decay` defines the decay.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from itertools import islice

from django.db import transaction

from core.advisory_lock import try_advisory_lock
from core.clock import now
from core.tenancy import across_tenants
from memories.decay import DECAYED, SOONEST
from memories.models import Memory, Owner
from memories.pipeline import apply, erase, owner_locks
from memories.retrieval import decay_scan
from memories.retrieval.decay_scan import DecayedMemoryRow
from memories.types import MemoryScope

log = logging.getLogger(__name__)

JOB = 7_318_003
CLOCK = "clock"


def decayed(scope: MemoryScope) -> Iterator[DecayedMemoryRow]:
    """The live memories of a scope whose score is below DECAYED."""
    moment = now()
    return (f for f in decay_scan.live(scope, moment, idle_since=moment - SOONEST) if f.decay.score < DECAYED)


def count(scope: MemoryScope) -> int:
    return sum(1 for _ in decayed(scope))


def archive(scope: MemoryScope, *, actor: str) -> int:
    """Archive the decayed memories of a scope in batches; → number."""
    found, done = decayed(scope), 0
    while batch := list(islice(found, erase.BATCH_SIZE)):
        done += _archive(scope.tenant_id, batch, actor)
    return done


def erased(scope: MemoryScope, *, actor: str) -> int:
    """Erase the decayed memories of a scope, with one receipt; → number."""
    found = decayed(scope)

    def find(most: int) -> dict[uuid.UUID, tuple[int, ...]]:
        return {f.memory_id: () for f in islice(found, most)}

    return int(erase.matching(scope, find, kind="decayed", actor=actor).counts.get("memories", 0))


def run_for_all_tenants() -> int:
    """Archive the decayed memories of each tenant; → number. Of concurrent runs only one works."""
    with try_advisory_lock(JOB) as acquired:
        if not acquired:
            return 0
        with across_tenants("the archive of what has decayed"):
            tenants = list(Owner.objects.values_list("tenant_id", flat=True).distinct())
        done = sum(archive(MemoryScope(tenant, None, None), actor=CLOCK) for tenant in tenants)
    if done:
        log.info("archived %d decayed memories", done)
    return done


def _archive(tenant_id: uuid.UUID, batch: list[DecayedMemoryRow], actor: str) -> int:
    """Memories that were changed after they were found are left unchanged."""
    with transaction.atomic():
        whose = Memory.objects.filter(tenant=tenant_id, id__in=[f.memory_id for f in batch])
        locked = owner_locks.lock_all(tenant_id, whose.values_list("project", "user_id"))
        done = apply.archive(tenant_id, [f.revision_id for f in batch], actor=actor, reason="decayed")
        for owner in locked:
            owner_locks.changed(owner)
    return done
