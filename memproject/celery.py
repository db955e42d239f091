"""Celery's app: queues, the beat schedule, and the worker's database connection."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_process_init
from django.db import close_old_connections

from memories.providers.registry import embedder
from memproject.common.errors import AppError

log = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")

app = Celery("memproject")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()

# `store`: writes somebody waits for. `bulk`: all others. `deliver`: graph and webhooks. `beat`: what the clock starts.
app.conf.beat_schedule = {
    "sweep": {"task": "memories.tasks.sweep", "schedule": 5.0, "options": {"queue": "beat", "expires": 5}},
    "clean-expired": {
        "task": "memories.tasks.clean_expired",
        "schedule": 60.0,
        "options": {"queue": "bulk", "expires": 60},
    },
    "prune-receipts": {
        "task": "memproject.delivery.tasks.prune_receipts",
        "schedule": 3600.0,
        "options": {"queue": "bulk", "expires": 3600},
    },
}


@task_prerun.connect
def check_connection(**_: Any) -> None:
    """Connections outlive tasks here (CELERY_DB_REUSE_MAX); one that was cut in between is replaced."""
    close_old_connections()


@worker_process_init.connect
def load_model(**_: Any) -> None:
    """Each child makes the embedder's session for itself: one made before the fork loses its threads."""
    try:
        embedder().warm()
    except AppError as error:
        log.warning("the embedder is not ready: %s", error.message)
