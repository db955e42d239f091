"""Conditions for the rows that a read may see: scope, visibility and filter, shared by all statements.

Statements name revisions `r` and accepted writes `s`. Their parameters come from `parameters`. A point-in-time read
sees the revision that was current then, with its state of that time. Only erasure and expiry apply to the past:
memories that have expired by now are hidden from all times.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from core.ids import MEMORY, parse
from memories import filters
from memories.temporal_view import CURRENT, TemporalView
from memories.types import Filter, MemoryScope, RecallQuery

IN_SCOPE = """{row}.tenant_id = %(tenant)s
      AND (%(user)s::text IS NULL OR {row}.user_id = %(user)s)
      AND (%(projects)s::text[] IS NULL OR {row}.project = ANY(%(projects)s))
      AND (%(agent)s::text IS NULL OR {row}.agent_id = %(agent)s)
      AND (%(run)s::text IS NULL OR {row}.run_id = %(run)s)"""
OF_USER = re.compile(r"\s+AND \w+\.user_id = %\(user\)s\b")
# The current revision of a memory, now or at `as_of`.
CURRENT_NOW = "r.retired_at IS NULL"
CURRENT_AS_OF = "r.recorded_at <= %(as_of)s AND (r.retired_at IS NULL OR r.retired_at > %(as_of)s)"
NOT_EXPIRED = "(r.expires_at IS NULL OR r.expires_at > %(moment)s)"
NOT_EXPIRED_SINCE = """NOT EXISTS (SELECT FROM memories_revision o WHERE o.tenant_id = %(tenant)s
          AND o.memory_key = r.memory_key AND o.retired_at IS NULL AND o.expires_at <= %(moment)s)"""
UNARCHIVED = "NOT r.archived"
# A current read includes memories that become valid later; a read with `valid_at` requires that they have begun.
VALID = "(%(superseded)s OR r.valid_to IS NULL OR r.valid_to > %(valid)s)"
VALID_FROM_REACHED = "r.valid_from <= %(valid)s"
AGENT_AND_RUN = """(%(agent)s::text IS NULL OR r.agent_id = %(agent)s)
      AND (%(run)s::text IS NULL OR r.run_id = %(run)s)
      AND r.memory_key <> ALL(%(exclude)s::uuid[])"""
# A store that was accepted and is not applied yet, or has failed.
PENDING = """s.state IN ('pending', 'failed') AND s.kind = 'store' AND s.redacted_at IS NULL
      AND (s.expires_at IS NULL OR s.expires_at > %(moment)s)
      AND s.reserved_id <> ALL(%(exclude)s::uuid[])"""

# The messages of an accepted write that have text, with their positions from 1. Each is matched on its own: it becomes
# memories of its own, with its own time.
MESSAGES = """jsonb_array_elements(s.payload -> 'items') WITH ORDINALITY AS i(item, position)"""
# The same with their texts: the lines from the start of a message to that of the next one. `substr` would read the
# text from its beginning for each message: a minute for the 10,000 messages of a long conversation.
MESSAGES_WITH_TEXT = """(
    SELECT (array_agg(l.item) FILTER (WHERE l.item IS NOT NULL))[1] AS item, l.position,
           string_agg(l.line, E'\n' ORDER BY l.number) AS content
    FROM (
        SELECT t.line, t.number, j.item, max(j.position) OVER (ORDER BY t.number) AS position
        FROM (SELECT line, number, sum(length(line) + 1) OVER (ORDER BY number) - length(line) - 1 AS start
              FROM string_to_table(s.text, E'\n') WITH ORDINALITY AS lines(line, number)) t
        LEFT JOIN jsonb_array_elements(s.payload -> 'items') WITH ORDINALITY AS j(item, position)
          ON (j.item ->> 'start')::bigint = t.start AND j.item -> 'start' < j.item -> 'stop'
    ) l
    GROUP BY l.position) i"""
SOME_MATCH = "EXISTS (SELECT FROM {messages} WHERE i.item -> 'start' < i.item -> 'stop' AND {match})"
OTHERS = "ARRAY(SELECT i.position FROM {messages} WHERE i.item -> 'start' < i.item -> 'stop' AND NOT {match})"

REVISION_COLUMNS: dict[str, sql.Composable] = {
    "metadata": sql.SQL("r.metadata"),
    "created_at": sql.SQL(
        "(SELECT m.created_at FROM memories_memory m WHERE m.tenant_id = r.tenant_id AND m.id = r.memory_key)"
    ),
    "updated_at": sql.SQL("r.recorded_at"),
    "user_id": sql.SQL("r.user_id"),
    "agent_id": sql.SQL("r.agent_id"),
    "run_id": sql.SQL("r.run_id"),
    "memory_type": sql.SQL("r.memory_type"),
    "content": sql.SQL("r.content"),
    "memory_id": sql.SQL("r.memory_key"),
    "valid_from": sql.SQL("r.valid_from"),
    "expires_at": sql.SQL("r.expires_at"),
}
SOURCE_COLUMNS: dict[str, sql.Composable] = {
    "metadata": sql.SQL("COALESCE(s.payload -> 'metadata', '{}'::jsonb)"),
    "created_at": sql.SQL("s.accepted_at"),
    "updated_at": sql.SQL("s.accepted_at"),
    "user_id": sql.SQL("s.user_id"),
    "agent_id": sql.SQL("s.agent_id"),
    "run_id": sql.SQL("s.run_id"),
    "memory_type": sql.SQL(
        "COALESCE(s.payload ->> 'memory_type', CASE s.payload ->> 'infer' WHEN 'false' THEN 'turn' ELSE 'fact' END)"
    ),
    "content": sql.SQL("i.content"),
    "memory_id": sql.SQL("s.reserved_id"),
    "valid_from": sql.SQL("COALESCE((i.item ->> 'said_at')::timestamptz, s.accepted_at)"),
    "expires_at": sql.SQL("s.expires_at"),
}


def of_scope(scope: MemoryScope, text: str) -> str:
    """A statement about one user, or the same about all users of the scope's projects: without its conditions on the
    user. A condition that may be null would keep a prepared statement from the indexes."""
    return text if scope.user_id is not None else _of_all_users(text)


@functools.cache
def _of_all_users(text: str) -> str:
    found, number = OF_USER.subn("", text)
    assert number, "the statement has no condition on the user"
    return found


def statement(
    text: str, condition: Filter | None, temporal_view: TemporalView = CURRENT, **places: sql.Composable
) -> tuple[str, dict[str, Any]]:
    """A statement with its placeholders filled, and the filter's parameters.

    Placeholders: `{current}` (the revision that is read), `{not_expired}`, `{visible}` (both, and shown), `{waiting}`,
    `{r_scope}`, `{s_scope}`, the filter as `{r_filter}` and `{s_filter}` (some message matches), `{s_others}` (the
    positions of the messages that do not match), and `places`.
    """
    kind = temporal_view.as_of is not None, temporal_view.valid_at is not None, temporal_view.archived
    if condition is None and not places:
        return _unfiltered(text, *kind), {}
    return _filled(text, condition, *kind, places)


@functools.cache
def _unfiltered(text: str, past: bool, dated: bool, archived: bool) -> str:
    return _filled(text, None, past, dated, archived, {})[0]


def _filled(
    text: str, condition: Filter | None, past: bool, dated: bool, archived: bool, places: Mapping[str, sql.Composable]
) -> tuple[str, dict[str, Any]]:
    current, not_expired = (CURRENT_AS_OF, NOT_EXPIRED_SINCE) if past else (CURRENT_NOW, NOT_EXPIRED)
    visible = [
        current,
        *([] if archived else [UNARCHIVED]),
        *([VALID_FROM_REACHED] if dated else []),
        VALID,
        not_expired,
        AGENT_AND_RUN,
    ]
    revisions = filters.write(condition, REVISION_COLUMNS)
    messages = MESSAGES_WITH_TEXT if filters.reads(condition, "content") else MESSAGES
    matching = {"messages": sql.SQL(messages), "match": filters.write(condition, SOURCE_COLUMNS).text}
    whole = sql.SQL(text).format(
        current=sql.SQL(current),
        not_expired=sql.SQL(not_expired),
        visible=sql.SQL(" AND ").join(map(sql.SQL, visible)),
        waiting=sql.SQL(PENDING),
        r_scope=sql.SQL(IN_SCOPE).format(row=sql.SQL("r")),
        s_scope=sql.SQL(IN_SCOPE).format(row=sql.SQL("s")),
        r_filter=revisions.text,
        s_filter=sql.SQL(SOME_MATCH if condition else "TRUE").format(**matching),
        s_others=sql.SQL(OTHERS).format(**matching),
        **places,
    )
    return whole.as_string(), revisions.values


def parameters(
    scope: MemoryScope, moment: dt.datetime, *, exclude: Sequence[uuid.UUID] = (), temporal_view: TemporalView = CURRENT
) -> dict[str, Any]:
    """`moment` is the current time."""
    return {
        "tenant": scope.tenant_id,
        "user": scope.user_id,
        "projects": None if scope.projects is None else list(scope.projects),
        "agent": scope.agent_id,
        "run": scope.run_id,
        "moment": moment,
        "as_of": temporal_view.as_of,
        "valid": temporal_view.valid_at or temporal_view.as_of or moment,
        "exclude": list(exclude),
        "superseded": temporal_view.superseded,
    }


def excluded(query: RecallQuery) -> list[uuid.UUID]:
    """The memories that the caller has already; an unknown id excludes nothing."""
    return [key for text in query.exclude if (key := parse(MEMORY, text))]
