"""The queue of an owner's accepted writes: enqueue, claim, renew, release, sweep.

Each is one statement. A Celery message may be lost; `due_at` and the sweep guarantee the processing. A lease or a due
time more than MAX_AHEAD in the future was written before the clock was set back: it counts as passed.
"""

from __future__ import annotations

import datetime as dt
import enum
import logging
import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection

from core.clock import now
from core.enqueue import enqueue_on_commit
from core.ids import new_id
from core.tenancy import across_tenants
from memories.models import Source, WriteQueue

log = logging.getLogger(__name__)

TASK, LONG_TASK = "memories.tasks.run_owner", "memories.tasks.run_owner_long"
BATCH_SIZE = 500  # queues of one sweep
LONG = 20_000  # characters: a longer write is left to the workers of the queue `long`
HINT_SECONDS = 5  # a message that was not taken for so long may be lost: the next write sends another
MAX_AHEAD = dt.timedelta(minutes=15)  # longer than any lease and any wait for the next attempt


class Priority(enum.IntEnum):
    """Which Celery queue holds the message; workers take `store` first."""

    BULK = 1
    STORE = 2


QUEUES = {Priority.BULK: "bulk", Priority.STORE: "store"}

ENQUEUE = """
INSERT INTO memories_writequeue AS q
    (id, tenant_id, project, user_id, last_sequence, due_at, enqueued, enqueued_at, attempts, is_slow)
VALUES (%(id)s, %(tenant)s, %(project)s, %(user)s, %(count)s, %(due)s, %(priority)s, %(now)s, 0, %(slow)s)
ON CONFLICT (tenant_id, project, user_id) DO UPDATE SET
    last_sequence = q.last_sequence + excluded.last_sequence,
    due_at = CASE WHEN q.lease_until IS NULL THEN least(q.due_at, excluded.due_at) ELSE q.due_at END,
    enqueued = greatest(q.enqueued, excluded.enqueued),
    is_slow = q.is_slow OR excluded.is_slow,
    enqueued_at = CASE
        WHEN q.lease_until > excluded.enqueued_at THEN q.enqueued_at
        WHEN q.enqueued >= excluded.enqueued AND q.enqueued_at > %(lost)s THEN q.enqueued_at
        ELSE excluded.enqueued_at END
RETURNING id, last_sequence, enqueued_at = %(now)s, is_slow
"""
CLAIM = """
UPDATE memories_writequeue
SET lease_until = %(until)s, due_at = %(until)s, lease_token = %(token)s, enqueued = 0, attempts = attempts + 1
WHERE tenant_id = %(tenant)s AND id = %(id)s AND due_at IS NOT NULL
  AND (lease_until IS NULL OR lease_until <= %(now)s OR lease_until > %(far)s)
RETURNING project, user_id, last_sequence, attempts
"""
RENEW = """
UPDATE memories_writequeue SET lease_until = %(until)s, due_at = %(until)s
WHERE tenant_id = %(tenant)s AND id = %(id)s AND lease_token = %(token)s
"""
RELEASE = """
UPDATE memories_writequeue
SET lease_until = NULL, lease_token = NULL, attempts = %(attempts)s, enqueued_at = %(now)s, is_slow = %(slow)s,
    due_at = CASE WHEN last_sequence > %(seen)s THEN %(soon)s ELSE %(due)s::timestamptz END,
    enqueued = CASE WHEN last_sequence > %(seen)s OR %(more)s THEN greatest(enqueued, 1) ELSE 0 END
WHERE tenant_id = %(tenant)s AND id = %(id)s AND lease_token = %(token)s
RETURNING enqueued, is_slow
"""
DUE = """
SELECT tenant_id, id FROM memories_writequeue
WHERE due_at <= %(now)s OR due_at > %(far)s ORDER BY due_at LIMIT %(most)s
"""
TAKE = """
UPDATE memories_writequeue SET due_at = %(until)s, enqueued = greatest(enqueued, 1), enqueued_at = %(now)s,
    lease_until = NULL, lease_token = NULL
WHERE tenant_id = ANY(%(tenants)s) AND id = ANY(%(ids)s) AND (due_at <= %(now)s OR due_at > %(far)s)
RETURNING tenant_id, id, enqueued, is_slow
"""


class LeaseLost(Exception):
    """Another worker has the queue: this worker must stop."""


@dataclass(slots=True)
class Claim:
    """The right to apply an owner's writes.

    `seen` is the sequence up to which the claim covers them, `limit` the seconds after which Celery kills the process
    (0: it doesn't).
    """

    tenant_id: uuid.UUID
    queue_id: uuid.UUID
    token: uuid.UUID
    project: str
    user_id: str
    seen: int
    attempts: int
    started: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)
    limit: float = 0.0

    def renew(self) -> None:
        """Renew the lease when a third of it has passed. Raises LeaseLost."""
        if time.monotonic() - self.renewed > settings.LEASE_SECONDS / 3:
            self._renew(0.0)

    def extend(self) -> None:
        """Extend the lease before a text is read: it is not renewed meanwhile, so it lasts until the time limit kills
        the attempt.

        Otherwise a text whose reading hangs would be claimed by one worker after the other. An attempt with a short
        time limit needs no extension. Raises LeaseLost.
        """
        if self.limit > 1.5 * settings.LEASE_SECONDS and time.monotonic() > self.renewed:
            self._renew(self.limit)

    def advanced(self) -> None:
        """A part of a long write is applied: attempts are counted from 0 again."""
        rows = WriteQueue.objects.filter(tenant=self.tenant_id, id=self.queue_id, lease_token=self.token)
        rows.update(attempts=1)
        self.attempts = 1

    def _renew(self, seconds: float) -> None:
        until = now() + dt.timedelta(seconds=settings.LEASE_SECONDS + seconds)
        values: dict[str, Any] = {"tenant": self.tenant_id, "id": self.queue_id, "token": self.token, "until": until}
        with connection.cursor() as cursor:
            cursor.execute(RENEW, values)
            if not cursor.rowcount:
                raise LeaseLost
        self.renewed = time.monotonic() + seconds


@dataclass(slots=True)
class ClaimResult:
    """The result of a claim. `more`: writes are left that can be applied now; `due_at`: the next attempt of a failed
    one. `is_slow`: the next write is left to the workers of the queue `long`."""

    more: bool = False
    due_at: dt.datetime | None = None
    attempts: int = 0
    is_slow: bool = False

    def wait_until(self, moment: dt.datetime) -> None:
        self.due_at = moment if self.due_at is None else min(self.due_at, moment)


def enqueue(
    tenant_id: uuid.UUID, project: str, user_id: str, *, count: int, priority: Priority, is_slow: bool = False
) -> int:
    """Reserve `count` positions in an owner's queue and send a message on commit; → the last position.

    In the transaction that writes the Sources: it locks the queue's row until its commit, so that the order of
    positions is the order of commits.
    """
    moment = now()
    values: dict[str, Any] = {
        "id": new_id(),
        "tenant": tenant_id,
        "project": project,
        "user": user_id,
        "count": count,
        "priority": int(priority),
        "slow": is_slow,
        "now": moment,
        "due": moment + dt.timedelta(seconds=settings.LEASE_SECONDS / 2),
        "lost": moment - dt.timedelta(seconds=HINT_SECONDS),
    }
    with connection.cursor() as cursor:
        cursor.execute(ENQUEUE, values)
        queue_id, last, is_ours, is_slow = cursor.fetchone()
    if is_ours:
        send(tenant_id, queue_id, priority, is_slow=is_slow)
    return int(last)


def enqueue_all(sources: Sequence[Source], priority: Priority) -> list[Source]:
    """Give new pending writes positions in the queues of their owners, in this order; → the last write of each
    owner."""
    by_owner: dict[tuple[uuid.UUID, str, str], list[Source]] = {}
    for source in sources:
        by_owner.setdefault((source.tenant_id, source.project, source.user_id), []).append(source)
    for owner, mine in sorted(by_owner.items()):  # in one order, so that two transactions can't deadlock
        last = enqueue(*owner, count=len(mine), priority=priority, is_slow=len(mine[0].text) > LONG)
        for sequence, source in enumerate(mine, last - len(mine) + 1):
            source.sequence = sequence
    return [mine[-1] for mine in by_owner.values()]


def send(tenant_id: uuid.UUID, queue_id: uuid.UUID, priority: Priority, *, is_slow: bool) -> None:
    if is_slow:
        send_long(tenant_id, queue_id)
    else:
        enqueue_on_commit(TASK, tenant_id, queue_id, queue=QUEUES[priority])


def send_long(tenant_id: uuid.UUID, queue_id: uuid.UUID) -> None:
    enqueue_on_commit(LONG_TASK, tenant_id, queue_id, queue="long")


def postpone(tenant_id: uuid.UUID, queue_id: uuid.UUID, due_at: dt.datetime) -> None:
    """Leave an unclaimed queue to the sweep."""
    rows = WriteQueue.objects.filter(tenant=tenant_id, id=queue_id, lease_until=None, due_at__isnull=False)
    rows.update(due_at=due_at, enqueued=0)


def claim(tenant_id: uuid.UUID, queue_id: uuid.UUID, limit: float = 0.0) -> Claim | None:
    """Take the lease of a queue with pending writes; None while another worker has it, or nothing is pending."""
    moment, token = now(), new_id()
    values: dict[str, Any] = {
        "tenant": tenant_id,
        "id": queue_id,
        "token": token,
        "now": moment,
        "until": moment + dt.timedelta(seconds=settings.LEASE_SECONDS),
        "far": moment + MAX_AHEAD,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    project, user_id, seen, attempts = row
    return Claim(tenant_id, queue_id, token, project, user_id, seen, attempts, limit=limit)


def release(claim: Claim, turn: ClaimResult) -> None:
    """Release the lease. A queue with more writes is enqueued behind others."""
    moment = now()
    soon = moment + dt.timedelta(seconds=settings.LEASE_SECONDS / 2)
    values: dict[str, Any] = {
        "tenant": claim.tenant_id,
        "id": claim.queue_id,
        "token": claim.token,
        "seen": claim.seen,
        "more": turn.more,
        "now": moment,
        "soon": soon,
        "due": soon if turn.more else turn.due_at,
        "attempts": turn.attempts,
        "slow": turn.is_slow,
    }
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, values)
        row = cursor.fetchone()
    if row is not None and row[0]:
        send(claim.tenant_id, claim.queue_id, Priority(row[0]), is_slow=row[1])


def sweep() -> int:
    """Enqueue queues whose `due_at` has passed, because a message or a worker was lost; → number."""
    moment = now()
    values: dict[str, Any] = {
        "now": moment,
        "far": moment + MAX_AHEAD,
        "until": moment + dt.timedelta(seconds=settings.LEASE_SECONDS),
        "most": BATCH_SIZE,
    }
    with across_tenants("the sweep of due write queues"), connection.cursor() as cursor:
        cursor.execute(DUE, values)
        found = cursor.fetchall()
        if not found:
            return 0
        values["tenants"] = list({tenant for tenant, _ in found})
        values["ids"] = [row for _, row in found]
        cursor.execute(TAKE, values)
        taken = cursor.fetchall()
    for tenant_id, queue_id, enqueued, is_slow in taken:
        send(tenant_id, queue_id, Priority(enqueued), is_slow=is_slow)
    if taken:
        log.info("enqueued %d due write queues again", len(taken))
    return len(taken)


def claimed(tenant_id: uuid.UUID, owners: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of `owners` (project, user_id; at least one) whose writes a worker is applying now."""
    projects, users = zip(*owners, strict=True)
    rows = WriteQueue.objects.filter(tenant=tenant_id, project__in=projects, user_id__in=users, lease_until__gt=now())
    return set(rows.values_list("project", "user_id"))
