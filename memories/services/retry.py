"""Give writes that were set aside another chance, once their cause is mended."""

from __future__ import annotations

from django.db.models import QuerySet

from memories.models import Source
from memories.types import SourceState
from memproject.common.clock import now
from memproject.common.tenancy import across_tenants

FINAL = ("erased", "conflict", "memory_not_found")  # an answer, not a mishap


def retry_failed() -> int:
    """Make all failed writes pending again; the sweeper enqueues them. → how many."""
    with across_tenants("an operator's retry of failed writes"):
        return again(Source.objects.all())


def again(writes: QuerySet[Source]) -> int:
    """Make those of `writes` pending again that failed and may pass another time; → how many."""
    failed = writes.filter(state=SourceState.FAILED, blanked_at=None).exclude(failure__in=FINAL)
    return failed.update(
        state=SourceState.PENDING, finished_at=None, kick_at=now(), lease_until=None, attempts=0, failure=""
    )
