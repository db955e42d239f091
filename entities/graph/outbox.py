"""Write graph outbox entries in the transaction of the change: both are committed, or neither."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import connection

from core.clock import now
from core.enqueue import enqueue_on_commit
from core.ids import new_id
from entities.graph import client
from entities.types import GraphKind

TASK, QUEUE = "entities.tasks.drain_graph", "graph"

# One row per object: a newer version overwrites an older one, whether it was projected or not.
NOTE = """
INSERT INTO entities_graphoutbox (id, tenant_id, kind, object_id, version, is_deleted, state, due_at, attempts, failure)
SELECT noted.id, %(tenant)s, %(kind)s, noted.object_id, nextval('graph_version'), false, 'pending', %(now)s, 0, ''
FROM unnest(%(ids)s::uuid[], %(objects)s::uuid[]) AS noted(id, object_id)
ON CONFLICT (tenant_id, kind, object_id) DO UPDATE SET
    version = excluded.version, is_deleted = excluded.is_deleted, state = excluded.state,
    due_at = excluded.due_at, attempts = excluded.attempts, failure = excluded.failure
"""


def note(tenant_id: uuid.UUID, kind: GraphKind, ids: Collection[uuid.UUID]) -> None:
    """These objects were created, changed, retired or erased. Call it in that transaction, under the owner's lock.

    A memory is noted if one of its mentions changed. An erasure notes every object, including the relations of an
    erased entity. Rows are also written while the graph is off, for the time when it is on again.
    """
    if not ids:
        return
    objects = sorted(set(ids))  # in one order for all, so that two transactions with the same objects can't deadlock
    values = {
        "tenant": tenant_id,
        "kind": kind.value,
        "now": now(),
        "ids": [new_id() for _ in objects],
        "objects": objects,
    }
    with connection.cursor() as cursor:
        cursor.execute(NOTE, values)
    if client.is_configured():
        enqueue_on_commit(TASK, queue=QUEUE)
