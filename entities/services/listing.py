"""Read entities: a list, and the memories that mention one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings
from django.db.models import Count

from apikeys.types import Principal
from core.errors import InvalidRequest
from core.ids import ENTITY, parse, public
from entities import names
from entities.models import Alias, EntityRevision, Mention
from entities.services.bitemporal import recorded_at_time
from entities.types import EntityPage, EntityQuery, EntityRecord


def list_page(principal: Principal, query: EntityQuery) -> EntityPage:
    """Entities of one user, newest first, in the named project or in all projects of the caller."""
    before = parse(ENTITY, query.cursor) if query.cursor else None
    if query.cursor and before is None:
        raise InvalidRequest("cursor: must be the next_cursor of an earlier page", field="cursor")
    user_id = principal.acting_user(query.user_id, settings.DEFAULT_USER_ID)
    rows = EntityRevision.objects.filter(
        recorded_at_time(query.as_of), tenant=principal.tenant_id, user_id=user_id, merged_into_key=None
    )
    if (projects := principal.all_projects(query.project)) is not None:
        rows = rows.filter(project__in=projects)
    if query.type is not None:
        rows = rows.filter(type__iexact=query.type)
    if query.query is not None:
        rows = rows.filter(normalised__contains=names.normal(query.query))
    total = rows.count()
    if before is not None:
        rows = rows.filter(entity_key__lt=before)
    found = list(rows.order_by("-entity_key")[: query.limit + 1])
    shown = found[: query.limit]
    cursor = public(ENTITY, shown[-1].entity_key) if len(found) > query.limit else None
    return EntityPage(views(principal.tenant_id, shown, query.as_of), total, cursor)


def named(tenant_id: uuid.UUID, user_id: str, projects: Sequence[str] | None, name: str) -> list[uuid.UUID]:
    """Entities of a user with this id, name or alias, ignoring case."""
    rows = EntityRevision.objects.filter(tenant=tenant_id, user_id=user_id, retired_at=None, merged_into_key=None)
    if projects is not None:
        rows = rows.filter(project__in=projects)
    if (key := parse(ENTITY, name)) is not None:
        return list(rows.filter(entity_key=key).values_list("entity_key", flat=True))
    wanted = names.normal(name)
    called = Alias.objects.filter(tenant=tenant_id, normalised=wanted, retired_at=None).values("entity_key")
    by_name = rows.filter(normalised=wanted).values_list("entity_key", flat=True)
    return list({*by_name, *rows.filter(entity_key__in=called).values_list("entity_key", flat=True)})


def mentioning(tenant_id: uuid.UUID, entity_ids: Sequence[uuid.UUID], limit: int) -> list[uuid.UUID]:
    """At most `limit` memories that mention one of these entities."""
    rows = Mention.objects.filter(tenant=tenant_id, entity_key__in=list(entity_ids), retired_at=None)
    return list(rows.order_by("memory_key").values_list("memory_key", flat=True).distinct()[:limit])


def views(
    tenant_id: uuid.UUID, rows: Sequence[EntityRevision], as_of: dt.datetime | None = None
) -> tuple[EntityRecord, ...]:
    """Records with aliases and counts; the current name is left out of the aliases."""
    keys = [row.entity_key for row in rows]
    aliases: dict[uuid.UUID, list[str]] = defaultdict(list)
    said = Alias.objects.filter(recorded_at_time(as_of), tenant=tenant_id, entity_key__in=keys).order_by("name")
    called = {row.entity_key: row.normalised for row in rows}
    for key, name, form in said.values_list("entity_key", "name", "normalised"):
        if form != called[key]:
            aliases[key].append(name)
    mentions = Mention.objects.filter(recorded_at_time(as_of), tenant=tenant_id, entity_key__in=keys)
    counts = dict(mentions.values_list("entity_key").annotate(Count("id")))
    return tuple(
        EntityRecord(
            id=r.entity_key,
            name=r.name,
            type=r.type,
            aliases=tuple(name for name in aliases[r.entity_key] if name != r.name),
            memory_count=counts.get(r.entity_key, 0),
            confidence=r.confidence,
        )
        for r in rows
    )
