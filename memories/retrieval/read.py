"""Read memories, now or at a point in time: by id, by scope, with their attribution."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection
from psycopg import sql

from core.clock import now
from core.postgres import fetch
from entities.services import mentions
from memories.models import Embedding, Outcome, Passage, Review, Revision, Source
from memories.retrieval import where
from memories.review_types import ReviewState
from memories.temporal_view import CURRENT, TemporalView
from memories.types import Action, Decision, Filter, MemoryRecord, MemoryScope, SourceKind, SourceState, Span

# Memories by their ids with their mentions and relations, in one round trip; the columns have the names of
# MemoryRecord's fields. ORM rows take three times as long, and every recall reads ten of them. Expired memories are
# left out in any state. The ids are named for each table: without statistics, as after a bulk load, PostgreSQL would
# read all memories of the tenant.
BY_ID = """
SELECT r.memory_key AS id, r.content, r.user_id, r.project, r.agent_id, r.run_id, r.metadata, r.memory_type,
       m.pinned, m.importance, m.created_at, r.recorded_at AS updated_at, r.expires_at,
       r.valid_from, r.valid_to,
       CASE WHEN r.archived THEN 'archived'
            WHEN r.valid_to > %(valid)s OR r.valid_to IS NULL THEN 'active'
            WHEN r.action = 'SUPERSEDE' THEN 'superseded' ELSE 'retired' END AS status,
       coalesce(p.speaker, p.role) AS speaker, p.said_at, coalesce(p.utc_offset, '') AS utc_offset,
       coalesce(p.dates, '{{}}') AS dates, coalesce(u.uses, 0) AS uses, u.last_used_at,
       {entities} AS entities
FROM memories_revision r
JOIN memories_memory m ON m.tenant_id = r.tenant_id AND m.id = r.memory_key AND m.id = ANY(%(ids)s)
LEFT JOIN memories_passage p ON p.tenant_id = r.tenant_id AND p.text_key = r.text_key AND p.ordinal = 0
                            AND p.memory_key = ANY(%(ids)s)
LEFT JOIN memories_usage u ON u.tenant_id = r.tenant_id AND u.memory_key = r.memory_key
WHERE r.tenant_id = %(tenant)s AND r.memory_key = ANY(%(ids)s) AND {current} AND {not_expired}
"""

# The newest memories of a scope that match a filter, and the writes that will become memories.
MATCHING = """
SELECT r.memory_key AS id FROM memories_revision r
WHERE {r_scope} AND {visible} AND {r_filter}
  AND (%(before)s::uuid IS NULL OR r.memory_key < %(before)s)
UNION ALL
SELECT s.reserved_id FROM memories_source s
WHERE %(pending)s AND {s_scope} AND {waiting} AND {s_filter}
  AND (%(before)s::uuid IS NULL OR s.reserved_id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s
"""
# What a deletion by filter erases: memories in any state, and accepted writes with the positions of the messages that
# stay, because they do not match.
ERASABLE = """
SELECT r.memory_key AS id, '{{}}'::bigint[] AS others FROM memories_revision r
WHERE {r_scope} AND {current} AND {r_filter}
UNION ALL
SELECT s.reserved_id, {s_others} FROM memories_source s
WHERE {s_scope} AND {waiting} AND {s_filter}
ORDER BY id DESC LIMIT %(limit)s
"""
COUNT = "SELECT count(*) FROM memories_revision r WHERE {r_scope} AND {visible} AND {r_filter}"


def _by_id(temporal_view: TemporalView) -> str:
    past = temporal_view.as_of is not None
    named = sql.SQL(mentions.OF_MEMORY_THEN if past else mentions.OF_MEMORY_NOW)
    return where.statement(BY_ID, None, temporal_view, entities=named)[0]


BY_ID_NOW = _by_id(CURRENT)


def _record(entities: list[list[Any]] | None, **columns: Any) -> MemoryRecord:
    return MemoryRecord(entities=mentions.of_column(entities), **columns)


def by_ids(
    tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], moment: dt.datetime, temporal_view: TemporalView = CURRENT
) -> dict[uuid.UUID, MemoryRecord]:
    """The memories among `ids`, in any state, with their entities and the names at that time; and pending ones that
    reserved one of the ids."""
    if not ids:
        return {}
    statement = BY_ID_NOW if temporal_view == CURRENT else _by_id(temporal_view)
    scope = MemoryScope(tenant_id, None, None)
    values = where.parameters(scope, moment, temporal_view=temporal_view) | {"ids": list(ids)}
    found = {memory.id: memory for memory in fetch.records(_record, statement, values)}
    if not temporal_view.is_historical and (missing := [i for i in ids if i not in found]):
        found.update(_by_reserved_id(tenant_id, missing, moment))
    return found


def _by_reserved_id(tenant_id: uuid.UUID, ids: list[uuid.UUID], moment: dt.datetime) -> dict[uuid.UUID, MemoryRecord]:
    """Accepted stores that are not applied, by their reserved id."""
    waiting = Source.objects.filter(tenant=tenant_id, reserved_id__in=ids, kind=SourceKind.STORE, redacted_at=None)
    return {
        source.reserved_id: _pending(source, source.reserved_id)
        for source in waiting.exclude(state=SourceState.APPLIED)
        if source.reserved_id and (source.expires_at is None or source.expires_at > moment)
    }


def _pending(source: Source, memory_id: uuid.UUID) -> MemoryRecord:
    return MemoryRecord(
        id=memory_id,
        content=source.text,
        user_id=source.user_id,
        project=source.project,
        agent_id=source.agent_id,
        run_id=source.run_id,
        metadata=source.payload.get("metadata", {}),
        memory_type=source.payload.get("memory_type") or ("fact" if source.payload.get("infer", True) else "turn"),
        pinned=False,
        importance=0.5,
        created_at=source.accepted_at,
        updated_at=source.accepted_at,
        expires_at=source.expires_at,
        valid_from=source.accepted_at,
        valid_to=None,
        status=source.state,
    )


def successor_of(tenant_id: uuid.UUID, key: uuid.UUID, temporal_view: TemporalView = CURRENT) -> uuid.UUID | None:
    """The memory that superseded this one, by an accepted review or by a write."""
    ends = Revision.objects.filter(tenant=tenant_id, memory_key=key, action=Action.SUPERSEDE).current(
        temporal_view.as_of
    )
    accepted = Review.objects.filter(tenant=tenant_id, old_key=key, state=ReviewState.ACCEPTED)
    reviewed = accepted.filter(decided_at__in=ends.values("recorded_at")).values_list("new_key", flat=True).first()
    if reviewed is not None:
        return reviewed
    named = Outcome.objects.filter(tenant=tenant_id, replaces_key=key, decision=Decision.UPDATE)
    if temporal_view.as_of is not None:
        known = Revision.objects.filter(tenant=tenant_id, recorded_at__lte=temporal_view.as_of)
        named = named.filter(
            memory_key__in=known.filter(memory_key__in=named.values("memory_key")).values("memory_key")
        )
    return named.order_by("-id").values_list("memory_key", flat=True).first()


def predecessors_of(tenant_id: uuid.UUID, key: uuid.UUID) -> list[uuid.UUID]:
    """The memories that this one superseded, and those that they superseded in turn."""
    found: dict[uuid.UUID, None] = {}
    newer = [key]
    while newer:
        named = Outcome.objects.filter(tenant=tenant_id, memory_key__in=newer, decision=Decision.UPDATE)
        older = [old for old in named.values_list("replaces_key", flat=True) if old is not None]
        accepted = Review.objects.filter(tenant=tenant_id, new_key__in=newer, state=ReviewState.ACCEPTED)
        older += accepted.values_list("old_key", flat=True)
        newer = [old for old in dict.fromkeys(older) if old not in found and old != key]
        found |= dict.fromkeys(newer)
    return list(found)


def passage_spans(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Span]:
    """The places of passages in their texts; pending writes have none."""
    rows = Passage.objects.filter(tenant=tenant_id, id__in=list(ids))
    return {key: Span(start, stop) for key, start, stop in rows.values_list("id", "start", "stop")}


def vector(
    tenant_id: uuid.UUID, key: uuid.UUID, model: str, temporal_view: TemporalView = CURRENT
) -> list[float] | None:
    """The vector of the first passage of a memory's current text."""
    texts = Revision.objects.filter(tenant=tenant_id, memory_key=key).current(temporal_view.as_of).values("text_key")
    first = Passage.objects.filter(tenant=tenant_id, text_key__in=texts, ordinal=0).values("id")
    found = Embedding.objects.filter(tenant=tenant_id, passage_key__in=first, model=model)
    row = found.values_list("vector", flat=True).first()
    return None if row is None else [float(x) for x in row]


def matching(
    scope: MemoryScope,
    moment: dt.datetime,
    condition: Filter | None,
    *,
    limit: int,
    offset: int = 0,
    before: uuid.UUID | None = None,
    waiting: bool = False,
    exclude: Sequence[uuid.UUID] = (),
    temporal_view: TemporalView = CURRENT,
) -> list[uuid.UUID]:
    """Ids of the live memories of a scope that match a filter, newest first.

    `before` starts after that memory; `waiting` adds accepted stores that are not applied, which only current reads
    include.
    """
    statement, values = where.statement(MATCHING, condition, temporal_view)
    values |= where.parameters(scope, moment, exclude=exclude, temporal_view=temporal_view)
    waiting = waiting and not temporal_view.is_historical
    values |= {"before": before, "limit": limit, "offset": offset, "pending": waiting}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row for (row,) in cursor.fetchall()]


def erasable(scope: MemoryScope, condition: Filter, *, limit: int) -> dict[uuid.UUID, list[int]]:
    """Ids of memories that match a filter, also archived, outdated or expired ones, and of accepted stores with a
    message that matches; → the positions (from 1) of the other messages of each store."""
    statement, values = where.statement(ERASABLE, condition)
    values |= where.parameters(scope, now()) | {"limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return dict(cursor.fetchall())


def count(
    scope: MemoryScope, moment: dt.datetime, condition: Filter | None, temporal_view: TemporalView = CURRENT
) -> int:
    """The number of live memories of a scope that match a filter."""
    statement, values = where.statement(COUNT, condition, temporal_view)
    with connection.cursor() as cursor:
        cursor.execute(statement, values | where.parameters(scope, moment, temporal_view=temporal_view))
        return int(cursor.fetchone()[0])


def page(
    scope: MemoryScope,
    moment: dt.datetime,
    condition: Filter | None,
    *,
    limit: int,
    offset: int,
    before: uuid.UUID | None,
    temporal_view: TemporalView = CURRENT,
) -> tuple[list[MemoryRecord], int]:
    """Live memories, newest first, and their total number."""
    total = count(scope, moment, condition, temporal_view)
    ids = matching(scope, moment, condition, limit=limit, offset=offset, before=before, temporal_view=temporal_view)
    found = by_ids(scope.tenant_id, ids, moment, temporal_view)
    return [found[i] for i in ids if i in found], total
