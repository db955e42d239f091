"""Who speaks in a scope, and how much there is to search: what a recall has to know before anything else."""

from __future__ import annotations

from dataclasses import dataclass

from core.postgres import fetch
from memories.types import MemoryScope

MAX_NAMES = 64  # speakers of one user's project; a conversation of more people names nobody by these rules

# The distinct speakers, each found by one look into the index (it has no other way to skip what repeats).
KNOWN = """
WITH RECURSIVE names(name, number) AS (
    (SELECT p.speaker, 1 FROM memories_passage p
     WHERE p.tenant_id = %(tenant)s AND p.project = %(project)s AND p.user_id = %(user)s AND p.speaker IS NOT NULL
     ORDER BY p.speaker LIMIT 1)
    UNION ALL
    SELECT (SELECT p.speaker FROM memories_passage p
            WHERE p.tenant_id = %(tenant)s AND p.project = %(project)s AND p.user_id = %(user)s
              AND p.speaker > names.name
            ORDER BY p.speaker LIMIT 1), names.number + 1
    FROM names WHERE names.name IS NOT NULL AND names.number <= %(most)s::int
)
SELECT (SELECT o.passages FROM memories_owner o
        WHERE o.tenant_id = %(tenant)s AND o.project = %(project)s AND o.user_id = %(user)s) AS passages,
       (SELECT array_agg(name) FROM names WHERE name IS NOT NULL) AS names
"""


@dataclass(frozen=True, slots=True)
class SpeakerNames:
    names: tuple[str, ...]
    passages: int


def known(scope: MemoryScope) -> SpeakerNames:
    """The speakers of one user's project, at most MOST of them, and how many passages it has."""
    project = (scope.projects or ("",))[0]
    values = {"tenant": scope.tenant_id, "project": project, "user": scope.user_id, "most": MAX_NAMES}
    (found,) = fetch.named_rows(KNOWN, values)
    names = tuple(found.names or ())
    return SpeakerNames(names if len(names) <= MAX_NAMES else (), found.passages or 0)
