"""The tasks of this app: names for the worker, no logic."""

from __future__ import annotations

from celery import shared_task

from entities.graph import drain


@shared_task(name="entities.tasks.drain_graph")
def drain_graph() -> None:
    """Bring the graph up to date with what is due."""
    drain.drain()


@shared_task(name="entities.tasks.sweep_graph")
def sweep_graph() -> None:
    """Enqueue the drain when something is due."""
    drain.sweep()


@shared_task(name="entities.tasks.prune_graph")
def prune_graph() -> None:
    """Forget what was drained a day ago."""
    drain.prune()
