"""Find the rows of entities, aliases, relations and merges that only some given memories support.

An erasure deletes these rows, and an export leaves them out if the memories have expired.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from entities.models import Alias, EntityRevision, Evidence, Mention, Merge, Relation

Keys = set[uuid.UUID]


@dataclass(slots=True)
class Unreferenced:
    """Sets of ids. `touched` and `stated`: the entities and relations that the memories mention; the other sets: rows
    to leave out.

    `properties`: the new properties of relations that stay; `names`: the new names of revisions that stay, by their id.
    """

    memories: Keys = field(default_factory=set)
    touched: Keys = field(default_factory=set)
    stated: Keys = field(default_factory=set)
    relations: Keys = field(default_factory=set)
    aliases: Keys = field(default_factory=set)
    entities: Keys = field(default_factory=set)
    merges: Keys = field(default_factory=set)
    properties: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    names: dict[uuid.UUID, str] = field(default_factory=dict)


def find_unreferenced(tenant_id: uuid.UUID, memory_ids: Sequence[uuid.UUID]) -> Unreferenced:
    """The rows that are deleted with these memories.

    An entity is deleted with its last mention and relation, and its history and merges with it. An entity that stays
    loses the names that only these memories gave it.
    """
    wanted = list(memory_ids)
    found = Unreferenced(memories=set(wanted))
    evidence = Evidence.objects.filter(tenant=tenant_id, memory_key__in=wanted)
    stated = list(evidence.values_list("relation_key", "alias_key"))
    found.stated = {relation for relation, _ in stated if relation}
    given = {alias for _, alias in stated if alias}
    mentions = Mention.objects.filter(tenant=tenant_id, memory_key__in=wanted)
    aliases = Alias.objects.filter(tenant=tenant_id, id__in=list(given))
    found.touched = {*mentions.values_list("entity_key", flat=True), *aliases.values_list("entity_key", flat=True)}
    if not found.touched and not stated:
        return found
    _relations(tenant_id, found)
    used = Evidence.objects.filter(tenant=tenant_id, alias_key__in=list(given)).exclude(memory_key__in=wanted)
    found.aliases = given - set(used.values_list("alias_key", flat=True))
    lost = _lost(tenant_id, found)
    _entities(tenant_id, found)
    _merges(tenant_id, found)
    _rename(tenant_id, {key: names for key, names in lost.items() if key not in found.entities}, found)
    return found


def _relations(tenant_id: uuid.UUID, found: Unreferenced) -> None:
    """Relations without other evidence are deleted; others keep the properties of their other evidence."""
    left: dict[uuid.UUID | None, list[Evidence]] = defaultdict(list)
    others = Evidence.objects.filter(tenant=tenant_id, relation_key__in=list(found.stated))
    for e in others.exclude(memory_key__in=list(found.memories)).order_by("id"):
        left[e.relation_key].append(e)
    for row in Relation.objects.filter(tenant=tenant_id, id__in=list(found.stated)):
        if row.id not in left:
            found.relations.add(row.id)
            found.touched |= {row.source_key, row.target_key}
        elif row.properties != (said := Evidence.merged_properties(left[row.id])):
            found.properties[row.id] = said


def _lost(tenant_id: uuid.UUID, found: Unreferenced) -> dict[uuid.UUID, set[str]]:
    """The normalised names that each entity loses."""
    lost: dict[uuid.UUID, set[str]] = defaultdict(set)
    going = Alias.objects.filter(tenant=tenant_id, id__in=list(found.aliases))
    for entity, name in going.values_list("entity_key", "normalised"):
        lost[entity].add(name)
    left = Alias.objects.filter(tenant=tenant_id, entity_key__in=list(lost)).exclude(id__in=list(found.aliases))
    for entity, name in left.values_list("entity_key", "normalised"):
        lost[entity].discard(name)
    return {entity: names for entity, names in lost.items() if names}


def _entities(tenant_id: uuid.UUID, found: Unreferenced) -> None:
    """Entities without a remaining mention or relation; their aliases are deleted with them."""
    keys = list(found.touched)
    related = Relation.objects.filter(Q(source_key__in=keys) | Q(target_key__in=keys), tenant=tenant_id)
    ends = related.exclude(id__in=list(found.relations)).values_list("source_key", "target_key")
    mentioned = Mention.objects.filter(tenant=tenant_id, entity_key__in=keys)
    mentioned = mentioned.exclude(memory_key__in=list(found.memories))
    gone = found.touched - {end for pair in ends for end in pair}
    gone -= set(mentioned.values_list("entity_key", flat=True))
    into = EntityRevision.objects.filter(tenant=tenant_id, merged_into_key__in=list(gone), retired_at=None)
    gone -= {key for key in into.exclude(entity_key__in=list(gone)).values_list("merged_into_key", flat=True) if key}
    found.entities = gone
    theirs = Alias.objects.filter(tenant=tenant_id, entity_key__in=list(gone))
    found.aliases |= set(theirs.values_list("id", flat=True))


def _merges(tenant_id: uuid.UUID, found: Unreferenced) -> None:
    """A merge with a deleted entity cannot be undone: it is deleted too, with the aliases that only it added."""
    gone = list(found.entities)
    merges = Merge.objects.filter(Q(source_key__in=gone) | Q(target_key__in=gone), tenant=tenant_id)
    found.merges = set(merges.values_list("id", flat=True))
    brought = Alias.objects.filter(tenant=tenant_id, merge_key__in=list(found.merges))
    stated = Evidence.objects.filter(tenant=tenant_id, alias_key__in=brought.values("id"))
    used = set(stated.exclude(memory_key__in=list(found.memories)).values_list("alias_key", flat=True))
    found.aliases |= set(brought.values_list("id", flat=True)) - used


def _rename(tenant_id: uuid.UUID, lost: dict[uuid.UUID, set[str]], found: Unreferenced) -> None:
    """Revisions with a deleted name get the longest remaining name of the entity."""
    left: dict[uuid.UUID, list[tuple[bool, int, str]]] = defaultdict(list)
    aliases = Alias.objects.filter(tenant=tenant_id, entity_key__in=list(lost)).exclude(id__in=list(found.aliases))
    for entity, name, retired_at in aliases.values_list("entity_key", "name", "retired_at"):
        left[entity].append((retired_at is None, len(name), name))
    rows = EntityRevision.objects.filter(tenant=tenant_id, entity_key__in=list(left)).order_by("entity_key", "id")
    for row in rows:
        if row.normalised in lost[row.entity_key]:
            found.names[row.id] = max(left[row.entity_key])[-1]
