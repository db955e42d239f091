"""The entities and relations of memories, and the most mentioned entities of a user."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, QuerySet

from apikeys.types import Principal
from core.postgres import fetch
from entities.models import EntityRevision, Mention
from entities.services import entity_access
from entities.services.bitemporal import recorded_at_time
from entities.types import NO_ENTITIES, EntityRef, MemoryEntities, Mentioned, StatedRef, TopEntity

# The mentions (without a relation) and stated relations of the memory of a row `r`, as a column: JSON rows of relation,
# entity, name, type and confidence, in the order of their recording.
OF_MEMORY = """(
    SELECT jsonb_agg(jsonb_build_array(x.relation, x.entity_key, x.name, x.type, x.confidence) ORDER BY x.place)
    FROM (
        SELECT NULL::text AS relation, e.entity_key, e.name, e.type, m.confidence, m.id AS place
        FROM entities_mention m
        JOIN entities_entityrevision e ON e.tenant_id = m.tenant_id AND e.entity_key = m.entity_key
        WHERE m.tenant_id = %(tenant)s AND m.memory_key = r.memory_key AND {m} AND {e}
        UNION ALL
        SELECT v.type, e.entity_key, e.name, e.type, v.confidence, v.id
        FROM (SELECT l.* FROM entities_evidence h
              JOIN entities_relation l ON l.tenant_id = h.tenant_id AND l.id = h.relation_key
              WHERE h.tenant_id = %(tenant)s AND h.memory_key = r.memory_key AND {h} AND {l}) v
        JOIN entities_entityrevision e ON e.tenant_id = v.tenant_id AND e.entity_key = v.target_key
        WHERE e.tenant_id = %(tenant)s AND {e}
    ) x
)"""
OF_MEMORIES = "SELECT r.memory_key, {column} AS entities FROM unnest(%(ids)s::uuid[]) AS r(memory_key)"
OPEN = "{row}.retired_at IS NULL"
THEN = "{row}.recorded_at <= %(as_of)s AND ({row}.retired_at IS NULL OR {row}.retired_at > %(as_of)s)"


def _filled(live: str) -> str:
    """Insert the condition for each table, once, when this module is loaded."""
    return OF_MEMORY.format(**{row: live.replace("{row}", row) for row in "mehl"})


OF_MEMORY_NOW, OF_MEMORY_THEN = _filled(OPEN), _filled(THEN)


def of_column(rows: Sequence[Sequence[Any]] | None) -> MemoryEntities:
    """The value of OF_MEMORY."""
    if not rows:
        return NO_ENTITIES
    named = [
        EntityRef(uuid.UUID(key), name, kind, float(sure))
        for relation, key, name, kind, sure in rows
        if relation is None
    ]
    stated = [StatedRef(relation, name, float(sure)) for relation, _, name, _, sure in rows if relation is not None]
    return MemoryEntities(tuple(named), tuple(stated))


def of_memories(
    tenant_id: uuid.UUID, memory_ids: Sequence[uuid.UUID], as_of: dt.datetime | None = None
) -> Mapping[uuid.UUID, MemoryEntities]:
    """The mentions and relations of each memory, with the names at `as_of`; memories without any are left out.

    One statement; none without memories.
    """
    if not memory_ids:
        return {}
    column = OF_MEMORY_NOW if as_of is None else OF_MEMORY_THEN
    values = {"tenant": tenant_id, "ids": list(memory_ids)} | ({} if as_of is None else {"as_of": as_of})
    rows = fetch.rows(OF_MEMORIES.format(column=column), values)
    return {memory: of_column(entities) for memory, entities in rows if entities}


def mentioning(principal: Principal, entity_id: str, as_of: dt.datetime | None = None) -> Mentioned:
    """The memories that mention an entity, in any state. Raises NotFound."""
    row = entity_access.entity(principal, entity_id, as_of)
    rows = Mention.objects.filter(recorded_at_time(as_of), tenant=row.tenant_id, entity_key=row.entity_key)
    ids = rows.order_by("-memory_key").values_list("memory_key", flat=True)
    return Mentioned(row.user_id, row.project, tuple(ids))


def most_mentioned(
    tenant_id: uuid.UUID, user_id: str, projects: Sequence[str] | None, limit: int, as_of: dt.datetime | None = None
) -> list[TopEntity]:
    """The entities that most memories of a user mention; `projects` None: in all projects."""
    named = in_scope(tenant_id, user_id, projects, as_of)
    mentions = Mention.objects.filter(
        recorded_at_time(as_of), tenant=tenant_id, entity_key__in=named.values("entity_key")
    )
    counted = mentions.values_list("entity_key").annotate(number=Count("id")).order_by("-number", "entity_key")
    counts = dict(counted[:limit])
    rows = {row.entity_key: row for row in named.filter(entity_key__in=list(counts))} if counts else {}
    return [TopEntity(key, rows[key].name, rows[key].type, n) for key, n in counts.items() if key in rows]


def number_of(
    tenant_id: uuid.UUID, user_id: str, projects: Sequence[str] | None, as_of: dt.datetime | None = None
) -> int:
    """The number of known entities of a user."""
    return in_scope(tenant_id, user_id, projects, as_of).count()


def in_scope(
    tenant_id: uuid.UUID, user_id: str, projects: Sequence[str] | None, as_of: dt.datetime | None
) -> QuerySet[EntityRevision, EntityRevision]:
    rows = EntityRevision.objects.filter(
        recorded_at_time(as_of), tenant=tenant_id, user_id=user_id, merged_into_key=None
    )
    return rows if projects is None else rows.filter(project__in=list(projects))
