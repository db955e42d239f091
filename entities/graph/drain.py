"""Drain the graph outbox: claim a batch, project it, record the result."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from core.claims import backoff, claim_due
from core.clock import now
from core.enqueue import enqueue_on_commit
from core.tenancy import across_tenants
from entities.graph import client, cypher_writes, schema
from entities.graph.client import GraphError, GraphRejected, GraphUnavailable
from entities.graph.outbox import QUEUE, TASK
from entities.graph.project import project
from entities.models import GraphOutbox

log = logging.getLogger(__name__)

BATCH_SIZE = 500
TASK_SECONDS = 5.0  # of one task; then another task continues
LEASE = dt.timedelta(seconds=2 * client.WRITE_SECONDS)
MAX_ATTEMPTS = 8  # rejections, within some twenty minutes, before an object is dead-lettered
RETENTION = dt.timedelta(days=1)


def drain(*, seconds: float = TASK_SECONDS) -> int:
    """Project due outbox entries of all tenants until none is due or the time is up; → number of entries.

    Does nothing while the graph is off or unavailable: entries stay pending, and this does not count as an attempt.
    """
    done, start = 0, time.monotonic()
    if not client.is_healthy():
        return 0
    try:
        schema.ensure_once()
        while rows := claim():
            done += settle(rows)
            if time.monotonic() - start > seconds:
                enqueue_on_commit(TASK, queue=QUEUE)
                break
    except GraphError as error:
        log.warning("the graph could not be written: %s", error.code)
    return done


def claim() -> list[GraphOutbox]:
    """Claim due entries, oldest first. The lease is longer than a transaction can take."""
    moment = now()
    until = moment + LEASE
    claimed = claim_due(GraphOutbox, "due_at", moment=moment, until=until, limit=BATCH_SIZE)
    if not claimed:
        return []
    ours = {"tenant__in": {tenant for tenant, _ in claimed}, "id__in": [row for _, row in claimed]}
    return list(GraphOutbox.objects.filter(**ours, state="pending", due_at=until).order_by("version"))


def settle(rows: Sequence[GraphOutbox]) -> int:
    """Project claimed entries; → number of projected ones. A rejected batch is halved until the rejected entry is
    alone.

    Raises GraphUnavailable, after the leases are released.
    """
    try:
        missing = project(rows)
    except GraphUnavailable:
        for _, ours in _ours(rows):
            ours.update(due_at=now())
        raise
    except GraphRejected as refused:
        if len(rows) == 1:
            _note_refusal(rows[0], refused.code)
            return 0
        middle = len(rows) // 2
        return settle(rows[:middle]) + settle(rows[middle:])
    for _, ours in _ours(rows):
        ours.filter(id__in=missing).update(state="done", due_at=now(), failure="", is_deleted=True)
        ours.exclude(id__in=missing).update(state="done", due_at=now(), failure="", is_deleted=False)
    return len(rows)


def _ours(rows: Sequence[GraphOutbox]) -> Iterator[tuple[uuid.UUID, QuerySet[GraphOutbox]]]:
    """The same entries by tenant, without those that have a newer version: each version is released once."""
    by_tenant: dict[uuid.UUID, list[GraphOutbox]] = defaultdict(list)
    for row in rows:
        by_tenant[row.tenant_id].append(row)
    for tenant_id, members in by_tenant.items():
        same: dict[str, Any] = {"id__in": [r.id for r in members], "version__in": [r.version for r in members]}
        yield tenant_id, GraphOutbox.objects.filter(tenant=tenant_id, state="pending", **same)


def _note_refusal(row: GraphOutbox, code: str) -> None:
    log.warning("the graph refused %s %s: %s", row.kind, row.object_id, code)
    attempts = row.attempts + 1
    over = attempts >= MAX_ATTEMPTS
    state = "dead" if over else "pending"
    for _, ours in _ours([row]):
        ours.update(state=state, attempts=attempts, due_at=now() + backoff(attempts), failure=code[-64:])


def sweep() -> bool:
    """Enqueue the drain if the graph is on and an entry is due. This repairs lost task messages."""
    if not client.is_configured():
        return False
    with across_tenants("is anything due for the graph?"):
        due = GraphOutbox.objects.filter(state="pending", due_at__lte=now()).exists()
    if due:
        enqueue_on_commit(TASK, queue=QUEUE)
    return due


def prune() -> int:
    """Delete entries that were projected a day ago, and their tombstones in the graph; → number of entries."""
    done = 0
    if not client.is_healthy():
        return 0
    with across_tenants("the clean-up of the graph's outbox"):
        old = GraphOutbox.objects.filter(state="done", due_at__lt=now() - RETENTION)
        while rows := list(old.only("tenant_id", "id", "object_id", "version", "is_deleted")[:BATCH_SIZE]):
            gone = [{"tenant": str(r.tenant_id), "id": str(r.object_id)} for r in rows if r.is_deleted]
            client.write([(cypher_writes.PRUNE, {"rows": gone})])
            ours = {"tenant__in": {r.tenant_id for r in rows}, "version__in": [r.version for r in rows]}
            done += old.filter(**ours).delete()[0]
    return done


def retry(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> int:
    """Make dead entries pending again; → number of dead ones."""
    dead = GraphOutbox.objects.filter(tenant=tenant_id, id__in=ids, state="dead")
    tried = dead.update(state="pending", attempts=0, due_at=now(), failure="")
    if tried and client.is_configured():
        enqueue_on_commit(TASK, queue=QUEUE)
    return tried
