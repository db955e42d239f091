"""The loop that repairs: rows that are due and that no worker looks at are enqueued again.

It runs in a thread of the maintenance worker, beside its tasks, so that no long task and no lost message delays it. It
counts by the monotonic clock, so that a clock that is set back does not stop it. Several loops at once do no harm: each
sweep claims its rows by a conditional UPDATE.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from core import redis
from core.clock import now

log = logging.getLogger(__name__)

SECONDS = 5.0  # between two rounds
RARELY = 4  # rounds: for what is rare and not urgent
SWEEPS = ("memories.pipeline.write_queue.sweep", "webhooks.deliver.sweep")
GRAPH_SWEEP = "entities.graph.drain.sweep"
RARE_SWEEPS = ("memories.pipeline.erase_tenant.sweep",)

_stop = threading.Event()


def start() -> None:
    _stop.clear()
    threading.Thread(target=_run, name="sweeps", daemon=True).start()


def stop() -> None:
    _stop.set()


def _run() -> None:
    for number in itertools.count():
        once(rare=number % RARELY == 0)
        if _stop.wait(SECONDS):
            break
    connection.close()


def once(*, rare: bool) -> None:
    """One round. A sweep that fails, because PostgreSQL or Redis is unavailable, is repeated in the next round."""
    names = (*SWEEPS, *((GRAPH_SWEEP,) if settings.NEO4J_URI else ()), *(RARE_SWEEPS if rare else ()))
    succeeded = True
    for name in names:
        close_old_connections()
        sweep: Callable[[], object] = import_string(name)
        try:
            sweep()
        except Exception as error:
            succeeded = False
            log.warning("%s failed: %s", name, type(error).__name__)
    if succeeded:
        with suppress(RedisError):
            redis.note_sweep(now())
