"""The owners for whom live memories exist: users, agents, apps and runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apikeys.types import Principal
from core.clock import now
from core.metadata_keys import APP_ID
from core.postgres import fetch
from memories.retrieval import where
from memories.types import MemoryScope

KINDS = ("user", "agent", "app", "run")

# The live memories of a scope by each of their owners.
OWNED = """
WITH live AS (
    SELECT r.user_id, r.agent_id, r.metadata ->> %(app)s AS app_id, r.run_id, m.created_at, r.recorded_at
    FROM memories_revision r
    JOIN memories_memory m ON m.tenant_id = r.tenant_id AND m.id = r.memory_key
    WHERE {r_scope} AND {visible}
),
owned AS MATERIALIZED (
    SELECT o.kind, o.name, count(*) AS memories, min(live.created_at) AS created_at, max(live.recorded_at) AS updated_at
    FROM live
    CROSS JOIN LATERAL (
        VALUES ('user', live.user_id), ('agent', live.agent_id), ('app', live.app_id), ('run', live.run_id)
    ) AS o(kind, name)
    WHERE o.name IS NOT NULL
    GROUP BY o.kind, o.name
)
"""
PAGE = (
    OWNED
    + """
SELECT kind, name, memories, created_at, updated_at FROM owned
ORDER BY array_position(%(kinds)s::text[], kind), name LIMIT %(limit)s::int OFFSET %(offset)s::bigint
"""
)
TOTALS = OWNED + "SELECT kind, count(*) FROM owned GROUP BY kind"  # noqa: S608  constants


@dataclass(frozen=True, slots=True)
class MemoryOwner:
    """`kind` is one of KINDS; `created_at` and `updated_at` are those of its first and its last changed memory."""

    kind: str
    name: str
    memories: int
    created_at: dt.datetime
    updated_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """`totals`: the number of owners of each kind."""

    owners: Sequence[MemoryOwner]
    totals: Mapping[str, int]


def page(principal: Principal, project: str | None, *, limit: int, offset: int) -> OwnerPage:
    """Users first, then agents, apps and runs, each by name, in one project."""
    scope = MemoryScope(principal.tenant_id, principal.user_id, (principal.one_project(project),))
    values = where.parameters(scope, now()) | {"app": APP_ID, "kinds": list(KINDS), "limit": limit, "offset": offset}
    totals = dict(fetch.rows(where.statement(TOTALS, None)[0], values))
    return OwnerPage(fetch.records(MemoryOwner, where.statement(PAGE, None)[0], values), totals)
