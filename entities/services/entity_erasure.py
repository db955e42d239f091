"""Erase what only some memories support, from all versions, names included."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence

from django.db.models import Q, QuerySet

from core.idempotency import records
from entities.graph import outbox
from entities.models import Alias, Entity, EntityRevision, Evidence, Mention, Merge, Relation
from entities.names import normal
from entities.services.disambiguation import next_disambiguator
from entities.services.lock import lock
from entities.services.unreferenced import Keys, Unreferenced, find_unreferenced
from entities.types import GraphKind, GraphScope
from webhooks import emit


def erase(tenant_id: uuid.UUID, memory_ids: Sequence[uuid.UUID]) -> Counter[str]:
    """Delete the rows that only these memories support, in every version; → deleted rows by table.

    Call it before the memories are deleted, in that transaction, under their owners' locks.
    """
    wanted = list(memory_ids)
    mentions = Mention.objects.filter(tenant=tenant_id, memory_key__in=wanted)
    evidence = Evidence.objects.filter(tenant=tenant_id, memory_key__in=wanted)
    scopes = _scopes(tenant_id, mentions, evidence)
    if not scopes and not evidence.exists():
        return Counter()
    lock(*scopes)  # merges take that lock, too
    going = find_unreferenced(tenant_id, wanted)
    counts: Counter[str] = Counter(mentions=mentions.delete()[0], evidence=evidence.delete()[0])
    _delete(tenant_id, going, counts)
    renamed = _rename(tenant_id, going)
    emit.redact(tenant_id, going.entities | renamed)
    records.redact(tenant_id, going.entities | renamed)
    outbox.note(tenant_id, GraphKind.ENTITY, going.touched)
    outbox.note(tenant_id, GraphKind.RELATION, going.stated)
    outbox.note(tenant_id, GraphKind.MEMORY, wanted)
    return +counts


def _scopes(tenant_id: uuid.UUID, mentions: QuerySet[Mention], evidence: QuerySet[Evidence]) -> set[GraphScope]:
    aliases = Alias.objects.filter(tenant=tenant_id, id__in=evidence.values("alias_key"))
    rows = Entity.objects.filter(
        Q(id__in=mentions.values("entity_key")) | Q(id__in=aliases.values("entity_key")), tenant=tenant_id
    )
    return {GraphScope(tenant_id, *scope) for scope in rows.values_list("project", "user_id").distinct()}


def _delete(tenant_id: uuid.UUID, going: Unreferenced, counts: Counter[str]) -> None:
    rows = Relation.objects.filter(tenant=tenant_id)
    counts["relations"] += rows.filter(id__in=list(going.relations)).delete()[0]
    for key, properties in going.properties.items():
        rows.filter(id=key).update(properties=properties)
    if going.entities:
        _forget_merges(tenant_id, going)
        gone = list(going.entities)
        EntityRevision.objects.filter(tenant=tenant_id, merged_into_key__in=gone).update(merged_into_key=None)
        EntityRevision.objects.filter(tenant=tenant_id, entity_key__in=gone).delete()
    aliases = Alias.objects.filter(tenant=tenant_id, id__in=list(going.aliases))
    counts["aliases"] += aliases.delete()[0] if going.aliases else 0
    if going.entities:
        entities = Entity.objects.filter(tenant=tenant_id, id__in=list(going.entities))
        counts["entities"] += entities.delete()[0]


def _forget_merges(tenant_id: uuid.UUID, going: Unreferenced) -> None:
    keys = list(going.merges)
    for model in (EntityRevision, Alias, Mention, Relation, Evidence):
        model._base_manager.filter(tenant=tenant_id, merge_key__in=keys).update(merge_key=None)
    Merge.objects.filter(tenant=tenant_id, id__in=keys).delete()


def _rename(tenant_id: uuid.UUID, going: Unreferenced) -> Keys:
    renamed = set()
    rows = EntityRevision.objects.filter(tenant=tenant_id)
    for row in rows.filter(id__in=list(going.names)).order_by("entity_key", "id"):
        name = going.names[row.id]
        rows.filter(id=row.id).update(
            name=name, normalised=normal(name), disambiguator=next_disambiguator(row, name=name)
        )
        renamed.add(row.entity_key)
    return renamed
