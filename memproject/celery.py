"""Celery's app: queues, the beat schedule, and the worker's database connection."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from celery import Celery
from celery.signals import task_failure, task_prerun, worker_process_init, worker_process_shutdown
from django.conf import settings
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")  # before anything asks for a setting

from memories.providers.registry import embedder, rules
from memproject.common import metrics
from memproject.common.errors import AppError

log = logging.getLogger(__name__)

app = Celery("memproject")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
PIPELINE = frozenset({"store", "bulk"})  # the queues whose workers read and embed texts

# `store`: writes somebody waits for. `bulk`: all others. `deliver`: webhooks. `graph`: Neo4j, which may hang, and has a
# worker of its own where there is one. `beat`: what the clock starts.
app.conf.beat_schedule = {
    "sweep": {"task": "memories.tasks.sweep", "schedule": 5.0, "options": {"queue": "beat", "expires": 5}},
    "clean-expired": {
        "task": "memories.tasks.clean_expired",
        "schedule": 60.0,
        "options": {"queue": "bulk", "expires": 60},
    },
    "flush-usage": {
        "task": "memories.tasks.flush_usage",
        "schedule": 30.0,
        "options": {"queue": "bulk", "expires": 30},
    },
    "sweep-tenants": {
        "task": "memories.tasks.sweep_tenants",
        "schedule": 20.0,
        "options": {"queue": "beat", "expires": 20},
    },
    "prune-receipts": {
        "task": "memproject.delivery.tasks.prune_receipts",
        "schedule": 3600.0,
        "options": {"queue": "bulk", "expires": 3600},
    },
    "deliveries": {
        "task": "memproject.delivery.tasks.sweep",
        "schedule": 5.0,
        "options": {"queue": "beat", "expires": 5},
    },
    "old-deliveries": {
        "task": "memproject.delivery.tasks.prune_deliveries",
        "schedule": 3600.0,
        "options": {"queue": "beat", "expires": 3600},
    },
    "graph": {"task": "entities.tasks.sweep_graph", "schedule": 5.0, "options": {"queue": "beat", "expires": 5}},
}
if settings.ARCHIVE_DECAYED:
    app.conf.beat_schedule["archive-decayed"] = {
        "task": "memories.tasks.archive_decayed",
        "schedule": 6 * 3600.0,
        "options": {"queue": "bulk", "expires": 3600},
    }
if settings.NEO4J_URI:  # nobody works on that queue without it
    app.conf.beat_schedule["old-graph"] = {
        "task": "entities.tasks.prune_graph",
        "schedule": 3600.0,
        "options": {"queue": "graph", "expires": 3600},
    }


@task_prerun.connect
def check_connection(**_: Any) -> None:
    """Connections outlive tasks here (CELERY_DB_REUSE_MAX); one that was cut in between is replaced."""
    close_old_connections()


@task_failure.connect
def note_failure(sender: Any, exception: BaseException, **_: Any) -> None:
    """In place of Celery's own line, which quotes the exception."""
    log.error("task %s failed", sender.name, exc_info=exception)


@worker_process_init.connect
def load_model(**_: Any) -> None:
    """Each child makes the embedder's session for itself: one made before the fork loses its threads.

    The rules' pipeline takes longer than Celery waits for a child: it is loaded beside the first task.
    """
    if PIPELINE.isdisjoint(app.amqp.queues.consume_from):
        return
    try:
        embedder().warm()
    except AppError as error:
        log.warning("the embedder is not ready: %s", error.message)
    threading.Thread(target=_load_rules, daemon=True).start()


def _load_rules() -> None:
    try:
        if (found := rules()) is not None:
            found.warm()
    except AppError as error:
        log.warning("texts are read sentence by sentence: %s", error.message)


@worker_process_shutdown.connect
def count_out(pid: int, **_: Any) -> None:
    metrics.process_ended(pid)
