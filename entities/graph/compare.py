"""Compare PostgreSQL and Neo4j: the number of objects of each kind, and the content of some of them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString

from django.db.models import Count

from entities.graph import client, state
from entities.graph.state import StatesById, Values
from entities.models import Entity, Mention, Relation
from entities.types import GraphKind

BATCH_SIZE = 500

COUNT_NODES: LiteralString = """
MATCH (n:Entity {tenant: $tenant}) RETURN 'Entity' AS what, count(n) AS number
UNION ALL
MATCH (n:Memory {tenant: $tenant}) RETURN 'Memory' AS what, count(n) AS number
"""
COUNT_RELATIONSHIPS: LiteralString = """
MATCH (:Entity {tenant: $tenant})-[r {tenant: $tenant}]->(:Entity {tenant: $tenant})
RETURN type(r) AS what, count(r) AS number
UNION ALL
MATCH (:Memory {tenant: $tenant})-[r:MENTIONS {tenant: $tenant}]->(:Entity {tenant: $tenant})
RETURN 'MENTIONS' AS what, count(r) AS number
"""
ENTITIES: LiteralString = """
UNWIND $ids AS id
MATCH (e:Entity {tenant: $tenant, id: id})
RETURN id, properties(e) AS values
"""
RELATIONS: LiteralString = """
UNWIND $rows AS row
MATCH (a:Entity {tenant: $tenant, id: row.source})-[r {tenant: $tenant, id: row.id}]->(b:Entity {tenant: $tenant})
RETURN row.id AS id, r {.*, source: a.id, target: b.id} AS values
"""
MEMORIES: LiteralString = """
UNWIND $ids AS id
MATCH (m:Memory {tenant: $tenant, id: id})
OPTIONAL MATCH (m)-[r:MENTIONS {tenant: $tenant}]->(e:Entity {tenant: $tenant})
WITH m, r, e ORDER BY r.id
WITH m, collect(r {.*, entity: e.id}) AS mentions
RETURN m.id AS id, {tenant: m.tenant, id: m.id, mentions: mentions} AS values
"""


TENANTS: LiteralString = "MATCH (w:TenantLock) RETURN w.tenant AS tenant"


def tenants() -> list[uuid.UUID]:
    """The tenants with a graph on either side."""
    return sorted({*state.tenants(), *(uuid.UUID(row["tenant"]) for row in client.write([(TENANTS, {})])[0])})


def differences(tenant_id: uuid.UUID, *, sample: int | None) -> Iterator[str]:
    """A sentence for each count that differs, and for each object of the sample (None: all) that differs. No texts.

    Raises GraphUnavailable, GraphRejected.
    """
    ours, theirs = counts(tenant_id), counts_in_graph(tenant_id)
    for what in sorted(ours.keys() | theirs.keys()):
        if ours.get(what, 0) != theirs.get(what, 0):
            yield f"{what}: {ours.get(what, 0)} in PostgreSQL, {theirs.get(what, 0)} in the graph"
    for kind in GraphKind:
        ids = list(state.objects(tenant_id, kind))
        chosen = ids if sample is None or len(ids) <= sample else random.sample(ids, sample)
        for start in range(0, len(chosen), BATCH_SIZE):
            yield from _differing(tenant_id, kind, chosen[start : start + BATCH_SIZE])


def counts(tenant_id: uuid.UUID) -> dict[str, int]:
    found = {
        "Entity": Entity.objects.filter(tenant=tenant_id).count(),
        "Memory": state.objects(tenant_id, GraphKind.MEMORY).count(),
        "MENTIONS": Mention.objects.filter(tenant=tenant_id).count(),
    }
    by_type = Relation.objects.filter(tenant=tenant_id).values_list("type").annotate(Count("id"))
    for of_type, number in by_type:
        name = state.relationship(of_type)
        found[name] = found.get(name, 0) + number
    return found


def counts_in_graph(tenant_id: uuid.UUID) -> dict[str, int]:
    named = {"tenant": str(tenant_id)}
    answers = client.write([(COUNT_NODES, named), (COUNT_RELATIONSHIPS, named)])
    return {row["what"]: row["number"] for rows in answers for row in rows}


def _differing(tenant_id: uuid.UUID, kind: GraphKind, ids: Sequence[uuid.UUID]) -> Iterator[str]:
    ours = state.read(tenant_id, kind, ids)
    theirs = _in_graph(tenant_id, kind, ours)
    for key, values in ours.items():
        if key not in theirs:
            yield f"{kind} {key}: not in the graph"
        elif named := sorted(name for name in values | theirs[key] if values.get(name) != theirs[key].get(name)):
            yield f"{kind} {key}: {', '.join(named)} differ"


def _in_graph(tenant_id: uuid.UUID, kind: GraphKind, ours: StatesById) -> StatesById:
    query = {GraphKind.ENTITY: ENTITIES, GraphKind.RELATION: RELATIONS, GraphKind.MEMORY: MEMORIES}[kind]
    rows = [{"id": values["id"], "source": values.get("source")} for values in ours.values()]
    named = {"tenant": str(tenant_id), "ids": [row["id"] for row in rows], "rows": rows}
    return {uuid.UUID(row["id"]): _plain(row["values"]) for row in client.write([(query, named)])[0]}


def _plain(value: Any) -> Any:
    """A value in the form of `state`: the driver has its own time types, and `version` exists only in the graph."""
    if isinstance(value, dict):
        values: Values = {name: _plain(inner) for name, inner in value.items() if name != "version"}
        return values
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.to_native() if hasattr(value, "to_native") else value
