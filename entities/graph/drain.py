"""Draining the outbox: claim a batch, project it, write down what came of it."""

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
TASK_SECONDS = 5.0  # of one task; then another goes on
LEASE = dt.timedelta(seconds=2 * client.WRITE_SECONDS)
MAX_ATTEMPTS = 8  # refusals, over some twenty minutes, before an object is set aside
RETENTION = dt.timedelta(days=1)


def drain(*, seconds: float = TASK_SECONDS) -> int:
    """Bring the graph up to date, over all tenants, until nothing is due or time is up; → how many rows were done.

    Does nothing while the graph is off or away: rows stay pending; this does not count as an attempt.
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
    """Due rows that are ours for a lease longer than a transaction can take, oldest first."""
    moment = now()
    until = moment + LEASE
    claimed = claim_due(GraphOutbox, "due_at", moment=moment, until=until, limit=BATCH_SIZE)
    if not claimed:
        return []
    ours = {"tenant__in": {tenant for tenant, _ in claimed}, "id__in": [row for _, row in claimed]}
    return list(GraphOutbox.objects.filter(**ours, state="pending", due_at=until).order_by("version"))


def settle(rows: Sequence[GraphOutbox]) -> int:
    """Project claimed rows; → how many are done. Halves what is refused, until the row that can't be is alone.

    Raises GraphUnavailable, after giving the rows back.
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
    """The same rows, tenant by tenant, unless they have a newer version meanwhile: no version is given twice."""
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
    """Enqueue the drain if the graph is on and anything is due: the guarantee behind the enqueuing of each change."""
    if not client.is_configured():
        return False
    with across_tenants("is anything due for the graph?"):
        due = GraphOutbox.objects.filter(state="pending", due_at__lte=now()).exists()
    if due:
        enqueue_on_commit(TASK, queue=QUEUE)
    return due


def prune() -> int:
    """Forget what was drained a day ago, the tombstones in the graph included; → how many rows."""
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
    """Let dead rows be tried again; → how many were dead."""
    dead = GraphOutbox.objects.filter(tenant=tenant_id, id__in=ids, state="dead")
    tried = dead.update(state="pending", attempts=0, due_at=now(), failure="")
    if tried and client.is_configured():
        enqueue_on_commit(TASK, queue=QUEUE)
    return tried
