"""The state and the result of accepted writes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from apikeys.types import Principal
from core.errors import NotFound
from core.ids import EVENT, MEMORY, parse
from core.postgres import fetch
from entities.services import mentions
from entities.types import NO_ENTITIES
from memories.models import Source
from memories.pipeline import write_queue
from memories.types import Decision, ItemResult, SourceKind, SourceState, WriteResult

DECIDED = """
SELECT o.source_key, o.decision, o.memory_key, o.replaces_key, r.content, r.reason
FROM memories_outcome o
JOIN memories_revision r ON r.tenant_id = o.tenant_id AND r.memory_key = o.memory_key AND r.retired_at IS NULL
WHERE o.tenant_id = %(tenant)s AND r.tenant_id = %(tenant)s AND o.source_key = ANY(%(sources)s::uuid[])
ORDER BY o.source_key, o.position
"""


def event(principal: Principal, event_id: str) -> WriteResult:
    """The state of a write in the caller's scope, else NotFound."""
    key = parse(EVENT, event_id)
    source = key and Source.objects.filter(tenant=principal.tenant_id, id=key).defer("text", "tsv", "vector").first()
    if not source or (principal.user_id is not None and source.user_id != principal.user_id):
        raise NotFound(f"Event with ID '{event_id}' not found")
    if principal.projects and source.project not in principal.projects:
        raise NotFound(f"Event with ID '{event_id}' not found")
    return result_of(source)


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
    decided = fetch.rows(DECIDED, {"tenant": tenant_id, "sources": list(by_id)})
    read = {row[2] for row in decided if by_id[row[0]].result.get("by") != "verbatim"}
    known = mentions.of_memories(tenant_id, list(read)) if read else {}
    found: dict[uuid.UUID, list[ItemResult]] = {}
    for source_id, decision, memory, replaces, content, reason in decided:
        item = ItemResult(
            memory_id=memory,
            content=content,
            decision=Decision(decision),
            replaces=replaces,
            created_at=by_id[source_id].accepted_at,
            reason=reason,
            entities=known.get(memory, NO_ENTITIES),
        )
        found.setdefault(source_id, []).append(item)
    return found
