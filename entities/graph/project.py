"""The projector: one Cypher transaction for outbox entries, with the current state of PostgreSQL."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from core.clock import now
from entities.graph import client, cypher_writes, state
from entities.graph.client import CypherStatement
from entities.graph.state import Values
from entities.models import GraphOutbox
from entities.types import GraphKind

GraphBatch = dict[GraphKind, tuple[list[Values], list[Values]]]


def project(rows: Sequence[GraphOutbox]) -> set[uuid.UUID]:
    """Bring the graph up to these entries; → ids of the entries whose object was erased. Raises GraphUnavailable,
    GraphRejected.

    Each object carries the version of its entry, and a newer version in the graph is kept. The state was read after the
    entry was claimed, so it has at least that version.
    """
    batch = _read(rows)
    missing = {value["row"] for _, gone in batch.values() for value in gone}
    tenants = sorted({str(row.tenant_id) for row in rows})
    lock: CypherStatement = (cypher_writes.LOCK, {"tenants": tenants, "at": now()})
    client.write([lock, *_removals(batch), *_writes(batch)])
    return missing


def _read(rows: Sequence[GraphOutbox]) -> GraphBatch:
    batch: GraphBatch = {kind: ([], []) for kind in GraphKind}
    groups: dict[tuple[uuid.UUID, GraphKind], list[GraphOutbox]] = defaultdict(list)
    for row in rows:
        groups[row.tenant_id, GraphKind(row.kind)].append(row)
    for (tenant_id, kind), members in groups.items():
        found = state.read(tenant_id, kind, [row.object_id for row in members])
        there, gone = batch[kind]
        for row in members:
            known = {"tenant": str(tenant_id), "id": str(row.object_id), "version": row.version}
            if row.object_id in found:
                there.append(known | {"values": found[row.object_id] | {"version": row.version}})
            else:
                gone.append(known | {"row": row.id})
    return batch


def _removals(batch: GraphBatch) -> Iterator[CypherStatement]:
    for kind, (_, gone) in batch.items():
        if gone:
            rows = {"rows": [{k: v for k, v in value.items() if k != "row"} for value in gone]}
            yield cypher_writes.TOMBSTONES, rows
            for statement in cypher_writes.GONE[kind]:
                yield statement, rows


def _writes(batch: GraphBatch) -> Iterator[CypherStatement]:
    if entities := batch[GraphKind.ENTITY][0]:
        yield cypher_writes.ENTITIES, {"rows": entities}
    by_type = sorted(batch[GraphKind.RELATION][0], key=_relationship)
    for name, of_type in groupby(by_type, key=_relationship):
        yield cypher_writes.RELATIONS[name], {"rows": [_with_ends(row) for row in of_type]}
    if memories := batch[GraphKind.MEMORY][0]:
        yield cypher_writes.MEMORIES, {"rows": [_with_mentions(row) for row in memories]}


def _relationship(row: Values) -> str:
    return state.relationship(row["values"]["type"])


def _with_ends(row: Values) -> Values:
    """The values of a relation without its ends and type, which the relationship itself has."""
    values = {k: v for k, v in row["values"].items() if k not in ("source", "target")}
    return row | {"source": row["values"]["source"], "target": row["values"]["target"], "values": values}


def _with_mentions(row: Values) -> Values:
    mentions = [
        {"id": m["id"], "entity": m["entity"], "values": {k: v for k, v in m.items() if k != "entity"}}
        for m in row["values"]["mentions"]
    ]
    return {k: v for k, v in row.items() if k != "values"} | {
        "mentions": mentions,
        "mention_ids": [m["id"] for m in mentions],
    }
