"""Count recalled memories without a write to PostgreSQL, and without a request to Redis in a recall.

A process collects its recalls and adds them once a second to a list in Redis; a task adds the list to
`memories_usage`. A line of the list is one recall: its tenant, its time, its memories. These are ids and times only, so
an erasure does not change the list: the task counts existing memories, and the list is empty after half a minute.

None is counted twice, but uses may be lost: those of the last second when a process is killed (one that ends sends
them), those of a second in which Redis is unavailable or has too many waiting, all waiting ones when Redis is emptied,
and those of a batch whose task is killed between its last two steps. `memproject_uses_lost_total` counts the losses
that a process sees.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from django.db import connection, transaction
from redis import RedisError

from core import redis
from core.ids import new_id
from core.monitoring import metrics

log = logging.getLogger(__name__)

KEY = "usage"
SEND_SECONDS = 1.0
MAX_COLLECTED = 10_000  # recalls in a process, some 4 MB: more than a second has
MAX_PENDING = 50_000  # recalls that may wait in Redis, some 20 MB; the task takes 1,600 a second before one is lost
BATCH_SIZE = 500  # recalls in one transaction

# Concurrent runs never read the same lines: the lock lasts as long as the transaction, and ends with its connection.
LOCK = 7_318_001
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"
# Existing memories that are not being erased: a flush neither waits for an erasure nor blocks one.
LOCK_EXISTING = "SELECT id FROM memories_memory WHERE tenant_id = %s AND id = ANY(%s) FOR KEY SHARE SKIP LOCKED"
# `greatest` is no function to PostgreSQL but an expression over the columns: allowed on a sharded database.
ADD = """
INSERT INTO memories_usage (id, tenant_id, memory_key, uses, last_used_at)
SELECT u.id, %(tenant)s, u.memory_key, u.uses, u.last_used_at
FROM unnest(%(ids)s::uuid[], %(memories)s::uuid[], %(uses)s::bigint[], %(last)s::timestamptz[])
     AS u (id, memory_key, uses, last_used_at)
ON CONFLICT (tenant_id, memory_key) DO UPDATE
SET uses = memories_usage.uses + excluded.uses,
    last_used_at = greatest(memories_usage.last_used_at, excluded.last_used_at)
"""


@dataclass(frozen=True, slots=True)
class Use:
    """How often a memory was found, and when last."""

    uses: int
    last: dt.datetime


_lock = threading.Lock()
_sending = threading.Lock()
_collected: list[str] = []


def count_recalled(tenant_id: uuid.UUID, memory_ids: Sequence[uuid.UUID], moment: dt.datetime) -> None:
    """Count a recall of these memories. Never raises, never waits."""
    if not memory_ids:
        return
    line = " ".join([tenant_id.hex, moment.isoformat(), *(memory.hex for memory in memory_ids)])
    with _lock:
        number = len(_collected)
        if number < MAX_COLLECTED:
            _collected.append(line)
    if number >= MAX_COLLECTED:
        metrics.uses_lost("full", len(memory_ids))
    elif number == 0:
        later = threading.Timer(SEND_SECONDS, send)
        later.daemon = True
        later.start()


@atexit.register
def send() -> None:
    """Add the recalls that this process has collected to the list; when it returns they are there, also those that
    another thread was sending. Never raises."""
    with _sending:
        with _lock:
            lines = _collected.copy()
            _collected.clear()
        if lines:
            _push(lines)


def _push(lines: list[str]) -> None:
    try:
        pipe = redis.fast_client().pipeline(transaction=False)
        pipe.rpush(KEY, *lines)
        pipe.ltrim(KEY, 0, MAX_PENDING - 1)  # the newest are dropped: a flush is about to remove the oldest
        waiting, _ = pipe.execute()
    except RedisError:
        metrics.uses_lost("redis_unavailable", _uses(lines))
    else:
        if waiting > MAX_PENDING:
            metrics.uses_lost("full", _uses(lines[MAX_PENDING - waiting :]))


def _uses(lines: Iterable[str]) -> int:
    return sum(line.count(" ") - 1 for line in lines)


def flush() -> int:
    """Add the list to the counters in batches; → number of recalls. Concurrent runs count once."""
    send()
    recalls = 0
    try:
        while taken := _batch():
            recalls += taken
    except RedisError as error:
        log.warning("could not read the uses of memories: %s", type(error).__name__)
    return recalls


def _batch() -> int:
    # Redis is called inside the transaction, which holds the lock; its client has a short time limit.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        lines = cast(list[bytes], redis.fast_client().lrange(KEY, 0, BATCH_SIZE - 1))
        for tenant_id, found in summed(lines).items():
            _add(tenant_id, found)
        # Before the commit: a process that dies in between loses a batch, instead of counting it twice.
        redis.fast_client().ltrim(KEY, len(lines), -1)
    return len(lines)


def summed(lines: Iterable[bytes]) -> dict[uuid.UUID, dict[uuid.UUID, Use]]:
    """The uses in these lines, by tenant and memory."""
    found: dict[uuid.UUID, dict[uuid.UUID, Use]] = defaultdict(dict)
    for line in lines:
        tenant, stamp, *memories = line.decode().split()
        moment, of_tenant = dt.datetime.fromisoformat(stamp), found[uuid.UUID(tenant)]
        for memory in map(uuid.UUID, memories):
            before = of_tenant.get(memory, Use(0, moment))
            of_tenant[memory] = Use(before.uses + 1, max(before.last, moment))
    return dict(found)


def _add(tenant_id: uuid.UUID, found: dict[uuid.UUID, Use]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_EXISTING, [tenant_id, list(found)])
        there = [memory for (memory,) in cursor.fetchall()]
        uses = [found[memory] for memory in there]
        cursor.execute(
            ADD,
            {
                "tenant": tenant_id,
                "ids": [new_id() for _ in there],
                "memories": there,
                "uses": [use.uses for use in uses],
                "last": [use.last for use in uses],
            },
        )
