"""Stored relations that a new one contradicts: another value of the same relation, its end, or its opposite."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from core.postgres import fetch
from entities.names import normal
from entities.relation_types import relation_type
from entities.types import GraphScope, RelationConflict, RelationMention

MAX_ROWS = 200
STATED_RELATIONS = """
SELECT a.normalised AS source, r.id AS relation_id, r.type, t.normalised AS target, v.memory_key
FROM entities_alias a
JOIN entities_relation r ON r.tenant_id = a.tenant_id AND r.source_key = a.entity_key
JOIN entities_alias t ON t.tenant_id = r.tenant_id AND t.entity_key = r.target_key AND t.retired_at IS NULL
JOIN entities_evidence v ON v.tenant_id = a.tenant_id AND v.relation_key = r.id
WHERE a.tenant_id = %(tenant)s AND a.normalised = ANY(%(names)s::text[]) AND a.retired_at IS NULL
  AND r.project = %(project)s AND r.user_id = %(user)s AND r.type = ANY(%(types)s::text[])
  AND r.retired_at IS NULL AND v.retired_at IS NULL
ORDER BY v.id DESC LIMIT %(most)s::int
"""


def conflict(new: RelationMention, source: str, of_type: str, targets: Collection[str]) -> RelationConflict | None:
    """The conflict of a new relation with an earlier one, by normalised names; `targets` are the names of its
    target."""
    if normal(new.source) != source:
        return None
    new_type, is_same = relation_type(new.type), normal(new.target) in targets
    if new.ended:
        return RelationConflict.CONTRADICTED if is_same and of_type == new.type else None
    if is_same and of_type == new.type:
        return RelationConflict.SAME if new_type.is_compared else None
    if is_same:
        return RelationConflict.CONTRADICTED if of_type == new_type.opposite else None
    return RelationConflict.OTHER_VALUE if of_type == new.type and new_type.functional else None


def worst_conflict(new: Iterable[RelationMention], old: Collection[RelationMention]) -> RelationConflict | None:
    """The most severe conflict of new relations with those of one earlier statement."""
    found = (conflict(one, normal(was.source), was.type, (normal(was.target),)) for one in new for was in old)
    return max((each for each in found if each is not None), default=None)


def conflicting_memories(
    scope: GraphScope, stated: Collection[RelationMention]
) -> list[dict[uuid.UUID, RelationConflict]]:
    """For each of these relations the memories with the same relation or one that it contradicts, newest first.

    A relation counts as long as a live memory states it, though another memory may have closed it: a pass must decide
    the same as the writes one by one, and only the texts tell it what its own statements say.
    """
    types = {s.type for s in stated if s.ended or relation_type(s.type).is_compared}
    types |= {opposite for s in stated if (opposite := relation_type(s.type).opposite)}
    names = sorted({normal(s.source) for s in stated})
    if not names:
        return []
    values = {
        "tenant": scope.tenant_id,
        "project": scope.project,
        "user": scope.user_id,
        "names": names,
        "types": sorted(types),
        "most": MAX_ROWS,
    }
    relations: dict[tuple[uuid.UUID, str, uuid.UUID], tuple[str, set[str]]] = {}
    for row in fetch.named_rows(STATED_RELATIONS, values) if values["types"] else ():
        relations.setdefault((row.relation_id, row.source, row.memory_key), (row.type, set()))[1].add(row.target)
    found: list[dict[uuid.UUID, RelationConflict]] = []
    for new in stated:
        here: dict[uuid.UUID, RelationConflict] = {}
        for (_, source, memory), (of_type, targets) in relations.items():
            if (kind := conflict(new, source, of_type, targets)) is not None:
                here[memory] = max(kind, here.get(memory, kind))
        found.append(here)
    return found
