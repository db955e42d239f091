"""What the graph has to learn, written down in the transaction that changes it: both are there, or neither is."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import connection

from entities.graph import client
from entities.types import GraphKind
from memproject.common.clock import now
from memproject.common.ids import new_id
from memproject.common.kick import kick

TASK, QUEUE = "entities.tasks.drain_graph", "graph"

# One row an object: a newer version takes the place of an older one, drained or not.
NOTE = """
INSERT INTO entities_graphoutbox (id, tenant_id, kind, object_id, version, gone, state, due_at, attempts, failure)
VALUES (%s, %s, %s, %s, nextval('graph_version'), false, 'pending', %s, 0, '')
ON CONFLICT (tenant_id, kind, object_id) DO UPDATE SET
    version = excluded.version, gone = excluded.gone, state = excluded.state,
    due_at = excluded.due_at, attempts = excluded.attempts, failure = excluded.failure
"""


def note(tenant_id: uuid.UUID, kind: GraphKind, ids: Collection[uuid.UUID]) -> None:
    """These objects were made, changed, retired or erased: call it in that transaction, under the owner's lock.

    A memory is noted when one of its mentions changed. What an erasure takes is noted object by object, relations that
    go with their entity included. Rows are written when the graph is off, too: it finds them when it is on again.
    """
    if not ids:
        return
    moment = now()
    with connection.cursor() as cursor:
        # In one order for all: two transactions that note the same objects wait for each other, and never in a ring.
        cursor.executemany(NOTE, [(new_id(), tenant_id, kind.value, row, moment) for row in sorted(ids)])
    if client.is_configured():
        kick(TASK, queue=QUEUE)
