"""Enqueue a Celery task: after the commit, with ids only. An unreachable broker raises no error.

The row is authoritative, and a sweep enqueues it again if a message is lost. A message only saves time.
"""

from __future__ import annotations

import logging
import uuid

from celery import current_app
from django.db import transaction

from core import redis

log = logging.getLogger(__name__)


def enqueue_on_commit(task: str, *ids: uuid.UUID, queue: str) -> None:
    """Enqueue `task` with these ids when the current transaction has committed (at once if there is none)."""

    def publish() -> None:
        try:
            with redis.breaker.guard():
                current_app.tasks[task].apply_async(args=tuple(str(i) for i in ids), queue=queue)
        except Exception as error:  # any error of the broker's client, within its time limit of a second
            log.warning("could not enqueue %s: %s", task, type(error).__name__)

    transaction.on_commit(publish, robust=True)
