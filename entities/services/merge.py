"""Merge entities, and split them again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction

from apikeys.types import Principal
from core.clock import now
from core.errors import Conflict, InvalidRequest, NotFound
from core.ids import MERGE, parse
from entities.models import EntityRevision, Merge
from entities.services import entity_access, entity_events
from entities.services.entity_detail import detail
from entities.services.merge_rows import merge_rows, unmerge_rows
from entities.types import EntityDetail, Merged


def merge(principal: Principal, source_ids: Sequence[str], target_id: str) -> Merged:
    """Merge each of the sources into the target, which keeps its name; all of them or none. → the target.

    Raises NotFound, Conflict (merged already) and InvalidRequest (itself, named twice, or another owner's).
    """
    if target_id in source_ids or len(set(source_ids)) != len(source_ids):
        raise InvalidRequest("source_ids: each must be another entity than the target, named once", field="source_ids")
    with transaction.atomic():
        target = entity_access.locked(principal, target_id)
        scope = entity_access.scope_of(target)
        sources = [entity_access.last(principal, source_id) for source_id in source_ids]
        if any(entity_access.scope_of(source) != scope for source in sources):
            raise InvalidRequest("source_ids: must be of the target's user and project", field="source_ids")
        locked = [entity_access.locked(principal, source_id) for source_id in source_ids]
        made = [_merge(source, target, principal.caller) for source in locked]
        entity_events.emit_merged(list(zip(made, locked, strict=True)), target)
        return Merged(detail(target), tuple(row.id for row in made))


def split(principal: Principal, entity_id: str, merge_id: str | None = None) -> EntityDetail:
    """Reverse a merge into this entity, by default the last one: each side gets its rows back. → the entity.

    Rows that were added after the merge stay with it. Raises NotFound and Conflict (nothing to undo, or itself merged).
    """
    with transaction.atomic():
        target = entity_access.locked(principal, entity_id)
        merges = Merge.objects.filter(tenant=target.tenant_id, target_key=target.entity_key, undone_at=None)
        active = list(merges.order_by("-recorded_at", "-id"))
        key = None if merge_id is None else parse(MERGE, merge_id)
        if merge_id is not None and key not in {row.id for row in active}:
            raise NotFound("merge_id: this entity has no such merge", field="merge_id")
        if not active:
            raise Conflict("Nothing is merged into this entity.")
        _undo(active, key or active[0].id, target, principal.caller)
        return detail(target)


def _merge(source: EntityRevision, target: EntityRevision, actor: str) -> Merge:
    row = Merge(
        tenant_id=target.tenant_id,
        source_key=source.entity_key,
        target_key=target.entity_key,
        actor=actor,
        recorded_at=now(),
    )
    Merge.objects.bulk_create([row])
    merge_rows(row, source, target, actor)
    return row


def _undo(active: Sequence[Merge], wanted: uuid.UUID, target: EntityRevision, actor: str) -> None:
    """Merges are undone in reverse order: the later ones are reversed first, and applied again afterwards."""
    place = next(i for i, row in enumerate(active) if row.id == wanted)
    for row in active[: place + 1]:
        unmerge_rows(row, target, actor)
    undone = Merge.objects.filter(tenant=target.tenant_id, id=wanted)
    undone.update(undone_at=now())
    for row in reversed(active[:place]):
        row.recorded_at = now()
        Merge.objects.filter(tenant=target.tenant_id, id=row.id).update(recorded_at=row.recorded_at)
        source = EntityRevision.objects.get(tenant=row.tenant_id, entity_key=row.source_key, retired_at=None)
        merge_rows(row, source, target, actor)
