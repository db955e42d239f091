"""Erase memories from all versions: text, vectors, words, history, and the accepted writes.

Callers hold the owner's lock inside a transaction; the scope functions take it themselves, batch by batch.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.clock import iso, now
from core.idempotency import records
from core.redis import publish_result
from entities.services import entity_erasure
from memories.models import (
    Embedding,
    Erasure,
    Memory,
    Outcome,
    Passage,
    Review,
    Revision,
    Source,
    TokenEmbedding,
    Usage,
)
from memories.pipeline import memory_events, owner_locks
from memories.pipeline.fulltext import of_source
from memories.pipeline.source_items import items_of, joined
from memories.types import Item, MemoryScope, SourceKind, SourceState

Erasable = Mapping[uuid.UUID, Sequence[int]]  # ids to erase; of a pending write, the positions of messages that stay

BATCH_SIZE = 500
NOTHING: Erasable = {}
ERASED = "erased"
REDACTED: dict[str, object] = {
    "text": "",
    "payload": {},
    "result": {},
    "tsv": None,
    "vector": None,
    "model": "",
    "target_key": None,
    "agent_id": None,
    "run_id": None,
}


def by_ids(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], *, kind: str = "memories", actor: str) -> Erasure:
    """Erase these memories, including pending ones, in one transaction."""
    requested = now()
    with transaction.atomic():
        counts = locked(tenant_id, ids)
        return _receipt(tenant_id, {"kind": kind, "named": len(ids)}, counts, requested, actor)


def matching(where: MemoryScope, find: Callable[[int], Erasable], *, kind: str, actor: str) -> Erasure:
    """Erase the results of `find(most)` in a scope, batch by batch until there are none, with one receipt."""
    requested = now()
    counts: Counter[str] = Counter()
    while found := find(BATCH_SIZE):
        with transaction.atomic():
            counts += locked(where.tenant_id, list(found), cut={row: stay for row, stay in found.items() if stay})
    with transaction.atomic():
        return _receipt(where.tenant_id, {"kind": kind}, counts, requested, actor)


def locked(
    tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], *, cut: Erasable = NOTHING, expired: bool = False
) -> Counter[str]:
    """Delete memories, including pending ones, under the locks of their owners; → deleted rows by table.

    `cut`: the pending ones of which some messages stay.
    """
    found = Memory.objects.filter(tenant=tenant_id, id__in=list(ids)).values_list("project", "user_id")
    pending = Source.objects.filter(tenant=tenant_id, reserved_id__in=list(ids))
    owner_locks.lock_all(tenant_id, [*found, *pending.values_list("project", "user_id")])
    counts = memories(tenant_id, [row for row in ids if row not in cut], expired=expired)
    return counts + _messages(tenant_id, cut) if cut else counts


def _messages(tenant_id: uuid.UUID, cut: Erasable) -> Counter[str]:
    """Erase all messages of accepted stores that are not applied, except those at these positions.

    The others keep their positions, which the digest of a turn covers. A worker that has read the text before decides
    again. Of a store that is applied in part the rest is erased: its progress is counted in statements.
    """
    counts: Counter[str] = Counter()
    waiting = Source.objects.select_for_update().filter(tenant=tenant_id, reserved_id__in=list(cut), redacted_at=None)
    waiting = waiting.filter(state__in=[SourceState.PENDING, SourceState.FAILED]).defer("tsv", "vector")
    found = {source.reserved_id: source for source in waiting}
    changed: list[uuid.UUID] = []
    for key, stay in cut.items():
        if (source := found.get(key)) is None:  # applied since it was found
            continue
        row = Source.objects.filter(tenant=tenant_id, id=source.id)
        if "statements_done" in source.result:
            counts += redact(tenant_id, row)
            continue
        items, kept = enumerate(items_of(source), 1), set(stay)
        text, spans = joined([item if position in kept else Item("") for position, item in items])
        row.update(
            text=text,
            payload=source.payload | {"items": spans},
            tsv=of_source(text, source.project),
            vector=None,
            model="",
        )
        changed += (source.id, key)
        counts += Counter(sources=1, pending=int(source.state == SourceState.PENDING))
    records.redact(tenant_id, changed)
    return counts


def scope(where: MemoryScope, *, kind: str, actor: str) -> Erasure:
    """Erase all memories of a scope and all of its accepted writes, including pending ones.

    Pending writes are erased first, so that no worker adds a memory meanwhile. Writes accepted later stay, and so do
    those of requests that commit during the erasure.
    """
    requested = now()
    counts: Counter[str] = Counter()
    sources = Source.objects.filter(inside(where), tenant=where.tenant_id, accepted_at__lte=requested)
    counts += redact(where.tenant_id, sources.filter(state=SourceState.PENDING))
    going = Memory.objects.filter(inside(where), tenant=where.tenant_id, created_at__lte=requested)
    while rows := list(going.values_list("id", "project", "user_id")[:BATCH_SIZE]):
        with transaction.atomic():
            owner_locks.lock_all(where.tenant_id, [(project, user) for _, project, user in rows])
            counts += memories(where.tenant_id, [row for row, _, _ in rows])
    with transaction.atomic():
        kept = Outcome.objects.filter(tenant=where.tenant_id, source_key=OuterRef("id"))
        sources.filter(~Exists(kept), state__in=[SourceState.APPLIED, SourceState.FAILED]).delete()
        return _receipt(where.tenant_id, {"kind": kind}, counts, requested, actor)


def inside(where: MemoryScope) -> Q:
    inside = Q()
    if where.user_id is not None:
        inside &= Q(user_id=where.user_id)
    if where.projects is not None:
        inside &= Q(project__in=where.projects)
    return inside


def memories(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], *, expired: bool = False) -> Counter[str]:
    """Delete the memories and all derived rows; → deleted rows by table."""
    wanted = list(ids)
    counts = entity_erasure.erase(tenant_id, wanted)  # first: a merge has its lock when it locks memories
    going = Memory.objects.filter(tenant=tenant_id, id__in=wanted)
    # An accepted change refers to its memory, and its request takes no owner's lock. With the rows locked, it has
    # committed and is redacted below, or its commit waits and finds no memory. In one order, as in `enqueue_writes`.
    gone = list(going.select_for_update().order_by("id").values_list("id", "project", "user_id"))
    named = Outcome.objects.filter(tenant=tenant_id, memory_key__in=wanted).values("source_key")
    sources = Source.objects.filter(
        Q(id__in=named) | Q(reserved_id__in=wanted) | Q(target_key__in=wanted), tenant=tenant_id
    )
    counts += redact(tenant_id, sources)
    records.redact(tenant_id, wanted)
    memory_events.emit_deleted(tenant_id, gone, now(), expired=expired)
    Outcome.objects.filter(tenant=tenant_id, replaces_key__in=wanted).update(replaces_key=None)
    passages = Passage.objects.filter(tenant=tenant_id, memory_key__in=wanted)
    owner_locks.erased(tenant_id, Counter(passages.values_list("project", "user_id")))
    for name, rows in (
        ("tokens", TokenEmbedding.objects.filter(tenant=tenant_id, passage_key__in=passages.values("id"))),
        ("embeddings", Embedding.objects.filter(tenant=tenant_id, passage_key__in=passages.values("id"))),
        ("passages", passages),
        ("usage", Usage.objects.filter(tenant=tenant_id, memory_key__in=wanted)),
        ("reviews", Review.objects.filter(Q(old_key__in=wanted) | Q(new_key__in=wanted), tenant=tenant_id)),
        ("outcomes", Outcome.objects.filter(tenant=tenant_id, memory_key__in=wanted)),
        ("revisions", Revision.objects.filter(tenant=tenant_id, memory_key__in=wanted)),
        ("memories", going),
    ):
        counts[name] += rows.delete()[0]
    return counts


def redact(tenant_id: uuid.UUID, sources: QuerySet[Source]) -> Counter[str]:
    """Remove the text of accepted writes. Pending ones are finished, so that no worker can apply them, and the requests
    that wait for them are notified.

    → the number of redacted writes, and how many of them were stores that had not been applied.
    """
    rows = list(sources.values_list("id", "state", "kind", "reserved_id"))
    if not rows:
        return Counter()
    moment = now()
    ids = [row for row, _, _, _ in rows]
    records.redact(tenant_id, [*ids, *(reserved for _, _, _, reserved in rows if reserved)])
    redacted = Source.objects.filter(tenant=tenant_id, id__in=ids)
    closed = {"state": SourceState.FAILED, "failure": ERASED, "finished_at": moment}
    redacted.filter(state=SourceState.PENDING).update(next_attempt_at=None, **closed)
    redacted.update(redacted_at=moment, **REDACTED)
    ended = [row for row, state, _, _ in rows if state == SourceState.PENDING]
    transaction.on_commit(partial(publish_result, ended), robust=True)
    pending = sum(state == SourceState.PENDING and kind == SourceKind.STORE for _, state, kind, _ in rows)
    return Counter(sources=len(rows), pending=pending)


def _receipt(
    tenant_id: uuid.UUID, named: dict[str, object], counts: Counter[str], requested: dt.datetime, actor: str
) -> Erasure:
    erasure = Erasure(
        tenant_id=tenant_id,
        scope=named,
        counts=dict(sorted(counts.items())),
        actor=actor,
        requested_at=requested,
        completed_at=now(),
    )
    erasure.signature = sign(erasure)
    Erasure.objects.bulk_create([erasure])
    return erasure


def sign(erasure: Erasure) -> str:
    """HMAC-SHA256, in hex, over all fields of the receipt."""
    said = [str(erasure.id), erasure.scope, erasure.counts, iso(erasure.requested_at)]
    if erasure.completed_at is not None:
        said.append(iso(erasure.completed_at))
    message = json.dumps(said, sort_keys=True).encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()
