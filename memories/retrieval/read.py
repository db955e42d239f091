"""Reading memories as they stand now: by id, by scope, with their voice."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence

from django.db import connection

from memories.models import Revision, Source
from memories.types import MemoryView, Scope, SourceKind, SourceState

# Live memories by their ids, in one round trip; the columns stand in the order of MemoryView's fields. Rows of the ORM
# cost three times as much, and every recall reads ten of them.
LIVE = """
SELECT r.memory_key, r.content, r.user_id, r.project, r.agent_id, r.run_id, r.metadata, r.memory_type,
       m.pinned, m.importance, m.created_at, r.recorded_at, r.expires_at, r.valid_from, r.valid_to,
       'active', coalesce(p.speaker, p.role), p.said_at
FROM memories_revision r
JOIN memories_memory m ON m.tenant_id = r.tenant_id AND m.id = r.memory_key
LEFT JOIN memories_passage p ON p.tenant_id = r.tenant_id AND p.text_key = r.text_key AND p.ordinal = 0
WHERE r.tenant_id = %(tenant)s AND r.memory_key = ANY(%(ids)s)
  AND r.retired_at IS NULL AND NOT r.archived
  AND (r.valid_to IS NULL OR r.valid_to > %(moment)s)
  AND (r.expires_at IS NULL OR r.expires_at > %(moment)s)
"""
METADATA = 6


def live(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], moment: dt.datetime) -> dict[uuid.UUID, MemoryView]:
    """The live memories among `ids`, and pending ones that were promised one of them."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE, {"tenant": tenant_id, "ids": list(ids), "moment": moment})
        rows = [list(row) for row in cursor.fetchall()]
    for row in rows:
        row[METADATA] = json.loads(row[METADATA])  # Django leaves jsonb to its fields: a cursor gives text
    found = {row[0]: MemoryView(*row) for row in rows}
    if missing := [i for i in ids if i not in found]:
        found.update(_promised(tenant_id, missing, moment))
    return found


def _promised(tenant_id: uuid.UUID, ids: list[uuid.UUID], moment: dt.datetime) -> dict[uuid.UUID, MemoryView]:
    """Accepted stores that are not applied, by the id that they were promised."""
    waiting = Source.objects.filter(tenant=tenant_id, allocated_id__in=ids, kind=SourceKind.STORE, blanked_at=None)
    return {
        source.allocated_id: _pending(source, source.allocated_id)
        for source in waiting.exclude(state=SourceState.APPLIED)
        if source.allocated_id and (source.expires_at is None or source.expires_at > moment)
    }


def _pending(source: Source, memory_id: uuid.UUID) -> MemoryView:
    return MemoryView(
        id=memory_id,
        content=source.text,
        user_id=source.user_id,
        project=source.project,
        agent_id=source.agent_id,
        run_id=source.run_id,
        metadata=source.payload.get("metadata", {}),
        memory_type=source.payload.get("memory_type") or "fact",
        pinned=False,
        importance=0.5,
        created_at=source.accepted_at,
        updated_at=source.accepted_at,
        expires_at=source.expires_at,
        valid_from=source.accepted_at,
        valid_to=None,
        status=source.state,
    )


def page(
    scope: Scope, moment: dt.datetime, *, limit: int, offset: int, before: uuid.UUID | None
) -> tuple[list[MemoryView], int]:
    """Live memories, newest first, and how many there are in all. `before` starts after that memory."""
    rows = Revision.objects.in_scope(scope).alive(moment)
    total = rows.count()
    if before is not None:
        rows = rows.filter(memory_key__lt=before)
    ids = list(rows.order_by("-memory_key").values_list("memory_key", flat=True)[offset : offset + limit])
    found = live(scope.tenant_id, ids, moment)
    return [found[i] for i in ids if i in found], total
