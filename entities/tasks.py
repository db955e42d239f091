"""The tasks of this app: names for the worker, no logic. What a task runs is imported with its first run."""

from __future__ import annotations

from celery import shared_task
from django.utils.module_loading import import_string

DRAIN_GRAPH = "entities.graph.drain.drain"
PRUNE_GRAPH = "entities.graph.drain.prune"


@shared_task(name="entities.tasks.drain_graph")
def drain_graph() -> None:
    """Bring the graph up to date with what is due."""
    import_string(DRAIN_GRAPH)()


@shared_task(name="entities.tasks.prune_graph")
def prune_graph() -> None:
    """Forget what was drained a day ago."""
    import_string(PRUNE_GRAPH)()
