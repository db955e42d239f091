"""Read the graph from PostgreSQL: recursive statements over the tables of this app. Authoritative and always
available."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from entities.types import GraphScope, Path, PointInTime, ReachedNode

# The relations of an entity in both directions, known and valid at a point in time.
AROUND = """
    SELECT r.id, r.target_key AS entity_key FROM entities_relation r
    WHERE r.tenant_id = %(tenant)s AND r.source_key = {here} AND {live}
    UNION ALL
    SELECT r.id, r.source_key FROM entities_relation r
    WHERE r.tenant_id = %(tenant)s AND r.target_key = {here} AND {live}
"""
LIVE = """r.project = %(project)s AND r.user_id = %(user)s
    AND r.recorded_at <= %(known)s AND (r.retired_at IS NULL OR r.retired_at > %(known)s)
    AND (r.valid_from IS NULL OR r.valid_from <= %(valid)s) AND (r.valid_to IS NULL OR r.valid_to > %(valid)s)"""
# UNION removes rows that were reached before over the same number of relations, so each entity continues once at each
# distance.
REACHED = """
reached (entity_key, distance) AS (
    SELECT %(start)s::uuid, 0
    UNION
    SELECT next.entity_key, reached.distance + 1
    FROM reached CROSS JOIN LATERAL ({around}) next
    WHERE reached.distance < %(depth)s
),
nearest AS MATERIALIZED (SELECT entity_key, min(distance) AS distance FROM reached GROUP BY entity_key)
"""


def _filled(text: str, here: str) -> str:
    """Put the parts above together, once, when this module is loaded."""
    around = AROUND.replace("{here}", here).replace("{live}", LIVE)
    reached = REACHED.replace("{around}", AROUND.replace("{here}", "reached.entity_key").replace("{live}", LIVE))
    return text.replace("{reached}", reached).replace("{around}", around).replace("{live}", LIVE)


NEIGHBOURS = _filled(
    "WITH RECURSIVE {reached} SELECT entity_key, distance FROM nearest ORDER BY distance, entity_key LIMIT %(limit)s",
    "",
)

EDGES = _filled(
    """
SELECT r.id FROM entities_relation r
WHERE r.tenant_id = %(tenant)s AND r.source_key = ANY(%(among)s) AND r.target_key = ANY(%(among)s) AND {live}
ORDER BY r.id
""",
    "",
)

# Distances are counted from the end. From the start, each step goes to the smallest id that is one step nearer.
PATH = _filled(
    """
WITH RECURSIVE {reached},
walk (step, entity_key, relation_key, distance) AS (
    SELECT 0, nearest.entity_key, NULL::uuid, nearest.distance FROM nearest WHERE nearest.entity_key = %(from)s
    UNION ALL
    SELECT walk.step + 1, next.entity_key, next.id, walk.distance - 1
    FROM walk CROSS JOIN LATERAL (
        SELECT around.id, around.entity_key FROM ({around}) around
        JOIN nearest ON nearest.entity_key = around.entity_key
        WHERE nearest.distance = walk.distance - 1
        ORDER BY around.entity_key, around.id
        LIMIT 1
    ) next
    WHERE walk.distance > 0
)
SELECT entity_key, relation_key FROM walk ORDER BY step
""",
    "walk.entity_key",
)

MEMORIES = _filled(
    """
WITH RECURSIVE {reached}
SELECT m.memory_key, min(nearest.distance) AS distance
FROM nearest JOIN entities_mention m ON m.entity_key = nearest.entity_key
WHERE m.tenant_id = %(tenant)s
    AND m.recorded_at <= %(known)s AND (m.retired_at IS NULL OR m.retired_at > %(known)s)
GROUP BY m.memory_key
ORDER BY distance, m.memory_key
LIMIT %(limit)s
""",
    "",
)


def neighbours(
    scope: GraphScope, start: uuid.UUID, *, depth: int, limit: int, moment: PointInTime
) -> list[ReachedNode]:
    """Entities at most `depth` relations away, nearest first, beginning with `start`; at most `limit`."""
    return _nearest(NEIGHBOURS, scope, start, range(1, depth + 1), limit, moment)


def edges(scope: GraphScope, among: Sequence[uuid.UUID], *, moment: PointInTime) -> list[uuid.UUID]:
    """The relations between these entities."""
    return [row[0] for row in _rows(EDGES, scope, moment, among=list(among))]


def path(scope: GraphScope, start: uuid.UUID, end: uuid.UUID, *, max_depth: int, moment: PointInTime) -> Path | None:
    """The shortest path; of several, the one with the smallest ids step by step. None if it is longer than
    `max_depth`."""
    for depth in range(max_depth + 1):
        if found := _rows(PATH, scope, moment, **{"start": end, "from": start, "depth": depth}):
            return Path(tuple(row[0] for row in found), tuple(row[1] for row in found[1:]))
    return None


def memories(scope: GraphScope, start: uuid.UUID, *, depth: int, limit: int, moment: PointInTime) -> list[ReachedNode]:
    """Memories that mention `start` or an entity near it, nearest first; at most `limit`."""
    return _nearest(MEMORIES, scope, start, range(depth + 1), limit, moment)


def _nearest(
    statement: str, scope: GraphScope, start: uuid.UUID, depths: Iterable[int], limit: int, moment: PointInTime
) -> list[ReachedNode]:
    """Run the statement with growing depths: a recursion always runs to its end, and near results are often enough."""
    rows: list[tuple[Any, ...]] = []
    for depth in depths:
        rows = _rows(statement, scope, moment, start=start, depth=depth, limit=limit)
        if len(rows) >= limit:
            break
    return [ReachedNode(*row) for row in rows]


def _rows(statement: str, scope: GraphScope, moment: PointInTime, **values: Any) -> list[tuple[Any, ...]]:
    named: dict[str, Any] = {
        "tenant": scope.tenant_id,
        "project": scope.project,
        "user": scope.user_id,
        "known": moment.system_time,
        "valid": moment.valid_time,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, named | values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
