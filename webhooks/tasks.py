"""The tasks of this app: names for the worker, no logic.

A task imports its code when it runs, so that only the worker of its queue loads it.
"""

from __future__ import annotations

from celery import shared_task
from django.utils.module_loading import import_string

DELIVER = "webhooks.deliver.deliver"
PRUNE_DELIVERIES = "webhooks.deliver.prune"


@shared_task(name="webhooks.tasks.deliver")
def deliver() -> None:
    """Send the webhook messages that are due."""
    import_string(DELIVER)()


@shared_task(name="webhooks.tasks.prune_deliveries")
def prune_deliveries() -> None:
    """Delete deliveries that ended 30 days ago."""
    import_string(PRUNE_DELIVERIES)()
