"""The one way to enqueue a task: after the commit, with ids only; an unreachable broker raises no error.

The row that the task works on is the truth and a sweeper enqueues what was missed; a task is a hint that saves time.
"""

from __future__ import annotations

import logging
import uuid

from celery import current_app
from django.db import transaction

from core import redis

log = logging.getLogger(__name__)


def enqueue_on_commit(task: str, *ids: uuid.UUID, queue: str) -> None:
    """Enqueue `task` with these ids when the present transaction has committed (at once when there is none)."""

    def publish() -> None:
        try:
            with redis.breaker.guard():
                current_app.tasks[task].apply_async(args=tuple(str(i) for i in ids), queue=queue)
        except Exception as error:  # whatever the broker's client raises, within its time limit of a second
            log.warning("could not enqueue %s: %s", task, type(error).__name__)

    transaction.on_commit(publish, robust=True)
