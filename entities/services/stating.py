"""Which memories state, of somebody by name, what has one value at a time."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from entities.names import normal
from entities.types import FUNCTIONAL_TYPES, GraphScope, Stated
from memproject.common.postgres import fetch

MOST = 100
STATING = """
SELECT a.normalised, r.type, v.memory_key
FROM entities_alias a
JOIN entities_relation r ON r.tenant_id = a.tenant_id AND r.source_key = a.entity_key
JOIN entities_evidence v ON v.tenant_id = a.tenant_id AND v.relation_key = r.id
WHERE a.tenant_id = %(tenant)s AND a.normalised = ANY(%(names)s::text[]) AND a.retired_at IS NULL
  AND r.project = %(project)s AND r.user_id = %(user)s AND r.type = ANY(%(types)s::text[])
  AND r.retired_at IS NULL AND r.valid_to IS NULL AND v.retired_at IS NULL
ORDER BY v.id DESC LIMIT %(most)s::int
"""


def stating(scope: GraphScope, stated: Collection[Stated]) -> dict[tuple[str, str], list[uuid.UUID]]:
    """The memories that state an open relation of the same source and type as one of these, where such a relation has
    one target at a time; by (normalised name, type), newest first."""
    asked = {(normal(s.source), s.type) for s in stated if s.type in FUNCTIONAL_TYPES}
    if not asked:
        return {}
    values = {
        "tenant": scope.tenant_id,
        "project": scope.project,
        "user": scope.user_id,
        "names": sorted({name for name, _ in asked}),
        "types": sorted({of_type for _, of_type in asked}),
        "most": MOST,
    }
    found: dict[tuple[str, str], list[uuid.UUID]] = {}
    for name, of_type, memory in fetch.rows(STATING, values):
        if (name, of_type) in asked:
            found.setdefault((name, of_type), []).append(memory)
    return found


def key_of(stated: Stated) -> tuple[str, str]:
    return normal(stated.source), stated.type
