"""The number of accepted writes that have not been applied, and the age of the oldest."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Count, Min

from core.clock import now
from core.tenancy import across_tenants
from memories.models import Revision, Source, WriteQueue
from memories.types import SourceState


@dataclass(frozen=True, slots=True)
class Backlog:
    """Erased writes do not count. `oldest_seconds` is the age of the oldest pending write; 0 without one. `due_owners`:
    the number of owners with pending writes that a worker has to process."""

    pending: int
    failed: int
    oldest_seconds: float
    due_owners: int


@dataclass(frozen=True, slots=True)
class TenantCounts:
    memories: int
    users: int
    writes: Backlog


def waiting(tenant_id: uuid.UUID | None = None) -> Backlog:
    """The backlog of one tenant, or of the whole service."""
    moment = now()
    with across_tenants("the service's own status"):
        rows = Source.objects.filter(redacted_at=None)
        if tenant_id is not None:
            rows = rows.filter(tenant=tenant_id)
        pending = rows.filter(state=SourceState.PENDING).aggregate(count=Count("id"), oldest=Min("accepted_at"))
        failed = rows.filter(state=SourceState.FAILED).count()
        queues = WriteQueue.objects.filter(due_at__isnull=False)
        if tenant_id is not None:
            queues = queues.filter(tenant=tenant_id)
        due = queues.count()
    return Backlog(pending["count"], failed, _age(pending["oldest"], moment), due)


def _age(oldest: dt.datetime | None, moment: dt.datetime) -> float:
    return 0.0 if oldest is None else max(0.0, round((moment - oldest).total_seconds(), 3))


def tenant_counts(tenant_id: uuid.UUID) -> TenantCounts:
    """The stored data of a tenant: live memories, their users, and the backlog."""
    live = Revision.objects.filter(tenant=tenant_id).visible(now())
    found = live.aggregate(memories=Count("id"), users=Count("user_id", distinct=True))
    return TenantCounts(found["memories"], found["users"], waiting(tenant_id))
