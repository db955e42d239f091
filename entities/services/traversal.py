"""The graph for readers: neighbours of an entity, paths, and the whole graph of a user.

Neo4j or PostgreSQL finds the ids; the content is read from PostgreSQL, so that erased and outdated data is not shown.
"""

from __future__ import annotations

import uuid

from django.conf import settings

from apikeys.types import Principal
from entities.graph import overview, reader
from entities.graph.reader import SQL, GraphReader
from entities.models import EntityRevision, Relation
from entities.services import entity_access, relationships
from entities.services.bitemporal import recorded_at_time, valid_at_time
from entities.types import GraphScope, Node, Path, PointInTime, ReachedNode, Subgraph

EDGES_A_NODE = 10  # average size of a user's whole graph


def neighbours(principal: Principal, entity_id: str, moment: PointInTime, *, depth: int, limit: int) -> Subgraph:
    """At most `limit` entities no more than `depth` relations away, nearest first, with the relations between them.

    The entity itself is the first one, and counts. Raises NotFound.
    """
    start = entity_access.entity(principal, entity_id, moment.system_time)
    scope = _scope(start)

    def walk(by: GraphReader) -> tuple[list[ReachedNode], list[uuid.UUID]]:
        near = by.neighbours(scope, start.entity_key, depth=depth, limit=limit + 1, moment=moment)
        return near, by.edges(scope, [n.id for n in near[:limit]], moment=moment)

    found = reader.with_fallback(walk)
    shown, confirmed = _subgraph(scope, *found, moment, limit)
    return shown if confirmed else _subgraph(scope, *walk(SQL), moment, limit)[0]


def path(principal: Principal, start_id: str, end_id: str, moment: PointInTime, *, max_depth: int) -> Subgraph | None:
    """The shortest path along relations, in either direction; None if it is longer than `max_depth`. Raises
    NotFound."""
    start = entity_access.entity(principal, start_id, moment.system_time)
    end = entity_access.entity(principal, end_id, moment.system_time)
    scope = _scope(start)
    if scope != _scope(end):
        return None

    def walk(by: GraphReader) -> Path | None:
        return by.path(scope, start.entity_key, end.entity_key, max_depth=max_depth, moment=moment)

    found = reader.with_fallback(walk)
    if found is None:
        return None
    shown, confirmed = _path_subgraph(scope, found, moment)
    if not confirmed:
        found = walk(SQL)
        return None if found is None else _path_subgraph(scope, found, moment)[0]
    return shown


def whole_graph(
    principal: Principal, user_id: str | None, project: str | None, moment: PointInTime, *, limit: int
) -> Subgraph:
    """A user's entities, the best connected first, and the relations between them."""
    user = principal.acting_user(user_id, settings.DEFAULT_USER_ID)
    projects = principal.all_projects(project)
    tenant_id = principal.tenant_id
    keys = overview.best_connected(tenant_id, user, projects, moment, limit=limit + 1)
    shown, most = keys[:limit], limit * EDGES_A_NODE
    between = Relation.objects.filter(tenant=tenant_id, source_key__in=shown, target_key__in=shown)
    rows = list(
        between.filter(recorded_at_time(moment.system_time), valid_at_time(moment.valid_time)).order_by("id")[
            : most + 1
        ]
    )
    named = relationships.nodes(tenant_id, shown, moment.system_time)
    edges = relationships.views(tenant_id, rows[:most], moment)
    nodes = tuple(named[key] for key in shown if key in named)
    return Subgraph(nodes, tuple(edges), len(keys) > limit or len(rows) > most)


def _scope(row: EntityRevision) -> GraphScope:
    return GraphScope(row.tenant_id, row.project, row.user_id)


def _subgraph(
    scope: GraphScope, near: list[ReachedNode], edges: list[uuid.UUID], moment: PointInTime, limit: int
) -> tuple[Subgraph, bool]:
    """The subgraph of these ids, and whether PostgreSQL has all of them: otherwise the graph is outdated."""
    named = relationships.nodes(scope.tenant_id, [n.id for n in near[:limit]], moment.system_time)
    nodes = [Node(n.id, named[n.id].name, named[n.id].type, n.distance) for n in near[:limit] if n.id in named]
    known = relationships.by_ids(scope.tenant_id, edges, moment)
    confirmed = len(nodes) == len(near[:limit]) and len(known) == len(edges)
    return Subgraph(tuple(nodes), tuple(known), len(near) > limit), confirmed


def _path_subgraph(scope: GraphScope, found: Path, moment: PointInTime) -> tuple[Subgraph, bool]:
    """The subgraph of a path."""
    steps = [ReachedNode(key, step) for step, key in enumerate(found.entities)]
    return _subgraph(scope, steps, list(found.relations), moment, len(steps))
