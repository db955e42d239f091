"""Erase a tenant: all rows of all tables with tenants' data except its receipts, in batches.

Each batch is counted in the receipt in the same transaction, so a killed erasure can be continued.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections import Counter

from django.db import IntegrityError, transaction

from apikeys import tenants
from core.clock import now
from core.enqueue import enqueue_on_commit
from core.tenancy import TenantRow, tenant_tables
from entities.services import graph
from memories.models import Erasure, Source
from memories.pipeline import erase
from memories.types import SourceState

log = logging.getLogger(__name__)

TASK = "memories.tasks.erase_tenant"
BATCH_SIZE = 2000
TURN = 5.0  # seconds of one task; then other tasks of the queue run
SETTLED = dt.timedelta(minutes=10)  # by then every request that began before the end of the keys is over


def begin(tenant_id: uuid.UUID, *, actor: str) -> Erasure:
    """The receipt of an erasure that starts when this transaction commits."""
    receipt = Erasure(tenant_id=tenant_id, scope={"kind": "tenant"}, actor=actor, requested_at=now())
    Erasure.objects.bulk_create([receipt])
    enqueue_on_commit(TASK, tenant_id, queue="maintenance")
    return receipt


def run(tenant_id: uuid.UUID) -> None:
    """Erase for a limited time, then enqueue the rest. Concurrent runs do not disturb each other."""
    until = time.monotonic() + TURN
    with transaction.atomic():  # so that no worker applies pending writes
        waiting = Source.objects.filter(tenant=tenant_id, state=SourceState.PENDING)
        erase.redact(tenant_id, waiting)
    try:
        while step(tenant_id):
            if time.monotonic() > until:
                enqueue_on_commit(TASK, tenant_id, queue="maintenance")
                return
    except IntegrityError:  # a write was committed between two statements: the sweep repeats the erasure
        log.info("the erasure of tenant %s met a write", tenant_id)
    except graph.FAILURES:  # Neo4j is not erased yet, so the receipt stays open: the sweep repeats the erasure
        log.warning("the erasure of tenant %s waits for the graph", tenant_id)


def step(tenant_id: uuid.UUID) -> bool:
    """Erase one batch, or close the receipt; True if there may be more."""
    with transaction.atomic():
        receipts = Erasure.objects.select_for_update(skip_locked=True)
        receipt = receipts.filter(tenant=tenant_id, scope__kind="tenant").first()
        if receipt is None:  # another process has the lock
            return False
        for model in tenant_tables():
            gone = 0 if model is Erasure else _some(model, tenant_id)
            if gone:
                _note(receipt, str(model._meta.verbose_name_plural).replace(" ", "_"), gone)
                return True
        _note(receipt, "graph_nodes", graph.delete_tenant_graph(tenant_id))
        _note(receipt, "keys", tenants.forget_keys(tenant_id))
        _complete(receipt)
        return False


def sweep() -> int:
    """Enqueue erasures that are not finished, or that ended so recently that a request may have added rows; →
    number."""
    closed = tenants.closed()
    open_ones = Erasure.objects.filter(
        tenant__in=[tenant.id for tenant in closed], scope__kind="tenant", completed_at=None
    )
    waiting = set(open_ones.values_list("tenant_id", flat=True))
    waiting |= {tenant.id for tenant in closed if tenant.erased_at and tenant.erased_at > now() - SETTLED}
    for tenant_id in waiting:
        enqueue_on_commit(TASK, tenant_id, queue="maintenance")
    return len(waiting)


def _some(model: type[TenantRow], tenant_id: uuid.UUID) -> int:
    """Delete a batch of one table. The newest rows first: a row that refers to its own table refers to an older one."""
    rows = model._base_manager.filter(tenant=tenant_id)
    ids = list(rows.order_by("-id").values_list("id", flat=True)[:BATCH_SIZE])
    return rows.filter(id__in=ids).delete()[0] if ids else 0


def _note(receipt: Erasure, name: str, gone: int) -> None:
    """Add numbers to the receipt. A complete receipt is signed and never changed."""
    if gone and receipt.completed_at is None:
        receipt.counts = dict(sorted((Counter(receipt.counts) + Counter({name: gone})).items()))
        Erasure.objects.filter(tenant=receipt.tenant_id, id=receipt.id).update(counts=receipt.counts)


def _complete(receipt: Erasure) -> None:
    if receipt.completed_at is None:
        receipt.completed_at = now()
        Erasure.objects.filter(tenant=receipt.tenant_id, id=receipt.id).update(
            completed_at=receipt.completed_at, signature=erase.sign(receipt)
        )
        log.info("tenant %s is erased", receipt.tenant_id)
