"""The graph from nothing: emptied, then every object is put into the outbox again, then drained as always.

Where it stands is kept in the graph itself, in a node of its own, so that whoever kills it can call it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import LiteralString

from core.tenancy import across_tenants
from entities.graph import client, drain, outbox, schema, state
from entities.models import GraphOutbox
from entities.types import GraphKind

BATCH_SIZE = 1000
KINDS = sorted(GraphKind)

BEGIN: LiteralString = "MERGE (r:Rebuild {only: 1}) ON CREATE SET r.emptied = false RETURN r.emptied AS emptied"
WHERE: LiteralString = "MATCH (r:Rebuild {only: 1}) RETURN r.tenant AS tenant, r.kind AS kind, r.after AS after"
# Small transactions: one over a whole graph would need it all in memory.
EMPTY: LiteralString = """
MATCH (n) WHERE NOT n:Rebuild
WITH n LIMIT $batch_size
DETACH DELETE n
RETURN count(*) AS deleted
"""
EMPTIED: LiteralString = "MATCH (r:Rebuild {only: 1}) SET r.emptied = true"
REACHED: LiteralString = """
MATCH (r:Rebuild {only: 1})
SET r.tenant = $tenant, r.kind = $kind, r.after = $after
"""
END: LiteralString = "MATCH (r:Rebuild {only: 1}) DELETE r"


class RebuildIncompleteError(Exception):
    """The graph went away, or refuses some of it; the message says how much is left."""


def rebuild(on_progress: Callable[[str, int, int], None] = lambda *_: None) -> int:
    """Make the graph anew, or go on where an earlier one was killed; → how many objects were put into the outbox.

    `on_progress` is called with the kind of work, the number done and the total. Raises GraphUnavailable,
    GraphRejected, RebuildIncompleteError.
    """
    schema.ensure()
    emptied = client.write([(BEGIN, {})])[0][0]["emptied"]
    if not emptied:
        _empty(on_progress)
    noted = _note_all(on_progress)
    _drain_all(on_progress)
    client.write([(END, {})])
    return noted


def _empty(on_progress: Callable[[str, int, int], None]) -> None:
    done = 0
    while deleted := client.write([(EMPTY, {"batch_size": BATCH_SIZE})])[0][0]["deleted"]:
        done += deleted
        on_progress("emptied", done, done)
    client.write([(EMPTIED, {})])


def _note_all(on_progress: Callable[[str, int, int], None]) -> int:
    """Put everything into the outbox, tenant by tenant and kind by kind, from where an earlier run had come."""
    found = client.read(WHERE)[0]
    reached = (found["tenant"], found["kind"]) if found["tenant"] else None
    places = [(tenant_id, kind) for tenant_id in state.tenants() for kind in KINDS]
    todo = [place for place in places if reached is None or (str(place[0]), place[1].value) >= reached]
    total = sum(state.objects(*place).count() for place in todo)
    noted = 0
    for tenant_id, kind in todo:
        here = reached == (str(tenant_id), kind.value)
        for ids in _batches(tenant_id, kind, uuid.UUID(found["after"]) if here else None):
            outbox.note(tenant_id, kind, ids)
            client.write([(REACHED, {"tenant": str(tenant_id), "kind": kind.value, "after": str(ids[-1])})])
            noted += len(ids)
            on_progress("noted", noted, total)
    return noted


def _batches(tenant_id: uuid.UUID, kind: GraphKind, after: uuid.UUID | None) -> Iterator[list[uuid.UUID]]:
    while ids := list(state.objects(tenant_id, kind, after)[:BATCH_SIZE]):
        yield ids
        after = ids[-1]


def _drain_all(on_progress: Callable[[str, int, int], None]) -> None:
    total = waiting()
    while left := waiting():
        on_progress("drained", total - left, total)
        if not drain.drain() and waiting() == left:  # a worker may have done what we didn't
            raise RebuildIncompleteError(
                f"{left} changes are left: the graph is away, or others work on them. Call it again."
            )
    on_progress("drained", total, total)


def waiting() -> int:
    """How many changes wait to be drained, of all tenants."""
    with across_tenants("how much waits for the graph"):
        return GraphOutbox.objects.filter(state="pending").count()
