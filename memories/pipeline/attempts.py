"""Attempts to apply a write: their number, their time limit, and the failure of a write.

A failing write is retried with growing delays. A write that runs out of time, or whose worker is killed, is retried
MAX_LOST times. A failed write keeps its text, and recall finds it by its words.
"""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings

from core.claims import backoff
from core.clock import now
from core.errors import AppError
from core.monitoring import metrics
from core.redis import fast_client, publish_result
from memories.models import Source
from memories.types import SourceState

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 20  # of a write that fails for an unknown reason
MAX_LOST = 3  # attempts that ran out of time or whose worker was killed
MAX_RETRY_AFTER = 600.0  # seconds that a provider may ask for
WORKER_LOST, TIMED_OUT = "worker_lost", "timed_out"
TRANSIENT_FAILURES = ("unavailable", "service_unavailable", "busy")  # transient failures: without a limit of attempts
LOST_ATTEMPTS = "lost_attempts"  # in `Source.result`


class TimedOutError(BaseException):
    """The soft time limit. Like KeyboardInterrupt, no `except Exception` of an extractor may swallow it."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Inside, Celery's soft time limit raises TimedOutError. The limit is a signal, which only the main thread
    receives."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGUSR1, _raise_timed_out)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, previous)


def _raise_timed_out(*_: Any) -> None:
    raise TimedOutError


def begin(source: Source, lost: int = 0) -> bool:
    """Count an attempt as lost before it begins, until it ends; → whether it may begin.

    `lost`: lost attempts with only this write. A write without attempts left fails. Each applied part of a long write
    starts a new count.
    """
    uncounted = max(0, lost - int(source.result.get(LOST_ATTEMPTS, 0)))
    lost = int(source.result.get(LOST_ATTEMPTS, 0)) + uncounted
    if lost >= MAX_LOST:
        failed = source.failure if source.failure in (WORKER_LOST, TIMED_OUT) else WORKER_LOST
        close_failed(source, failed, {})
        return False
    source.result = {**source.result, LOST_ATTEMPTS: lost + 1}
    source.attempts += 1 + uncounted
    counted = {"attempts": source.attempts, "failure": WORKER_LOST, "result": source.result}
    return bool(source.pending_row().update(**counted))  # missing if the write was erased


def timed_out(source: Source) -> None:
    """End an attempt that ran out of time. The last one fails the write."""
    log.error("write %s ran out of time", source.id)
    if int(source.result.get(LOST_ATTEMPTS, 0)) >= MAX_LOST:
        close_failed(source, TIMED_OUT, {})
        return
    source.pending_row().update(failure=TIMED_OUT)
    metrics.pipeline_ended(source.kind, "retried")


def failed(source: Source, error: Exception) -> dt.datetime | None:
    """End an attempt that raised an error; → the time of the next one, None if the write has failed."""
    if isinstance(error, AppError) and not error.retryable:
        close_failed(source, error.code, {"message": error.message, **error.data})
        return None
    code = error.code if isinstance(error, AppError) else type(error).__name__
    if source.attempts >= MAX_ATTEMPTS and code not in TRANSIENT_FAILURES:
        close_failed(source, code, {})
        return None
    asked = dt.timedelta(seconds=min(getattr(error, "retry_after", None) or 0, MAX_RETRY_AFTER))
    until = now() + max(backoff(source.attempts), asked)
    source.result = {name: value for name, value in source.result.items() if name != LOST_ATTEMPTS}
    changed = {"failure": code[:64], "next_attempt_at": until, "attempts": source.attempts, "result": source.result}
    source.pending_row().update(**changed)
    metrics.pipeline_ended(source.kind, "retried")
    return until


def close_failed(source: Source, failure: str, result: dict[str, object]) -> None:
    """Set a write to failed. Its applied parts stay, and a retry does not apply them again."""
    kept = {name: value for name, value in source.result.items() if name != LOST_ATTEMPTS}
    source.pending_row().update(
        state=SourceState.FAILED,
        failure=failure[:64],
        result={**kept, **result},
        finished_at=now(),
        next_attempt_at=None,
    )
    metrics.pipeline_ended(source.kind, "failed")
    publish_result([source.id])


# --- a tenant whose writes run out of time ---------------------------------------------------------------------------
# Its writes use the queue `long`; after further time-outs they also pause for the time that they have used. The count
# is in Redis, and may be lost.
def is_slow(tenant_id: uuid.UUID) -> bool:
    """Whether a write of this tenant has recently run out of time."""
    return _timeouts(tenant_id) > 0


def is_paused(tenant_id: uuid.UUID) -> bool:
    """Whether several writes of this tenant have recently run out of time."""
    return _timeouts(tenant_id) > MAX_LOST


def count_timeout(tenant_id: uuid.UUID) -> None:
    try:
        pipe = fast_client().pipeline()
        pipe.incr(_key(tenant_id))
        pipe.pexpire(_key(tenant_id), int(settings.WRITE_TIME_LIMIT_SECONDS * 1000))
        pipe.execute()
    except redis.RedisError as error:
        log.warning("could not count a time-out: %s", type(error).__name__)


def _timeouts(tenant_id: uuid.UUID) -> int:
    try:
        found: Any = fast_client().get(_key(tenant_id))
        return int(found or 0)
    except redis.RedisError:
        return 0


def _key(tenant_id: uuid.UUID) -> str:
    return f"timeouts:{tenant_id}"
