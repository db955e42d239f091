"""Store: commit the raw text, wait for the worker for a while, read the result. A committed text is never lost."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from apikeys.types import Principal
from core.clock import now
from core.errors import InvalidRequest, MemoryNotFound, NotFound
from core.idempotency.decorator import bind
from core.ids import EVENT, MEMORY, new_id, parse, public
from core.postgres import fetch
from core.redis import await_result
from entities.services import mentions
from entities.types import NO_ENTITIES
from memories.models import Memory, Source
from memories.pipeline import attempts, erase, write_queue
from memories.pipeline.fulltext import of_source
from memories.pipeline.source_items import joined
from memories.pipeline.write_queue import LONG, Priority
from memories.services import access
from memories.types import Decision, ItemResult, SourceKind, SourceState, StoreCommand, WriteResult

MAX_FIRST = 10  # writes of one request that go to the queue `store`

DECIDED = """
SELECT o.source_key, o.decision, o.memory_key, o.replaces_key, r.content, r.reason
FROM memories_outcome o
JOIN memories_revision r ON r.tenant_id = o.tenant_id AND r.memory_key = o.memory_key AND r.retired_at IS NULL
WHERE o.tenant_id = %(tenant)s AND r.tenant_id = %(tenant)s AND o.source_key = ANY(%(sources)s::uuid[])
ORDER BY o.source_key, o.position
"""

# At most half of the threads wait for a worker, so that recall has free threads if a worker is slow or dead.
_places = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))
# Many texts take seconds: a request with many uses a waiting slot of its own kind, and is processed after those with
# one text.
_many_places = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 8))


@dataclass(frozen=True, slots=True)
class DecidedRow:
    source_key: uuid.UUID
    decision: str
    memory_key: uuid.UUID
    replaces_key: uuid.UUID | None
    content: str
    reason: str


def store(principal: Principal, command: StoreCommand) -> WriteResult:
    """Accept a write and return its result, or its pending state after the wait.

    Raises InvalidRequest and ScopeDenied before anything is written.
    """
    return enqueue_writes([source_of(principal, command)], wait=command.wait)[0]


def source_of(principal: Principal, command: StoreCommand, **payload: Any) -> Source:
    """The row of an accepted store; `payload` has the parameters for the pipeline."""
    user_id, project = access.writing(principal, command.user_id, command.project)
    if command.expires_at is not None and command.expires_at <= now():
        raise InvalidRequest("expires_at: must lie in the future", field="expires_at")
    text, spans = joined(command.items)
    return Source(
        tenant_id=principal.tenant_id,
        kind=SourceKind.STORE.value,
        project=project,
        user_id=user_id,
        agent_id=command.agent_id,
        run_id=command.run_id,
        actor=principal.caller,
        text=text,
        payload={
            "items": spans,
            "infer": command.infer,
            "single_text": command.single_text,
            "metadata": dict(command.metadata),
            "memory_type": command.memory_type,
            "skipped_parts": command.skipped_parts,
            **({"deduplicate": True} if command.deduplicate else {}),
            **payload,
        },
        reserved_id=new_id(),
        expires_at=command.expires_at,
        tsv=of_source(text, project),
    )


def enqueue_writes(
    sources: Sequence[Source],
    *,
    wait: bool,
    response_context: Any = None,
    before: Callable[[], None] = lambda: None,
) -> list[WriteResult]:
    """Commit Sources, all or none, enqueue their owners and wait for them. Requests that cannot wait (no free waiting
    slot) are enqueued on the `bulk` queue.

    `response_context` has the data of the response besides the results, for a repeat with the same idempotency key.
    `before` is called in the transaction of the Sources. Raises MemoryNotFound if a memory to change was erased
    meanwhile.
    """
    is_many = len(sources) > MAX_FIRST
    places = _many_places if is_many else _places
    waiting = wait and _are_quick(sources) and places.acquire(blocking=False)
    try:
        with transaction.atomic():
            before()
            last = write_queue.enqueue_all(sources, Priority.STORE if waiting and not is_many else Priority.BULK)
            # In the order in which an erasure locks memories: the commit locks the targets in the order of the rows.
            Source.objects.bulk_create(sorted(sources, key=lambda source: str(source.target_key)))
            if sources:
                bind([source.id for source in sources], response_context)
        if waiting:
            connection.close()  # return the connection to the pool while we wait
            until = time.monotonic() + settings.STORE_WAIT_SECONDS
            for source in last:  # an owner's writes are applied in order: the last one is done when all are
                if not await_result(source.id, max(0.01, until - time.monotonic())):
                    break
    except IntegrityError:
        if (memory := _erased_target(sources)) is None:
            raise
        raise MemoryNotFound(public(MEMORY, memory)) from None
    finally:
        if waiting:
            places.release()
    if not sources:
        return []
    found = rows(sources[0].tenant_id, [source.id for source in sources])
    return results_of([_after_wait(source, found.get(source.id)) for source in sources])


def _erased_target(sources: Sequence[Source]) -> uuid.UUID | None:
    """The first memory to change that no longer exists."""
    named = [source.target_key for source in sources if source.target_key is not None]
    rows = Memory.objects.filter(tenant__in={source.tenant_id for source in sources}, id__in=named)
    found = set(rows.values_list("id", flat=True))
    return next((key for key in named if key not in found), None)


def _after_wait(source: Source, row: Source | None) -> Source:
    """The stored write. If it was erased, its row is deleted or names no memory: then this one, as failed."""
    if row is not None and row.failure != erase.ERASED:
        return row
    source.state, source.failure, source.finished_at = SourceState.FAILED, erase.ERASED, now()
    return source


def _are_quick(sources: Sequence[Source]) -> bool:
    """Whether these writes may use the workers that requests wait for: short texts, of a tenant without recent
    time-outs."""
    if not sources or any(len(source.text) > LONG for source in sources):
        return False
    return not attempts.is_slow(sources[0].tenant_id)


# --- the result of an accepted write ---------------------------------------------------------------------------------
def event(principal: Principal, event_id: str) -> WriteResult:
    """The state of a write in the caller's scope, else NotFound."""
    key = parse(EVENT, event_id)
    source = key and Source.objects.filter(tenant=principal.tenant_id, id=key).defer("text", "tsv", "vector").first()
    if not source or (principal.user_id is not None and source.user_id != principal.user_id):
        raise NotFound(f"Event with ID '{event_id}' not found")
    if principal.projects and source.project not in principal.projects:
        raise NotFound(f"Event with ID '{event_id}' not found")
    return result_of(source)


def event_page(principal: Principal, project: str | None, *, limit: int, offset: int) -> tuple[list[WriteResult], int]:
    """Accepted writes of one project that the caller may see, newest first, and their number."""
    found = Source.objects.filter(
        tenant=principal.tenant_id, project=principal.one_project(project), redacted_at=None
    ).defer("text", "tsv", "vector")
    if principal.user_id is not None:
        found = found.filter(user_id=principal.user_id)
    sources = list(found.order_by("-id")[offset : offset + limit])
    return (results_of(sources) if sources else []), found.count()


def results(tenant_id: uuid.UUID, source_ids: Sequence[uuid.UUID]) -> list[WriteResult]:
    """The state of these writes, in order. Raises NotFound if one of them was erased."""
    found = rows(tenant_id, source_ids)
    if any(i not in found or found[i].redacted_at for i in source_ids):
        raise NotFound
    return results_of([found[i] for i in source_ids])


def rows(tenant_id: uuid.UUID, source_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Source]:
    """Accepted writes by their ids, without their text."""
    wanted = Source.objects.filter(tenant=tenant_id, id__in=list(source_ids)).defer("text", "tsv", "vector")
    return {source.id: source for source in wanted}


def result_of(source: Source) -> WriteResult:
    """A write's state, its decisions in order, and the id that every response contains."""
    return results_of([source])[0]


def results_of(sources: Sequence[Source]) -> list[WriteResult]:
    """The same for several writes of one tenant, with the same number of statements as for one."""
    items = _items([source for source in sources if source.state == SourceState.APPLIED])
    pending = {(source.project, source.user_id) for source in sources if source.state == SourceState.PENDING}
    claimed = write_queue.claimed(sources[0].tenant_id, pending) if pending else set()
    return [_result(s, tuple(items.get(s.id, ())), (s.project, s.user_id) in claimed) for s in sources]


def _result(source: Source, items: tuple[ItemResult, ...], is_claimed: bool) -> WriteResult:
    memory_id = source.target_key or parse(MEMORY, source.result.get("first", "")) or source.reserved_id
    if source.kind == SourceKind.SUPERSEDE and items:
        memory_id = items[0].memory_id
    added = [i for i in items if i.decision is not Decision.NOOP]
    duplicate = items[0].memory_id if items and not added and source.kind == SourceKind.STORE else None
    if source.kind == SourceKind.STORE and source.state == SourceState.APPLIED and not items:
        memory_id = None  # nothing was stored, or it was erased later
    return WriteResult(
        event_id=source.id,
        memory_id=duplicate or memory_id,
        state=_state(source, is_claimed),
        items=items,
        accepted_at=source.accepted_at,
        finished_at=source.finished_at,
        expires_at=source.expires_at,
        kind=SourceKind(source.kind),
        failure=source.failure if source.state == SourceState.FAILED else "",
        duplicate_of=duplicate,
        facts=source.result.get("facts", 0),
        detail=source.result,
        skipped_parts=source.payload.get("skipped_parts", 0),
    )


def _state(source: Source, is_claimed: bool) -> str:
    if source.state == SourceState.PENDING:
        return "running" if is_claimed else "pending"
    return "succeeded" if source.state == SourceState.APPLIED else "failed"


def _items(sources: Sequence[Source]) -> dict[uuid.UUID, list[ItemResult]]:
    """The decisions of applied writes, by write. Memories that were erased later are left out."""
    if not sources:
        return {}
    tenant_id, by_id = sources[0].tenant_id, {source.id: source for source in sources}
    decided = fetch.records(DecidedRow, DECIDED, {"tenant": tenant_id, "sources": list(by_id)})
    read = {row.memory_key for row in decided if by_id[row.source_key].result.get("by") != "verbatim"}
    known = mentions.of_memories(tenant_id, list(read)) if read else {}
    found: dict[uuid.UUID, list[ItemResult]] = {}
    for row in decided:
        item = ItemResult(
            memory_id=row.memory_key,
            content=row.content,
            decision=Decision(row.decision),
            replaces=row.replaces_key,
            created_at=by_id[row.source_key].accepted_at,
            reason=row.reason,
            entities=known.get(row.memory_key, NO_ENTITIES),
        )
        found.setdefault(row.source_key, []).append(item)
    return found
