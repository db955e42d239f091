"""One entity, as it is known or was at a moment."""

from __future__ import annotations

import datetime as dt

from apikeys.types import Principal
from entities.models import Alias, EntityRevision, Mention
from entities.services import access
from entities.types import EntityDetail, EntityView
from memproject.common.errors import NotFound


def one(principal: Principal, entity_id: str, as_of: dt.datetime | None = None) -> EntityDetail:
    """Raises NotFound; also for what was merged into another one at that moment."""
    row = access.revision(principal, entity_id, as_of)
    if row.merged_into_key is not None:
        raise NotFound(f"Entity with ID '{entity_id}' not found")
    return detail(row, as_of)


def detail(row: EntityRevision, as_of: dt.datetime | None = None) -> EntityDetail:
    known, ours = access.known(as_of), {"tenant": row.tenant_id, "entity_key": row.entity_key}
    aliases = Alias.objects.filter(known, **ours).exclude(normalised=row.normalised).order_by("name")
    view = EntityView(
        id=row.entity_key,
        name=row.name,
        type=row.type,
        aliases=tuple(aliases.values_list("name", flat=True)),
        memory_count=Mention.objects.filter(known, **ours).count(),
        confidence=row.confidence,
    )
    if not row.candidates:
        return EntityDetail(view)
    others = EntityRevision.objects.filter(
        known, tenant=row.tenant_id, entity_key__in=row.candidates, merged_into_key=None
    )
    return EntityDetail(view, tuple(sorted(set(others.values_list("entity_key", flat=True)))))
