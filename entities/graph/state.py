"""The state that an object should have in the graph, read from the tables of this app."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet

from core.tenancy import across_tenants
from entities.models import Entity, EntityRevision, Mention, Relation
from entities.relation_types import RELATED_TO, RELATION_TYPES
from entities.types import GraphKind

Values = dict[str, Any]
StatesById = dict[uuid.UUID, Values]


def read(tenant_id: uuid.UUID, kind: GraphKind, ids: Sequence[uuid.UUID]) -> StatesById:
    """The properties of the objects that exist; missing ones were erased. No property is null."""
    return READERS[kind](tenant_id, ids)


def tenants() -> list[uuid.UUID]:
    """All tenants with entities, in the order of their ids."""
    with across_tenants("which tenants have a graph"):
        return sorted(Entity.objects.values_list("tenant_id", flat=True).distinct())


def objects(tenant_id: uuid.UUID, kind: GraphKind, after: uuid.UUID | None = None) -> QuerySet[Any, uuid.UUID]:
    """The ids of all objects of a kind, in order, after `after`."""
    if kind == GraphKind.ENTITY:
        entities = Entity.objects.filter(tenant=tenant_id, **_beyond("id", after))
        return entities.order_by("id").values_list("id", flat=True)
    if kind == GraphKind.RELATION:
        relations = Relation.objects.filter(tenant=tenant_id, **_beyond("id", after))
        return relations.order_by("id").values_list("id", flat=True)
    mentions = Mention.objects.filter(tenant=tenant_id, **_beyond("memory_key", after))
    return mentions.order_by("memory_key").values_list("memory_key", flat=True).distinct()


def relationship(of_type: str) -> str:
    """The type of the relationship in the graph, always one of the fixed list."""
    return of_type if of_type in RELATION_TYPES else RELATED_TO


def _beyond(column: str, after: uuid.UUID | None) -> dict[str, uuid.UUID]:
    return {} if after is None else {f"{column}__gt": after}


def _entities(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> StatesById:
    """An entity has the name of its last revision; a merged one has the id of its target."""
    rows = Entity.objects.filter(tenant=tenant_id, id__in=ids)
    found = {e.id: _known(tenant=tenant_id, id=e.id, project=e.project, user_id=e.user_id) for e in rows}
    revisions = EntityRevision.objects.filter(tenant=tenant_id, entity_key__in=list(found))
    for r in revisions.order_by("entity_key", "-recorded_at", "-id").distinct("entity_key"):
        found[r.entity_key] |= _known(name=r.name, type=r.type, merged_into=r.merged_into_key)
    return found


def _relations(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> StatesById:
    rows = Relation.objects.filter(tenant=tenant_id, id__in=ids)
    return {
        r.id: _known(
            tenant=tenant_id,
            id=r.id,
            project=r.project,
            user_id=r.user_id,
            source=r.source_key,
            target=r.target_key,
            type=r.type,
            confidence=r.confidence,
            valid_from=r.valid_from,
            valid_to=r.valid_to,
            recorded_at=r.recorded_at,
            retired_at=r.retired_at,
        )
        for r in rows
    }


def _memories(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> StatesById:
    mentions: dict[uuid.UUID, list[Values]] = defaultdict(list)
    for m in Mention.objects.filter(tenant=tenant_id, memory_key__in=ids).order_by("id"):
        mentions[m.memory_key].append(
            _known(
                tenant=tenant_id,
                id=m.id,
                entity=m.entity_key,
                confidence=m.confidence,
                recorded_at=m.recorded_at,
                retired_at=m.retired_at,
            )
        )
    return {key: _known(tenant=tenant_id, id=key) | {"mentions": found} for key, found in mentions.items()}


def _known(**values: Any) -> Values:
    """Properties in the form of the graph: no nulls, and ids as text."""
    return {k: str(v) if isinstance(v, uuid.UUID) else v for k, v in values.items() if v is not None}


READERS: dict[GraphKind, Callable[[uuid.UUID, Sequence[uuid.UUID]], StatesById]] = {
    GraphKind.ENTITY: _entities,
    GraphKind.RELATION: _relations,
    GraphKind.MEMORY: _memories,
}
