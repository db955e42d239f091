"""Access checks of entity ids."""

from __future__ import annotations

import datetime as dt

from apikeys.types import Principal
from core.errors import Conflict, NotFound
from core.ids import ENTITY, parse, public
from entities.models import EntityRevision
from entities.services.bitemporal import recorded_at_time
from entities.services.lock import lock
from entities.types import GraphScope


def entity(principal: Principal, entity_id: str, as_of: dt.datetime | None = None) -> EntityRevision:
    """The entity with this id at `as_of`, if the caller may read it; for a merged one its target.

    Raises the same NotFound for unknown, malformed, erased and foreign ids, and for entities not known at `as_of`.
    """
    key = parse(ENTITY, entity_id)
    while key is not None:
        row = EntityRevision.objects.filter(recorded_at_time(as_of), tenant=principal.tenant_id, entity_key=key).first()
        if row is None or not _may_see(principal, row):
            break
        if row.merged_into_key is None:
            return row
        key = row.merged_into_key
    raise NotFound(f"Entity with ID '{entity_id}' not found")


def locked(principal: Principal, entity_id: str) -> EntityRevision:
    """The current revision of an entity that is to change, under its owner's lock.

    Raises NotFound as `entity` does, and Conflict if it was merged into another one.
    """
    lock(scope_of(last(principal, entity_id)))
    row = last(principal, entity_id)
    if row.merged_into_key is not None:
        into = public(ENTITY, row.merged_into_key)
        raise Conflict("This entity was merged into another one: split that one first.", merged_into=into)
    return row


def scope_of(row: EntityRevision) -> GraphScope:
    return GraphScope(row.tenant_id, row.project, row.user_id)


def last(principal: Principal, entity_id: str) -> EntityRevision:
    """The current revision of an entity, merged or not. Raises NotFound as `entity` does."""
    key = parse(ENTITY, entity_id)
    rows = EntityRevision.objects.filter(tenant=principal.tenant_id, retired_at=None)
    row = rows.filter(entity_key=key).first() if key is not None else None
    if row is None or not _may_see(principal, row):
        raise NotFound(f"Entity with ID '{entity_id}' not found")
    return row


def _may_see(principal: Principal, row: EntityRevision) -> bool:
    if principal.user_id is not None and row.user_id != principal.user_id:
        return False
    return not principal.projects or row.project in principal.projects
