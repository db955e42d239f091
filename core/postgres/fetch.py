"""Rows of a statement in binary form, with its parameters bound by the server.

Thousands of numbers and bytes come without being written out as text and read again, and what is asked again and again
is planned once a connection (PREPARED_STATEMENTS): together half of what Django's own cursors take for a recall.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection
from psycopg.pq import Format


def rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a read-only statement gives. Parameters are typed: a bare one that may be null needs a cast."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as raw:
        raw.format = Format.BINARY
        # Whoever watches or counts this connection's statements sees these too.
        wrap: Any = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
        cursor = wrap(raw)
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
