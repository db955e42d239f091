"""Which rows a read may see: the scope, what is alive, and a filter, said once for every statement.

Statements name revisions `r` and accepted writes `s`. Their parameters come from `parameters`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from psycopg import sql

from memories import filters
from memories.types import Filter, Scope

IN_SCOPE = """{row}.tenant_id = %(tenant)s
      AND (%(user)s::text IS NULL OR {row}.user_id = %(user)s)
      AND (%(projects)s::text[] IS NULL OR {row}.project = ANY(%(projects)s))
      AND (%(agent)s::text IS NULL OR {row}.agent_id = %(agent)s)
      AND (%(run)s::text IS NULL OR {row}.run_id = %(run)s)"""
# The last word about a memory, not archived, valid now and not expired.
ALIVE = """r.retired_at IS NULL AND NOT r.archived
      AND (%(superseded)s OR r.valid_to IS NULL OR r.valid_to > %(moment)s)
      AND (r.expires_at IS NULL OR r.expires_at > %(moment)s)
      AND (%(agent)s::text IS NULL OR r.agent_id = %(agent)s)
      AND (%(run)s::text IS NULL OR r.run_id = %(run)s)
      AND r.memory_key <> ALL(%(exclude)s::uuid[])"""
# A store that was accepted and is not applied yet, or was set aside.
WAITING = """s.state IN ('pending', 'failed') AND s.kind = 'store' AND s.blanked_at IS NULL
      AND (s.expires_at IS NULL OR s.expires_at > %(moment)s)
      AND s.allocated_id <> ALL(%(exclude)s::uuid[])"""

REVISION_COLUMNS: dict[str, sql.Composable] = {
    "metadata": sql.SQL("r.metadata"),
    "created_at": sql.SQL(
        "(SELECT m.created_at FROM memories_memory m WHERE m.tenant_id = r.tenant_id AND m.id = r.memory_key)"
    ),
    "updated_at": sql.SQL("r.recorded_at"),
    "agent_id": sql.SQL("r.agent_id"),
    "run_id": sql.SQL("r.run_id"),
    "memory_type": sql.SQL("r.memory_type"),
}
SOURCE_COLUMNS: dict[str, sql.Composable] = {
    "metadata": sql.SQL("COALESCE(s.payload -> 'metadata', '{}'::jsonb)"),
    "created_at": sql.SQL("s.accepted_at"),
    "updated_at": sql.SQL("s.accepted_at"),
    "agent_id": sql.SQL("s.agent_id"),
    "run_id": sql.SQL("s.run_id"),
    "memory_type": sql.SQL("COALESCE(s.payload ->> 'memory_type', 'fact')"),
}


def statement(text: str, condition: Filter | None, **places: sql.Composable) -> tuple[str, dict[str, Any]]:
    """A statement with its places filled, and the filter's parameters.

    Places: `{alive}`, `{waiting}`, `{r_scope}`, `{s_scope}`, the filter as `{r_filter}` and `{s_filter}`, and `places`.
    """
    revisions = filters.write(condition, REVISION_COLUMNS)
    sources = filters.write(condition, SOURCE_COLUMNS)
    whole = sql.SQL(text).format(
        alive=sql.SQL(ALIVE),
        waiting=sql.SQL(WAITING),
        r_scope=sql.SQL(IN_SCOPE).format(row=sql.SQL("r")),
        s_scope=sql.SQL(IN_SCOPE).format(row=sql.SQL("s")),
        r_filter=revisions.text,
        s_filter=sources.text,
        **places,
    )
    return whole.as_string(), revisions.values


def parameters(
    scope: Scope, moment: dt.datetime, *, exclude: Sequence[uuid.UUID] = (), superseded: bool = False
) -> dict[str, Any]:
    return {
        "tenant": scope.tenant_id,
        "user": scope.user_id,
        "projects": None if scope.projects is None else list(scope.projects),
        "agent": scope.agent_id,
        "run": scope.run_id,
        "moment": moment,
        "exclude": list(exclude),
        "superseded": superseded,
    }
