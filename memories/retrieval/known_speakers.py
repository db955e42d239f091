"""The speakers and the number of passages of a scope, which a recall needs first."""

from __future__ import annotations

from dataclasses import dataclass

from core.postgres import fetch
from memories.types import MemoryScope

MAX_NAMES = 64  # speakers of one user's project; with more, questions name no speaker

# The distinct speakers, with one index look-up for each, since PostgreSQL has no index skip scan.
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
        WHERE o.tenant_id = %(tenant)s AND o.project = %(project)s AND o.user_id = %(user)s),
       (SELECT array_agg(name) FROM names WHERE name IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class SpeakerNames:
    names: tuple[str, ...]
    passages: int


def known(scope: MemoryScope) -> SpeakerNames:
    """The speakers of one user's project, at most MAX_NAMES of them, and the number of its passages."""
    project = (scope.projects or ("",))[0]
    values = {"tenant": scope.tenant_id, "project": project, "user": scope.user_id, "most": MAX_NAMES}
    ((passages, names),) = fetch.rows(KNOWN, values)
    names = names or ()
    return SpeakerNames(tuple(names) if len(names) <= MAX_NAMES else (), passages or 0)
