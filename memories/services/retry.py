"""Retry failed writes after their cause was fixed."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from core.tenancy import across_tenants
from memories.models import Source
from memories.pipeline import write_queue
from memories.pipeline.write_queue import Priority
from memories.types import SourceState

FINAL = ("erased", "conflict", "memory_not_found")  # a decision, not a failure


def retry_failed() -> int:
    """Make all failed writes pending again and enqueue their owners; → number."""
    with across_tenants("an operator's retry of failed writes"):
        return again(Source.objects.all())


def again(writes: QuerySet[Source]) -> int:
    """Make the failed and retryable ones of `writes` pending again; → number."""
    failed = writes.filter(state=SourceState.FAILED, redacted_at=None).exclude(failure__in=FINAL)
    with transaction.atomic():
        rows = failed.values_list("tenant_id", "project", "user_id").order_by("tenant_id", "project", "user_id")
        for tenant_id, project, user_id in list(rows.distinct()):
            write_queue.enqueue(tenant_id, project, user_id, count=0, priority=Priority.BULK)
        return failed.update(state=SourceState.PENDING, finished_at=None, next_attempt_at=None, attempts=0, failure="")
