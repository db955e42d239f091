"""The tasks of this app: names for the worker, no logic."""

from __future__ import annotations

from celery import shared_task

from memproject.delivery import deliver as sender
from memproject.delivery import receipts


@shared_task(name="memproject.delivery.tasks.deliver")
def deliver() -> None:
    """Send the webhook messages that are due."""
    sender.deliver()


@shared_task(name="memproject.delivery.tasks.sweep")
def sweep() -> None:
    """Enqueue the sender when something is due."""
    sender.sweep()


@shared_task(name="memproject.delivery.tasks.prune_deliveries")
def prune_deliveries() -> None:
    """Delete deliveries that ended 30 days ago."""
    sender.prune()


@shared_task(name="memproject.delivery.tasks.prune_receipts")
def prune_receipts() -> None:
    """Delete receipts of Idempotency-Keys that are older than a day."""
    receipts.prune()
