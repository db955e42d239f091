"""The tasks of this app: names for the worker, no logic."""

from __future__ import annotations

from celery import shared_task

from memproject.delivery import receipts


@shared_task(name="memproject.delivery.tasks.prune_receipts")
def prune_receipts() -> None:
    """Delete receipts of Idempotency-Keys that are older than a day."""
    receipts.prune()
