"""The task of this app: a name for the worker, no logic.

It imports its code when it runs, so that only the worker of its queue loads it.
"""

from __future__ import annotations

from celery import shared_task
from django.utils.module_loading import import_string

PRUNE_RECORDS = "core.idempotency.records.prune"


@shared_task(name="core.idempotency.tasks.prune_records")
def prune_records() -> None:
    """Delete records of Idempotency-Keys that are older than a day."""
    import_string(PRUNE_RECORDS)()
