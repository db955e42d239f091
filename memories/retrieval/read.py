"""Reading memories as they stand now: by id, by scope, with their voice."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from memories.models import Memory, Passage, Revision, Source
from memories.querysets import RevisionQuerySet
from memories.types import MemoryView, Scope, SourceKind, SourceState


def live(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], moment: dt.datetime) -> dict[uuid.UUID, MemoryView]:
    """The live memories among `ids`, and pending ones that were promised one of them."""
    revisions = Revision.objects.filter(tenant=tenant_id, memory_key__in=ids).alive(moment)
    found = {view.id: view for view in views(tenant_id, revisions)}
    if missing := [i for i in ids if i not in found]:
        waiting = Source.objects.filter(tenant=tenant_id, allocated_id__in=missing, kind=SourceKind.STORE)
        waiting = waiting.exclude(state=SourceState.APPLIED).filter(blanked_at=None)
        found.update(
            (source.allocated_id, _pending(source))
            for source in waiting
            if source.allocated_id and (source.expires_at is None or source.expires_at > moment)
        )
    return found


def views(tenant_id: uuid.UUID, revisions: RevisionQuerySet) -> list[MemoryView]:
    """Revisions of one tenant as readers see them: two statements, whatever their number."""
    rows = list(revisions.select_related("memory"))
    voices = _voices(tenant_id, [r.text_key for r in rows])
    return [_view(row, row.memory, voices.get(row.text_key, (None, None))) for row in rows]


def _voices(tenant_id: uuid.UUID, texts: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str | None, dt.datetime]]:
    passages = Passage.objects.filter(tenant=tenant_id, text_key__in=list(texts), ordinal=0)
    return {
        text: (speaker or role, said_at)
        for text, speaker, role, said_at in passages.values_list("text_key", "speaker", "role", "said_at")
    }


def _view(row: Revision, memory: Memory, voice: tuple[str | None, dt.datetime | None]) -> MemoryView:
    return MemoryView(
        id=row.memory_key,
        content=row.content,
        user_id=row.user_id,
        project=row.project,
        agent_id=row.agent_id,
        run_id=row.run_id,
        metadata=row.metadata,
        memory_type=row.memory_type,
        pinned=memory.pinned,
        importance=memory.importance,
        created_at=memory.created_at,
        updated_at=row.recorded_at,
        expires_at=row.expires_at,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        speaker=voice[0],
        said_at=voice[1],
    )


def _pending(source: Source) -> MemoryView:
    assert source.allocated_id is not None
    return MemoryView(
        id=source.allocated_id,
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
    return views(scope.tenant_id, rows.order_by("-memory_key")[offset : offset + limit]), total
