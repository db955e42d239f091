"""A connection of the pool is checked without a statement, and one that the server closed is never handed out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from core.postgres import base


@pytest.fixture
def pooled(lasting_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[base.DatabaseWrapper]:
    """A connection from a pool with one connection, as a web process has it."""
    default = connection.settings_dict
    pool = {"min_size": 1, "max_size": 1, "timeout": 30}
    options = {**default["OPTIONS"], "pool": pool}
    own = {**default, "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    monkeypatch.setitem(connections.settings, "pooled", own)
    made: Any = connections["pooled"]
    yield made
    made.close()
    made.close_pool()
    del connections["pooled"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections that were checked with a statement, from now on."""
    seen: list[object] = []
    check = base.ConnectionPool.check_connection

    def counted(found: psycopg.Connection[Any]) -> None:
        seen.append(found)
        check(found)

    monkeypatch.setattr(base.ConnectionPool, "check_connection", staticmethod(counted))
    return seen


def backend(pooled: base.DatabaseWrapper) -> int:
    """The process of the server that answers a request."""
    with pooled.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (found,) = cursor.fetchone()
    pooled.close()
    return int(found)


def test_a_connection_in_use_is_not_asked_whether_it_lives(
    pooled: base.DatabaseWrapper, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = backend(pooled)
    del asked[:]
    assert [backend(pooled) for _ in range(5)] == [first] * 5
    assert asked == []
    monkeypatch.setattr(base, "IDLE_SECONDS", 0.0)
    assert backend(pooled) == first
    assert len(asked) == 1


def test_a_connection_that_the_server_closed_is_replaced(pooled: base.DatabaseWrapper) -> None:
    first = backend(pooled)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 30000)", [first])
        assert cursor.fetchone() == (True,)
    second = backend(pooled)
    assert second != first
    assert backend(pooled) == second
