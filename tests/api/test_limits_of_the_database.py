"""A statement that takes too long is a 503, and an export has no such limit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from memories.services import export
from tests.build import Caller

LIMIT = "SET statement_timeout = '1s'"
NO_LIMIT = "RESET statement_timeout"
SLOW = "SELECT pg_sleep(30)"


@pytest.fixture
def limited(owner: Caller) -> Any:
    """A connection as a web process opens it, with less patience."""
    with connection.cursor() as cursor:
        cursor.execute(LIMIT)
    yield owner
    with connection.cursor() as cursor:
        cursor.execute(NO_LIMIT)


def value(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("path", "reads", "code"),
    [
        ("/api/v1/memories", "memories.api.remembra.views.list_page", "service_unavailable"),
        ("/v1/memories/user/ann", "memories.api.mem0.views.list_page", "SERVICE_UNAVAILABLE"),
    ],
)
def test_a_slow_statement_is_a_503_of_the_dialect(
    limited: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
    reads: str,
    code: str,
) -> None:
    monkeypatch.setattr(reads, lambda *_, **__: value(SLOW))
    answer = limited.get(path)
    assert (answer.status_code, answer["Retry-After"], answer.json()["error"]["code"]) == (503, "1", code)
    assert answer.json()["error"]["message"].startswith("The database took too long")
    assert "GET: QueryCanceled" in caplog.text
    monkeypatch.undo()
    assert limited.get(path).status_code == 200


def test_an_export_has_no_limit(limited: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_rows", lambda where: iter([{"limit": value("SHOW statement_timeout")}]))
    lines = limited.get("/api/v1/export?user_id=ann").getvalue().splitlines()
    assert json.loads(lines[1]) == {"limit": "0"}
    assert value("SHOW statement_timeout") == "1s"
