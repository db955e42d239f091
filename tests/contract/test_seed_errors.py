"""Each row of both documents' tables of errors, provoked once: its code and its status, in its dialect's shape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse

from apikeys.scopes import Role
from tests.build import Caller, caller
from tests.contract.seeds.inventory import MEM0, REMEMBRA, Row, row, rows
from tests.contract.seeds.shapes import shaped_like

ENVELOPE = row(MEM0, "Request/Response Format", "Error Response Structure").example
MOMENT = dt.datetime(2026, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
PLAIN = {"detail": "words", "error": {"code": "not_found", "message": "words", "details": {}}}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recall that fails in a way nobody thought of."""

    def fail(*_: Any) -> None:
        raise RuntimeError("nobody thought of it")

    monkeypatch.setattr("memories.api.mem0.views.recall", fail)
    monkeypatch.setattr("memories.api.remembra.views.recall", fail)


def over_the_limit(method: str, path: str, body: Any = None) -> Callable[[], HttpResponse]:
    def provoke() -> HttpResponse:
        with time_machine.travel(MOMENT, tick=False):  # no window ends between the two
            agent = caller()
            agent.request(method, path, body)
            return agent.request(method, path, body)

    return provoke


PROVOKED: dict[str, Callable[[], HttpResponse]] = {
    "INVALID_REQUEST": lambda: caller().post("/v1/memories", b'{"content": '),
    "UNAUTHORIZED": lambda: Caller("nobody").get("/v1/memories/search?query=x"),
    "FORBIDDEN": lambda: caller(role=Role.VIEWER).post("/v1/memories", {"content": "I live in Oslo"}),
    "MEMORY_NOT_FOUND": lambda: caller().get("/v1/memories/abc123"),
    "RATE_LIMIT_EXCEEDED": over_the_limit("GET", "/v1/memories/user/ann"),
    "INTERNAL_ERROR": lambda: caller().get("/v1/memories/search?query=x"),
    "validation_error": lambda: caller().post("/api/v1/memories", {"content": 1}),
    "authentication_error": lambda: Caller("nobody").get("/api/v1/memories"),
    "not_found": lambda: caller().get("/api/v1/memories/abc123"),
    "rate_limit_exceeded": over_the_limit("POST", "/api/v1/memories", {"content": "I live in Oslo"}),
    "internal_error": lambda: caller().post("/api/v1/memories/recall", {"query": "x"}),
}
TABLE = [one for one in rows(MEM0) if one.section == "Error Codes"]
TABLE += [one for one in rows(REMEMBRA) if one.section == "Error Responses"]


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.text.split()[0])
def test_an_error_has_its_documented_code_and_status(one: Row, eager: None, broken: None, settings: Any) -> None:
    code, status = one.text.split()[:2]
    settings.RATE_LIMITS_ENABLED = code.lower() == "rate_limit_exceeded"
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "v1": "1/m", "store": "1/m"}
    answer = PROVOKED[code]()
    assert (answer.status_code, answer.json()["error"]["code"]) == (int(status), code)
    assert shaped_like(ENVELOPE if code.isupper() else PLAIN, answer.json()) == []
    assert "nobody thought of it" not in answer.content.decode()
