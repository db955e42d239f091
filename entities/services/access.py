"""From a caller and an id to the entity that it may touch: the one fence for ids of entities."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from apikeys.types import Principal
from entities.models import EntityRevision
from entities.services.lock import lock
from entities.types import GraphScope
from memproject.common.errors import Conflict, NotFound
from memproject.common.ids import ENTITY, parse, public


def known(at: dt.datetime | None) -> Q:
    """Rows as they were known at a moment; None: as they are."""
    if at is None:
        return Q(retired_at=None)
    return Q(recorded_at__lte=at) & (Q(retired_at=None) | Q(retired_at__gt=at))


def revision(principal: Principal, entity_id: str, at: dt.datetime | None = None) -> EntityRevision:
    """The word about an entity at a moment, the last one unless said.

    Unknown, malformed, erased and foreign ids all raise the same NotFound.
    """
    key = parse(ENTITY, entity_id)
    rows = EntityRevision.objects.filter(known(at), tenant=principal.tenant_id)
    if principal.user_id is not None:
        rows = rows.filter(user_id=principal.user_id)
    if principal.projects:
        rows = rows.filter(project__in=principal.projects)
    row = rows.filter(entity_key=key).order_by("-recorded_at").first() if key is not None else None
    if row is None:
        raise NotFound(f"Entity with ID '{entity_id}' not found")
    return row


def locked(principal: Principal, entity_id: str) -> EntityRevision:
    """The last word about an entity, under its owner's lock; Conflict when it was merged into another one."""
    found = revision(principal, entity_id)
    lock(scope_of(found))
    row = revision(principal, entity_id)
    if row.merged_into_key is not None:
        into = public(ENTITY, row.merged_into_key)
        raise Conflict("This entity was merged into another one. Split that one first.", merged_into=into)
    return row


def scope_of(row: EntityRevision) -> GraphScope:
    return GraphScope(row.tenant_id, row.project, row.user_id)
