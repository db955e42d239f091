"""Erasing what only some memories stated of entities: gone from every moment, names included."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q

from entities.graph import outbox
from entities.models import Alias, Entity, EntityRevision, Evidence, Mention, Merge, Relation
from entities.names import normal
from entities.services.lock import lock
from entities.services.naming import free
from entities.services.withdrawing import said_by
from entities.types import GraphKind, GraphScope
from memproject.delivery import emit, receipts

Keys = set[uuid.UUID]


def erase(tenant_id: uuid.UUID, memory_ids: Sequence[uuid.UUID]) -> Counter[str]:
    """Delete what these memories stated and nobody else does, in every version; → rows gone, by table.

    An entity goes with its last mention and relation, its history and merges with it; one that stays loses the names
    that only these memories gave it. Call it before the memories go, in that transaction, under their owners' locks.
    """
    wanted = list(memory_ids)
    mentions = Mention.objects.filter(tenant=tenant_id, memory_key__in=wanted)
    evidence = Evidence.objects.filter(tenant=tenant_id, memory_key__in=wanted)
    touched = set(mentions.values_list("entity_key", flat=True))
    stated = list(evidence.values_list("relation_key", "alias_key"))
    if not touched and not stated:
        return Counter()
    aliases = Alias.objects.filter(tenant=tenant_id, id__in=[a for _, a in stated if a])
    touched |= set(aliases.values_list("entity_key", flat=True))
    lock(*_scopes(tenant_id, touched))
    counts: Counter[str] = Counter(mentions=mentions.delete()[0], evidence=evidence.delete()[0])
    relations = {r for r, _ in stated if r}
    touched |= _relations(tenant_id, relations, counts)
    lost = _aliases(tenant_id, {a for _, a in stated if a}, counts)
    gone = _entities(tenant_id, touched, counts)
    renamed = _rename(tenant_id, {key: names for key, names in lost.items() if key not in gone})
    emit.blank(tenant_id, gone | renamed)
    receipts.blank(tenant_id, gone | renamed)
    outbox.note(tenant_id, GraphKind.ENTITY, touched)
    outbox.note(tenant_id, GraphKind.RELATION, relations)
    outbox.note(tenant_id, GraphKind.MEMORY, wanted)
    return +counts


def _scopes(tenant_id: uuid.UUID, keys: Iterable[uuid.UUID]) -> set[GraphScope]:
    rows = Entity.objects.filter(tenant=tenant_id, id__in=list(keys)).values_list("project", "user_id").distinct()
    return {GraphScope(tenant_id, project, user) for project, user in rows}


def _relations(tenant_id: uuid.UUID, keys: Keys, counts: Counter[str]) -> Keys:
    """Delete those that nobody states any more; the others say only what the rest says. → the ends of what is gone."""
    left: dict[uuid.UUID | None, list[Evidence]] = defaultdict(list)
    for e in Evidence.objects.filter(tenant=tenant_id, relation_key__in=list(keys)).order_by("id"):
        left[e.relation_key].append(e)
    rows = Relation.objects.filter(tenant=tenant_id, id__in=list(keys))
    going = rows.filter(id__in=list(keys - set(left)))
    ends = {key for pair in going.values_list("source_key", "target_key") for key in pair}
    counts["relations"] += going.delete()[0]
    for row in rows:
        if row.properties != (said := said_by(left[row.id])):
            rows.filter(id=row.id).update(properties=said)
    return ends


def _aliases(tenant_id: uuid.UUID, keys: Keys, counts: Counter[str]) -> dict[uuid.UUID, set[str]]:
    """Delete those that nobody uses any more; → the names that each entity lost, as they are compared."""
    kept = Evidence.objects.filter(tenant=tenant_id, alias_key__in=list(keys)).values_list("alias_key", flat=True)
    going = Alias.objects.filter(tenant=tenant_id, id__in=list(keys - set(kept)))
    lost: dict[uuid.UUID, set[str]] = defaultdict(set)
    for entity, name in going.values_list("entity_key", "normalised"):
        lost[entity].add(name)
    counts["aliases"] += going.delete()[0]
    left = Alias.objects.filter(tenant=tenant_id, entity_key__in=list(lost))
    for entity, name in left.values_list("entity_key", "normalised"):
        lost[entity].discard(name)
    return {entity: names for entity, names in lost.items() if names}


def _entities(tenant_id: uuid.UUID, keys: Keys, counts: Counter[str]) -> Keys:
    """Delete those of which nothing is left but names; → which."""
    related = Relation.objects.filter(
        Q(source_key__in=list(keys)) | Q(target_key__in=list(keys)), tenant=tenant_id
    ).values_list("source_key", "target_key")
    mentioned = Mention.objects.filter(tenant=tenant_id, entity_key__in=list(keys))
    gone = keys - {end for pair in related for end in pair} - set(mentioned.values_list("entity_key", flat=True))
    into = EntityRevision.objects.filter(tenant=tenant_id, merged_into_key__in=list(gone), retired_at=None)
    gone -= set(into.exclude(entity_key__in=list(gone)).values_list("merged_into_key", flat=True))
    if not gone:
        return set()
    _forget_merges(tenant_id, gone, counts)
    ours = {"tenant": tenant_id, "entity_key__in": list(gone)}
    EntityRevision.objects.filter(tenant=tenant_id, merged_into_key__in=list(gone)).update(merged_into_key=None)
    EntityRevision.objects.filter(**ours).delete()
    counts["aliases"] += Alias.objects.filter(**ours).delete()[0]
    counts["entities"] += Entity.objects.filter(tenant=tenant_id, id__in=list(gone)).delete()[0]
    return gone


def _forget_merges(tenant_id: uuid.UUID, gone: Collection[uuid.UUID], counts: Counter[str]) -> None:
    """A merge with what is gone can't be undone; the names that it brought along go with it."""
    merges = Merge.objects.filter(Q(loser_key__in=list(gone)) | Q(winner_key__in=list(gone)), tenant=tenant_id)
    keys = list(merges.values_list("id", flat=True))
    brought = Alias.objects.filter(tenant=tenant_id, merge_key__in=keys)
    stated = Evidence.objects.filter(tenant=tenant_id, alias_key__in=brought.values("id"))
    used = set(stated.values_list("alias_key", flat=True))
    counts["aliases"] += brought.exclude(id__in=list(used)).delete()[0]
    for model in (EntityRevision, Alias, Mention, Relation, Evidence):
        model._base_manager.filter(tenant=tenant_id, merge_key__in=keys).update(merge_key=None)
    merges.delete()


def _rename(tenant_id: uuid.UUID, lost: dict[uuid.UUID, set[str]]) -> Keys:
    """Who was called by a name that is gone is called by the fullest one left, then and now."""
    renamed = set()
    aliases = Alias.objects.filter(tenant=tenant_id, entity_key__in=list(lost))
    left: dict[uuid.UUID, list[tuple[bool, int, str]]] = defaultdict(list)
    for entity, name, retired_at in aliases.values_list("entity_key", "name", "retired_at"):
        left[entity].append((retired_at is None, len(name), name))
    rows = EntityRevision.objects.filter(tenant=tenant_id, entity_key__in=list(left))
    for row in rows.order_by("entity_key", "id"):
        if row.normalised in lost[row.entity_key]:
            _, _, name = max(left[row.entity_key])
            rows.filter(id=row.id).update(name=name, normalised=normal(name), disambiguator=free(row, name=name))
            renamed.add(row.entity_key)
    return renamed
