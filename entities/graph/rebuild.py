"""Rebuild the graph: empty it, put every object into the outbox again, and drain the outbox.

Its progress is stored in a node of the graph, so that a killed rebuild can be continued.
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
# Small transactions: one for the whole graph would need all of it in memory.
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
    """The graph is unavailable, or rejects some entries; the message has the number that is left."""


def rebuild(on_progress: Callable[[str, int, int], None] = lambda *_: None) -> int:
    """Rebuild the graph, or continue a rebuild that was killed; → the number of objects put into the outbox.

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
    """Put everything into the outbox by tenant and kind, from the stored progress on."""
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
        if not drain.drain() and waiting() == left:  # a worker may have drained the others
            raise RebuildIncompleteError(
                f"{left} changes are left: the graph is unavailable, or workers apply them. Run it again."
            )
    on_progress("drained", total, total)


def waiting() -> int:
    """The number of pending entries of all tenants."""
    with across_tenants("how much waits for the graph"):
        return GraphOutbox.objects.filter(state="pending").count()
