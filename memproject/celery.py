"""Celery's app: queues, the beat schedule, the sweeps, and the database connection of workers."""

from __future__ import annotations

import logging
import os
import threading
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import (
    task_failure,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)
from django.conf import settings
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")  # before the first access to the settings

from core.errors import AppError
from core.monitoring import metrics
from memproject import sweeps
from memproject.checks import settings_are_safe

log = logging.getLogger(__name__)

app = Celery("memproject")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()

# `store`: owners with writes that a request waits for. `bulk`: owners with other writes; its workers take `store`
# first. `long`: owners with a write that may take minutes; its worker loads the models at the first such write.
# `deliver`: webhooks. `graph`: Neo4j. `maintenance`: the beat schedule.
# Imported only in the child processes of pipeline workers, because of their memory.
REGISTRY = "memories.embeddings.registry"
EXTRACTOR = "memories.extraction.extractor"
PIPELINE = frozenset({"store", "bulk"})  # their workers load the models before the first write
MAINTENANCE = "maintenance"


def _every(seconds: float, task: str, queue: str = MAINTENANCE) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"queue": queue}}


app.conf.beat_schedule = {
    "clean-expired": _every(60.0, "memories.tasks.clean_expired"),
    "flush-usage": _every(30.0, "memories.tasks.flush_usage"),
    "prune-idempotency": _every(3600.0, "core.idempotency.tasks.prune_records"),
    "old-deliveries": _every(3600.0, "webhooks.tasks.prune_deliveries"),
}
if settings.ARCHIVE_DECAYED:
    app.conf.beat_schedule["archive-decayed"] = _every(6 * 3600.0, "memories.tasks.archive_decayed")
if settings.NEO4J_URI:  # no worker serves this queue without it
    app.conf.beat_schedule["old-graph"] = _every(3600.0, "entities.tasks.prune_graph", "graph")


@task_prerun.connect
def check_connection(**_: Any) -> None:
    """Connections outlive tasks (CELERY_DB_REUSE_MAX). Replace one that was closed meanwhile."""
    close_old_connections()


@task_failure.connect
def note_failure(sender: Any, exception: BaseException, **_: Any) -> None:
    """Replaces Celery's log line, which quotes the exception."""
    log.error("task %s failed", sender.name, exc_info=exception)


@worker_init.connect
def check_settings(**_: Any) -> None:
    """Refuse to start with unsafe settings, also if Django's checks are skipped (CELERY_SKIP_CHECKS)."""
    serious = [found for found in settings_are_safe() if found.is_serious()]
    if serious:
        raise SystemExit("\n".join(f"{found.id}: {found.msg}" for found in serious))


@worker_process_init.connect
def load_model(**_: Any) -> None:
    """Each child process creates its own session of the embedder: a session from before the fork loses its threads.

    The parser takes longer than Celery waits for a child, so it is loaded in parallel to the first task.
    """
    if PIPELINE.isdisjoint(app.amqp.queues.consume_from):
        return
    registry = import_module(REGISTRY)
    try:
        registry.embedder().warm()
    except AppError as error:
        log.warning("the embedder is not ready: %s", error.message)
    threading.Thread(target=_load_parser, daemon=True).start()


def _load_parser() -> None:
    try:
        import_module(EXTRACTOR).from_settings().warm()
    except AppError as error:
        log.warning("texts are read without a parser: %s", error.message)


@worker_ready.connect
def start_sweeps(**_: Any) -> None:
    if MAINTENANCE in app.amqp.queues.consume_from:
        sweeps.start()


@worker_shutting_down.connect
def stop_sweeps(**_: Any) -> None:
    sweeps.stop()


@worker_process_shutdown.connect
def count_out(pid: int, **_: Any) -> None:
    metrics.process_ended(pid)
