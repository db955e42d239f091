"""The live memories of a scope with the inputs of their decay, in pages."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from core.postgres import fetch
from memories.decay import Decay, decay
from memories.retrieval import where
from memories.types import MemoryRecord, MemoryScope

PAGE = 5_000

LIVE = """
SELECT r.memory_key, r.id AS revision_id, m.importance, m.pinned, coalesce(u.uses, 0) AS uses, u.last_used_at,
       r.recorded_at AS changed_at
FROM memories_revision r
JOIN memories_memory m ON m.tenant_id = r.tenant_id AND m.id = r.memory_key
LEFT JOIN memories_usage u ON u.tenant_id = r.tenant_id AND u.memory_key = r.memory_key
WHERE {r_scope} AND {visible} AND r.memory_key > %(after)s
  AND (%(idle_since)s::timestamptz IS NULL
       OR (r.recorded_at < %(idle_since)s AND (u.last_used_at IS NULL OR u.last_used_at < %(idle_since)s)))
ORDER BY r.memory_key LIMIT %(page)s::int
"""


@dataclass(frozen=True, slots=True)
class DecayedMemoryRow:
    memory_id: uuid.UUID
    revision_id: uuid.UUID
    decay: Decay
    last_used_at: dt.datetime | None


def of(memory: MemoryRecord, moment: dt.datetime) -> Decay:
    """The decay of one memory that was read."""
    return decay(
        moment,
        changed_at=memory.updated_at,
        last_used_at=memory.last_used_at,
        uses=memory.uses,
        importance=memory.importance,
        pinned=memory.pinned,
    )


def live(
    scope: MemoryScope, moment: dt.datetime, *, idle_since: dt.datetime | None = None
) -> Iterator[DecayedMemoryRow]:
    """All live memories of a scope; with `idle_since` only those neither used nor changed since then."""
    statement, _ = where.statement(LIVE, None)
    values = where.parameters(scope, moment) | {"idle_since": idle_since, "page": PAGE, "after": uuid.UUID(int=0)}
    while rows := fetch.named_rows(statement, values):
        for row in rows:
            found = decay(
                moment,
                changed_at=row.changed_at,
                last_used_at=row.last_used_at,
                uses=row.uses,
                importance=row.importance,
                pinned=row.pinned,
            )
            yield DecayedMemoryRow(row.memory_key, row.revision_id, found, row.last_used_at)
        values["after"] = rows[-1].memory_key
