"""How often and how long a worker works on an accepted write, and when the write is set aside.

A write that fails is tried again, later and later. One that runs out of time, or whose worker is killed, is tried
MAX_LOST_ATTEMPTS times in a row; a batch of facts that was applied meanwhile begins a new row. A write that is set
aside keeps its text, and recall finds it by its words.
"""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet

from memories.models import Source
from memories.pipeline.lease import LOST, Lease, pending
from memories.pipeline.progress import progress_of
from memories.types import SourceState
from memproject.common import metrics
from memproject.common.claims import backoff
from memproject.common.clock import now
from memproject.common.redis import brief

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 20  # of a write that fails for a reason that isn't known to pass
MAX_LOST_ATTEMPTS = 3  # in a row, that ran out of time or whose worker was killed
MAX_RETRY_AFTER = 3600.0  # seconds that a provider may ask for
BLOCKED = "waiting"  # for an earlier change of the same memory
TRANSIENT_FAILURES = (
    "unavailable",
    "service_unavailable",
    "busy",
    BLOCKED,
)  # they end by themselves: tried without end
TIMED_OUT, WORKER_LOST = "timed_out", "worker_lost"

GRACE_SECONDS = 15.0  # at most, from the soft limit, which raises, to the hard limit, which kills the process


class TimedOutError(BaseException):
    """The soft time limit. Like KeyboardInterrupt, no `except Exception` of an extractor may swallow it."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Here Celery's soft time limit raises TimedOutError. It comes as a signal, which only the main thread receives."""
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


def claim(tenant_id: uuid.UUID, source_id: uuid.UUID, limit: float) -> tuple[Source, Lease] | None:
    """Take the lease, unless another worker has it or an earlier change of the same memory still waits.

    `limit`: seconds that this attempt may take.
    """
    moment = now()
    until = moment + dt.timedelta(seconds=settings.LEASE_SECONDS)
    taken: dict[str, Any] = {"lease_until": until, "kick_at": until, "attempts": F("attempts") + 1}
    rows = pending(tenant_id, source_id)
    # Every attempt that ends gives its lease back: one that has run out is of a worker that was killed.
    is_lost = not rows.filter(lease_until=None).update(**taken)
    if is_lost and not rows.filter(lease_until__lte=moment).update(**taken):
        return None
    source = rows.first()
    if source is None:
        return None
    if is_lost:
        _count_timeout(tenant_id)  # the hard time limit kills, too
        if _count_lost(source, WORKER_LOST):
            return None
    if source.target_key is not None and _earlier(source).exists():
        rows.update(failure=BLOCKED)
        _release(source, moment + dt.timedelta(seconds=1))
        return None
    return source, Lease(tenant_id, source_id, time.monotonic(), limit)


def _earlier(source: Source) -> QuerySet[Source]:
    """The changes of the same memory that were accepted before and are not applied."""
    return Source.objects.filter(
        Q(id__lt=source.id), tenant=source.tenant_id, target_key=source.target_key, state=SourceState.PENDING
    )


def timed_out(source: Source) -> None:
    """End an attempt that ran out of time."""
    connection.close()  # a statement may have been interrupted
    log.error("source %s ran out of time", source.id)
    _count_timeout(source.tenant_id)
    if not _count_lost(source, TIMED_OUT):
        later(source, TIMED_OUT)


def later(source: Source, failure: str, retry_after: float | None = None) -> None:
    """Try again, later and later. A write that never passes is set aside at last, with its text."""
    if source.attempts >= MAX_ATTEMPTS and failure not in TRANSIENT_FAILURES:
        close_failed(source, failure, {})
        return
    pending(source.tenant_id, source.id).update(failure=failure[:64])
    metrics.pipeline_ended(source.kind, "retried")
    asked = dt.timedelta(seconds=min(retry_after or 0, MAX_RETRY_AFTER))
    _release(source, now() + max(backoff(source.attempts), asked))


def close_failed(source: Source, failure: str, result: dict[str, object]) -> None:
    """Set the write aside. What is applied of it stays, and is not applied again when somebody retries it."""
    metrics.pipeline_ended(source.kind, "failed")
    rows = pending(source.tenant_id, source.id)
    progress = progress_of(rows.values_list("result", flat=True).first() or {})
    rows.update(
        state=SourceState.FAILED,
        failure=failure[:64],
        result={**result, **progress.kept()},
        finished_at=now(),
        lease_until=None,
        kick_at=None,
    )


def _count_lost(source: Source, failure: str) -> bool:
    """Count an attempt without an end; → whether it was the last one."""
    rows = pending(source.tenant_id, source.id)
    result = rows.values_list("result", flat=True).first() or {}  # a batch may have been applied since the claim
    lost = int(result.get(LOST, 0)) + 1
    if lost >= MAX_LOST_ATTEMPTS:
        close_failed(source, failure, {})
        return True
    source.result = {**result, LOST: lost}
    rows.update(result=source.result, failure=failure)
    return False


def _release(source: Source, kick_at: dt.datetime) -> None:
    pending(source.tenant_id, source.id).update(lease_until=None, kick_at=kick_at)


# --- a tenant whose writes run out of time ---------------------------------------------------------------------------
# Its writes leave the workers that others wait for, and when that goes on, they pause for as long as they have worked.
# The count is in Redis, and may be lost.
def is_slow(tenant_id: uuid.UUID) -> bool:
    """Whether a write of this tenant ran out of time a moment ago."""
    return _timeouts(tenant_id) > 0


def paused(tenant_id: uuid.UUID, source_id: uuid.UUID) -> bool:
    """Whether more than one write of this tenant ran out of time a moment ago; then a write is left to the sweeper."""
    if _timeouts(tenant_id) <= MAX_LOST_ATTEMPTS:
        return False
    later_on = now() + dt.timedelta(seconds=settings.WRITE_TIME_LIMIT_SECONDS)
    pending(tenant_id, source_id).filter(lease_until=None).update(kick_at=later_on)
    return True


def _timeouts(tenant_id: uuid.UUID) -> int:
    try:
        return int(brief().get(_key(tenant_id)) or 0)
    except redis.RedisError:
        return 0


def _count_timeout(tenant_id: uuid.UUID) -> None:
    try:
        pipe = brief().pipeline()
        pipe.incr(_key(tenant_id))
        pipe.pexpire(_key(tenant_id), int(settings.WRITE_TIME_LIMIT_SECONDS * 1000))
        pipe.execute()
    except redis.RedisError as error:
        log.warning("could not count a time-out: %s", type(error).__name__)


def _key(tenant_id: uuid.UUID) -> str:
    return f"timeouts:{tenant_id}"
