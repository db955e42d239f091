"""One entity, at a point in time."""

from __future__ import annotations

import datetime as dt

from apikeys.types import Principal
from entities.models import EntityRevision
from entities.services import entity_access
from entities.services.bitemporal import recorded_at_time
from entities.services.listing import views
from entities.types import EntityDetail


def get_entity(principal: Principal, entity_id: str, as_of: dt.datetime | None = None) -> EntityDetail:
    """The entity, or the target of its merge. Raises NotFound."""
    return detail(entity_access.entity(principal, entity_id, as_of), as_of)


def detail(row: EntityRevision, as_of: dt.datetime | None = None) -> EntityDetail:
    (view,) = views(row.tenant_id, [row], as_of)
    if not row.candidates:
        return EntityDetail(view)
    others = EntityRevision.objects.filter(
        recorded_at_time(as_of), tenant=row.tenant_id, entity_key__in=row.candidates, merged_into_key=None
    )
    return EntityDetail(view, tuple(sorted(set(others.values_list("entity_key", flat=True)))))
