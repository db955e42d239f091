"""Relations for readers, with the names of their ends at a point in time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from django.db.models import Q

from apikeys.types import Principal
from entities.models import EntityRevision, Relation
from entities.services import entity_access
from entities.services.bitemporal import recorded_at_time, valid_at_time
from entities.types import Node, PointInTime, RelationRecord


def of(
    principal: Principal, entity_id: str, moment: PointInTime, *, history: bool, limit: int
) -> tuple[list[RelationRecord], bool]:
    """The relations of an entity in either direction, last recorded first, and whether there are more.

    With `history` also relations that are past or future. Raises NotFound.
    """
    entity = entity_access.entity(principal, entity_id, moment.system_time)
    key = entity.entity_key
    rows = Relation.objects.filter(
        recorded_at_time(moment.system_time), Q(source_key=key) | Q(target_key=key), tenant=entity.tenant_id
    )
    if not history:
        rows = rows.filter(valid_at_time(moment.valid_time))
    found = list(rows.order_by("-recorded_at", "-id")[: limit + 1])
    return views(entity.tenant_id, found[:limit], moment), len(found) > limit


def by_ids(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], moment: PointInTime) -> list[RelationRecord]:
    """The current ones of these relations, in the order of `ids`: the graph may be behind."""
    if not ids:
        return []
    rows = Relation.objects.filter(
        recorded_at_time(moment.system_time), valid_at_time(moment.valid_time), tenant=tenant_id, id__in=ids
    )
    found = {row.id: row for row in rows}
    return views(tenant_id, [found[key] for key in ids if key in found], moment)


def views(tenant_id: uuid.UUID, rows: Sequence[Relation], moment: PointInTime) -> list[RelationRecord]:
    named = nodes(tenant_id, {key for row in rows for key in (row.source_key, row.target_key)}, moment.system_time)
    return [
        RelationRecord(
            id=row.id,
            source_id=row.source_key,
            target_id=row.target_key,
            source=named[row.source_key].name,
            target=named[row.target_key].name,
            type=row.type,
            properties=row.properties,
            confidence=row.confidence,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            is_current=_holds(row, moment.valid_time),
        )
        for row in rows
        if row.source_key in named and row.target_key in named
    ]


def nodes(tenant_id: uuid.UUID, keys: Iterable[uuid.UUID], as_of: dt.datetime) -> dict[uuid.UUID, Node]:
    """These entities with their names at that time; merged and not yet known ones are left out."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = EntityRevision.objects.filter(
        recorded_at_time(as_of), tenant=tenant_id, entity_key__in=wanted, merged_into_key=None
    )
    return {key: Node(key, name, type) for key, name, type in rows.values_list("entity_key", "name", "type")}


def _holds(row: Relation, at: dt.datetime) -> bool:
    return (row.valid_from is None or row.valid_from <= at) and (row.valid_to is None or row.valid_to > at)
