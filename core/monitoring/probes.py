"""Probes of the servers that the service uses: state and response time."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from celery import current_app
from django.conf import settings
from django.db import connection

from core import disk, redis, supervision
from core.clock import iso, now

T = TypeVar("T")

QUEUES = ("store", "bulk", "long", "deliver", "graph", "maintenance")
PGVECTOR = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
PING_SECONDS = 0.5
LATE_SWEEP = dt.timedelta(seconds=60)  # a round takes 5 seconds
DISABLED = {"status": "disabled"}


def probe(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A component's state and response time; on a failure its type, never its message."""
    begun = time.perf_counter()
    try:
        found = {"status": "healthy", **check()}
    except Exception as error:
        found = {"status": "unhealthy", "error": type(error).__name__}
    return {**found, "latency_ms": round((time.perf_counter() - begun) * 1000, 2)}


class CachedProbe(Generic[T]):
    """The result of `ask`, at most `seconds` old. While one thread refreshes it, the others get the previous result."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._known: tuple[float, T] | None = None
        self._asking = threading.Lock()

    def __call__(self) -> T:
        known = self._known
        if known is not None and (time.monotonic() < known[0] or self._asking.locked()):
            return known[1]
        with self._asking:
            answer = self._ask()
            self._known = (time.monotonic() + self._seconds, answer)
        return answer

    def forget(self) -> None:
        self._known = None


def database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(PGVECTOR)
        row = cursor.fetchone()
    return {"pgvector": row[0]} if row else {"status": "unhealthy", "pgvector": None}


def cache() -> dict[str, Any]:
    redis.fast_client().ping()
    return {}


def queue_depths() -> dict[str, int]:
    pipe = redis.fast_client().pipeline(transaction=False)
    for name in QUEUES:
        pipe.llen(name)
    return dict(zip(QUEUES, pipe.execute(), strict=True))


def queues() -> dict[str, Any]:
    return {"queues": queue_depths()}


def alive_workers() -> int:
    """The number of workers that answer within half a second."""
    with redis.breaker.guard():
        answers = current_app.control.ping(timeout=PING_SECONDS) or []
    return len({name for answer in answers for name in answer})


def workers() -> dict[str, Any]:
    alive = alive_workers()
    return {"status": "healthy" if alive else "unhealthy", "workers": alive}


def free_space() -> dict[str, Any]:
    """The free space of the database's disk, if it is on this machine."""
    found = disk.space()
    if found is None:
        return DISABLED
    return {
        "status": "unhealthy" if found.is_low else "healthy",
        "free_mb": found.free // disk.MB,
        "min_free_mb": found.needed // disk.MB,
    }


def sweeps() -> dict[str, Any]:
    """The last success of the sweep loop. Unhealthy if it is long ago."""
    last = redis.last_sweep()
    if last is None:
        return {"status": "unhealthy", "last": None}
    late = abs(now() - last) > LATE_SWEEP
    return {"status": "unhealthy" if late else "healthy", "last": iso(last)}


def processes() -> dict[str, Any]:
    """The processes of `make up`, from the report of its supervisor; disabled without a supervisor."""
    if not settings.SUPERVISOR_REPORT:
        return DISABLED

    def check() -> dict[str, Any]:
        failing = supervision.failing(Path(settings.SUPERVISOR_REPORT))
        return {"status": "degraded" if failing else "healthy", "failing": failing}

    return probe(check)
