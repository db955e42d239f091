"""Celery tasks of this app, without logic. A task imports its code at its first run."""

from __future__ import annotations

from celery import shared_task
from django.utils.module_loading import import_string

DRAIN_GRAPH = "entities.graph.drain.drain"
PRUNE_GRAPH = "entities.graph.drain.prune"


@shared_task(name="entities.tasks.drain_graph")
def drain_graph() -> None:
    """Project due outbox entries."""
    import_string(DRAIN_GRAPH)()


@shared_task(name="entities.tasks.prune_graph")
def prune_graph() -> None:
    """Delete entries that were projected a day ago."""
    import_string(PRUNE_GRAPH)()
