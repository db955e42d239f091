"""What came of an accepted write."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from apikeys.types import Principal
from entities.services import mentions
from entities.types import NO_ENTITIES
from memories.models import Outcome, Revision, Source
from memories.pipeline.progress import progress_of
from memories.types import Decision, ItemResult, SourceKind, SourceState, WriteResult
from memproject.common.clock import now
from memproject.common.errors import NotFound
from memproject.common.ids import EVENT, MEMORY, parse


def event(principal: Principal, event_id: str) -> WriteResult:
    """The state of a write of this caller's scope, else NotFound."""
    key = parse(EVENT, event_id)
    source = key and Source.objects.filter(tenant=principal.tenant_id, id=key).defer("text", "tsv", "vector").first()
    if not source or (principal.user_id is not None and source.user_id != principal.user_id):
        raise NotFound(f"Event with ID '{event_id}' not found")
    if principal.projects and source.project not in principal.projects:
        raise NotFound(f"Event with ID '{event_id}' not found")
    return result_of(source)


def results(tenant_id: uuid.UUID, source_ids: Sequence[uuid.UUID]) -> list[WriteResult]:
    """The state of these writes, in order. Raises NotFound when one of them was erased since."""
    found = rows(tenant_id, source_ids)
    if any(i not in found or found[i].blanked_at for i in source_ids):
        raise NotFound
    return [result_of(found[i]) for i in source_ids]


def rows(tenant_id: uuid.UUID, source_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Source]:
    """Accepted writes by their ids, without their text."""
    wanted = Source.objects.filter(tenant=tenant_id, id__in=list(source_ids)).defer("text", "tsv", "vector")
    return {source.id: source for source in wanted}


def result_of(source: Source) -> WriteResult:
    """A write's state, its decisions in order, and the id that every answer gives."""
    items = _items(source) if source.state == SourceState.APPLIED else ()
    reserved = parse(MEMORY, source.result.get("first") or progress_of(source.result).first or "")
    memory_id = source.target_key or reserved or source.allocated_id
    if source.kind == SourceKind.SUPERSEDE and items:
        memory_id = items[0].memory_id
    added = [i for i in items if i.decision is not Decision.NOOP]
    duplicate = items[0].memory_id if items and not added and source.kind == SourceKind.STORE else None
    if source.kind == SourceKind.STORE and source.state == SourceState.APPLIED and not items:
        memory_id = None  # nothing was kept, or it was erased since
    return WriteResult(
        event_id=source.id,
        memory_id=duplicate or memory_id,
        state=_state(source),
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


def _state(source: Source) -> str:
    if source.state == SourceState.PENDING:
        return "running" if source.lease_until is not None and source.lease_until > now() else "pending"
    return "succeeded" if source.state == SourceState.APPLIED else "failed"


def _items(source: Source) -> tuple[ItemResult, ...]:
    outcomes = list(Outcome.objects.filter(tenant=source.tenant_id, source_key=source.id).order_by("position"))
    ids = [o.memory_key for o in outcomes]
    rows = Revision.objects.filter(tenant=source.tenant_id, memory_key__in=ids, retired_at=None)
    said = {key: (content, reason) for key, content, reason in rows.values_list("memory_key", "content", "reason")}
    known = mentions.of_memories(source.tenant_id, list(said)) if source.result.get("by") != "verbatim" else {}
    return tuple(
        ItemResult(
            memory_id=o.memory_key,
            content=said[o.memory_key][0],
            decision=Decision(o.decision),
            replaces=o.replaces_key,
            created_at=source.accepted_at,
            reason=said[o.memory_key][1],
            entities=known.get(o.memory_key, NO_ENTITIES),
        )
        for o in outcomes
        if o.memory_key in said
    )
