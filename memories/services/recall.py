"""Recall and plain reads: one memory, a list, its history. They write nothing; recalls are counted in Redis."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.conf import settings

from apikeys.types import Principal
from core.clock import now
from core.errors import InvalidRequest, MemoryExpired, MemoryNotFound
from core.ids import MEMORY, parse, public
from memories.embeddings import registry
from memories.models import Revision
from memories.pipeline import recall_counters
from memories.retrieval import read
from memories.retrieval.analyze import analyze
from memories.retrieval.fuse import fuse
from memories.retrieval.render import render
from memories.retrieval.retrieve import newest, retrieve
from memories.retrieval.score import score
from memories.services import access
from memories.temporal_view import CURRENT, TemporalView
from memories.types import (
    ListQuery,
    MemoryRecord,
    MemoryScope,
    Page,
    Recalled,
    RecallQuery,
    RevisionRecord,
    SourceState,
)

UNAPPLIED = frozenset({SourceState.PENDING, SourceState.FAILED})  # accepted stores that are not memories yet


def recall(principal: Principal, query: RecallQuery) -> Recalled:
    """The best memories for a question, inside one project and one user, unless the query or its filter names several;
    with filters only, in all projects.

    Raises InvalidRequest when neither is there, and Unavailable when the query asks for meaning alone while the
    embedding model is unavailable.
    """
    if query.query is None:
        if query.filters is None:
            raise InvalidRequest("query: send a query, filters or both", field="query")
        projects = principal.all_projects(query.project)
    else:
        projects = (principal.one_project(query.project),)
    user_id, condition = access.selected(principal, query.user_id, query.filters, any_user=query.any_user)
    scope = MemoryScope(principal.tenant_id, user_id, projects, query.agent_id, query.run_id)
    query = replace(query, filters=condition)
    moment = now()
    ranking = fuse(score(retrieve(analyze(scope, query, moment)))) if query.query else newest(scope, query, moment)
    recalled = render(ranking)
    found = [hit.memory.id for hit in recalled.hits if hit.memory.status not in UNAPPLIED]
    recall_counters.count_recalled(principal.tenant_id, found, now())
    return recalled


def get(
    principal: Principal, memory_id: str, user_id: str | None = None, temporal_view: TemporalView = CURRENT
) -> MemoryRecord:
    """One memory, now or at a point in time, or the pending write that reserved this id.

    Raises MemoryNotFound if it was not known then, or not valid at `valid_at`.
    """
    key = access.memory_key(principal, memory_id, user_id)
    found = load(principal.tenant_id, key, memory_id, temporal_view)
    at = temporal_view.valid_at
    if at is not None and (at < found.valid_from or (found.valid_to is not None and found.valid_to <= at)):
        raise MemoryNotFound(memory_id)
    if found.status != "superseded":
        return found
    return replace(found, superseded_by=read.successor_of(principal.tenant_id, key, temporal_view))


def embedding(principal: Principal, memory_id: str, temporal_view: TemporalView = CURRENT) -> list[float] | None:
    """The vector of a memory's text (of a long one its first passage); None while there is none."""
    key = access.memory_key(principal, memory_id)
    return read.vector(principal.tenant_id, key, registry.embedder().model, temporal_view)


def load(tenant_id: uuid.UUID, key: uuid.UUID, memory_id: str, temporal_view: TemporalView = CURRENT) -> MemoryRecord:
    """A memory in any state. An expired one is not found; STRICT_MODE raises MemoryExpired."""
    moment = now()
    found = read.by_ids(tenant_id, [key], moment, temporal_view).get(key)
    if found is None:
        if (
            settings.STRICT_MODE
            and Revision.objects.filter(
                tenant=tenant_id, memory_key=key, retired_at=None, expires_at__lte=moment
            ).exists()
        ):
            raise MemoryExpired(memory_id)
        raise MemoryNotFound(memory_id)
    return found


def list_page(principal: Principal, query: ListQuery) -> Page:
    """Live memories of one user, or of those that the query names, newest first, by page or by cursor."""
    before = parse(MEMORY, query.cursor) if query.cursor else None
    if query.cursor and before is None:
        raise InvalidRequest("cursor: must be the next_cursor of an earlier page", field="cursor")
    user_id, condition = access.selected(principal, query.user_id, query.filters, any_user=query.any_user)
    scope = MemoryScope(principal.tenant_id, user_id, principal.all_projects(query.project))
    found, total = read.page(
        scope,
        now(),
        condition,
        limit=query.limit + 1,
        offset=query.offset,
        before=before,
        temporal_view=query.temporal_view,
    )
    more = len(found) > query.limit
    shown = tuple(found[: query.limit])
    return Page(shown, total, public(MEMORY, shown[-1].id) if more else None)


def history(
    principal: Principal, memory_id: str, user_id: str | None = None, temporal_view: TemporalView = CURRENT
) -> list[RevisionRecord]:
    """All revisions of a memory, newest first; a pending write has none yet."""
    key = access.memory_key(principal, memory_id, user_id)
    load(principal.tenant_id, key, memory_id, temporal_view)  # an expired memory has no history either
    rows, until = Revision.objects.filter(tenant=principal.tenant_id, memory_key=key), temporal_view.as_of
    if until is not None:
        rows = rows.filter(recorded_at__lte=until)
    return [
        RevisionRecord(
            id=r.id,
            content=r.content,
            metadata=r.metadata,
            action=r.action,
            actor=r.actor,
            reason=r.reason,
            confidence=r.confidence,
            evidence=r.evidence,
            valid_from=r.valid_from,
            valid_to=r.valid_to,
            recorded_at=r.recorded_at,
            retired_at=None if until and r.retired_at and r.retired_at > until else r.retired_at,
        )
        for r in rows.order_by("-recorded_at", "-id")
    ]
