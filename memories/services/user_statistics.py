"""Statistics of a user's memories."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

from apikeys.types import Principal
from core.clock import now
from core.postgres import fetch
from entities.services import mentions
from memories.retrieval import where
from memories.services import access
from memories.temporal_view import CURRENT, TemporalView

STATS = """
SELECT count(*) AS total_memories, count(*) FILTER (WHERE m.created_at >= %(recent)s) AS memories_last_7d,
       min(m.created_at) AS first_memory_at, max(m.created_at) AS last_memory_at
FROM memories_revision r JOIN memories_memory m ON m.tenant_id = r.tenant_id AND m.id = r.memory_key
WHERE {r_scope} AND {visible}
"""


@dataclass(frozen=True, slots=True)
class UserStats:
    total_memories: int
    memories_last_7d: int
    entities: int
    first_memory_at: dt.datetime | None
    last_memory_at: dt.datetime | None


def stats(principal: Principal, user_id: str, project: str | None, temporal_view: TemporalView = CURRENT) -> UserStats:
    """Counts over the live memories of a user, and the number of known entities."""
    moment, scope = now(), access.reading(principal, user_id, project)
    statement, _ = where.statement(STATS, None, temporal_view)
    values = where.parameters(scope, moment, temporal_view=temporal_view)
    recent = (temporal_view.as_of or moment) - dt.timedelta(days=7)
    entities = mentions.number_of(scope.tenant_id, str(scope.user_id), scope.projects, temporal_view.as_of)
    (found,) = fetch.records(partial(UserStats, entities=entities), statement, values | {"recent": recent})
    return found
