"""Read the graph from Neo4j, with the same results as `sql`. Raises GraphUnavailable and GraphRejected; `reader` falls
back then.

Every pattern names the tenant. A traversal is one statement for each step and stops when it has enough results: a
pattern of variable length would always run to its end. Ids are returned as one list, because the driver needs four
times as long for rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, LiteralString

from entities.graph import client
from entities.relation_types import RELATION_TYPES
from entities.types import GraphScope, Path, PointInTime, ReachedNode

_TYPES = "|".join(RELATION_TYPES)
_LIVE = """r.tenant = $tenant AND r.project = $project AND r.user_id = $user
    AND r.recorded_at <= $known AND (r.retired_at IS NULL OR r.retired_at > $known)
    AND (r.valid_from IS NULL OR r.valid_from <= $valid) AND (r.valid_to IS NULL OR r.valid_to > $valid)"""


def _filled(text: LiteralString) -> LiteralString:
    """Insert the fixed list of types and the condition, once, when this module is loaded."""
    return text.replace("{types}", _TYPES).replace("{live}", _LIVE)


# `found` is empty where `room` is unlimited: leaving out many ids costs more than returning too many.
STEP = _filled("""
UNWIND $frontier AS id
MATCH (:Entity {tenant: $tenant, id: id})-[r:{types} {tenant: $tenant}]-(b:Entity {tenant: $tenant})
WHERE {live} AND NOT b.id IN $found
WITH DISTINCT b.id AS id ORDER BY id LIMIT $room
RETURN collect(id) AS ids
""")

EDGES = _filled("""
UNWIND $among AS id
MATCH (:Entity {tenant: $tenant, id: id})-[r:{types} {tenant: $tenant}]->(b:Entity {tenant: $tenant})
WHERE b.id IN $among AND {live}
WITH r.id AS id ORDER BY id
RETURN collect(id) AS ids
""")

PATH = _filled("""
MATCH (a:Entity {tenant: $tenant, id: $from}), (b:Entity {tenant: $tenant, id: $to})
MATCH p = allShortestPaths((a)-[:{types}*..6]-(b))
WHERE all(n IN nodes(p) WHERE n.tenant = $tenant) AND all(r IN relationships(p) WHERE {live})
WITH p WHERE length(p) <= $depth
RETURN [n IN nodes(p) | n.id] AS entities, [r IN relationships(p) | r.id] AS relations
ORDER BY entities, relations
LIMIT 1
""")

MEMORIES: LiteralString = """
UNWIND $frontier AS id
MATCH (m:Memory {tenant: $tenant})-[r:MENTIONS {tenant: $tenant}]->(:Entity {tenant: $tenant, id: id})
WHERE r.recorded_at <= $known AND (r.retired_at IS NULL OR r.retired_at > $known) AND NOT m.id IN $found
WITH DISTINCT m.id AS id ORDER BY id LIMIT $room
RETURN collect(id) AS ids
"""
UNLIMITED = 2**62


def neighbours(
    scope: GraphScope, start: uuid.UUID, *, depth: int, limit: int, moment: PointInTime
) -> list[ReachedNode]:
    """Entities at most `depth` relations away, nearest first, beginning with `start`; at most `limit`."""
    named = _parameters(scope, moment)
    found = {str(start): 0}
    frontier = [str(start)]
    for distance in range(1, depth + 1):
        room = limit - len(found)
        if not frontier or room <= 0:
            break
        frontier = _ids(STEP, frontier=frontier, found=list(found), room=room, **named)
        found |= dict.fromkeys(frontier, distance)
    return _nearest(found)


def edges(scope: GraphScope, among: Sequence[uuid.UUID], *, moment: PointInTime) -> list[uuid.UUID]:
    """The relations between these entities."""
    return list(map(uuid.UUID, _ids(EDGES, among=[str(key) for key in among], **_parameters(scope, moment))))


def path(scope: GraphScope, start: uuid.UUID, end: uuid.UUID, *, max_depth: int, moment: PointInTime) -> Path | None:
    """The shortest path; of several, the one with the smallest ids step by step. None if it is longer than
    `max_depth`."""
    if start == end:
        return Path((start,), ())
    ends = {"from": str(start), "to": str(end), "depth": max_depth}
    for row in client.read(PATH, **ends, **_parameters(scope, moment)):
        return Path(tuple(map(uuid.UUID, row["entities"])), tuple(map(uuid.UUID, row["relations"])))
    return None


def memories(scope: GraphScope, start: uuid.UUID, *, depth: int, limit: int, moment: PointInTime) -> list[ReachedNode]:
    """Memories that mention `start` or an entity near it, nearest first; at most `limit`."""
    named = _parameters(scope, moment)
    found: dict[str, int] = {}
    seen = frontier = {str(start)}
    for distance in range(depth + 1):
        room = limit - len(found)
        mentioning = _ids(MEMORIES, frontier=list(frontier), found=list(found), room=room, **named)
        found |= dict.fromkeys(mentioning, distance)
        if distance == depth or len(found) >= limit:
            break
        frontier = set(_ids(STEP, frontier=list(frontier), found=[], room=UNLIMITED, **named)) - seen
        seen = seen | frontier
    return _nearest(found)


def _ids(query: LiteralString, **values: Any) -> list[str]:
    ids: list[str] = client.read(query, **values)[0]["ids"]
    return ids


def _nearest(found: dict[str, int]) -> list[ReachedNode]:
    return [ReachedNode(uuid.UUID(key), distance) for key, distance in found.items()]


def _parameters(scope: GraphScope, moment: PointInTime) -> dict[str, Any]:
    return {
        "tenant": str(scope.tenant_id),
        "project": scope.project,
        "user": scope.user_id,
        "known": moment.system_time,
        "valid": moment.valid_time,
    }
