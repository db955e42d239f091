"""The one fence for an entity's id."""

from __future__ import annotations

import datetime as dt

from apikeys.types import Principal
from entities.models import EntityRevision
from entities.services.past import known
from memproject.common.errors import NotFound
from memproject.common.ids import ENTITY, parse


def entity(principal: Principal, entity_id: str, as_of: dt.datetime | None = None) -> EntityRevision:
    """The entity that this id meant then, for a caller who may see it; a merged one is what it was merged into.

    Unknown, malformed, erased and foreign ids all raise the same NotFound, and so do those not known yet.
    """
    key = parse(ENTITY, entity_id)
    while key is not None:
        row = EntityRevision.objects.filter(known(as_of), tenant=principal.tenant_id, entity_key=key).first()
        if row is None or not _may_see(principal, row):
            break
        if row.merged_into_key is None:
            return row
        key = row.merged_into_key
    raise NotFound(f"Entity with ID '{entity_id}' not found")


def _may_see(principal: Principal, row: EntityRevision) -> bool:
    if principal.user_id is not None and row.user_id != principal.user_id:
        return False
    return not principal.projects or row.project in principal.projects
