"""`POST /mcp` from web pages: which origins may call it, and what a browser lets them read (CORS)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from core.http.mcp import REQUEST_HEADERS
from tests import leaks
from tests.api.test_mcp import OSLO, request, rows, send
from tests.build import Caller

APP = "https://app.example"
ADD = request("tools/call", name="add_memory", arguments={"content": OSLO})
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
READABLE = "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.MCP_ALLOWED_ORIGINS = [APP]


def cors(response: HttpResponse) -> dict[str, str]:
    return {name: value for name, value in response.items() if name.startswith("Access-Control-")}


def readable_by(origin: str) -> dict[str, str]:
    """The headers of a response that a page of the origin may read."""
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": READABLE}


def preflight(origin: str, path: str = "/mcp", **headers: str) -> HttpResponse:
    """As a browser sends it: without a key."""
    return Client().options(path, headers=PREFLIGHT | {"Origin": origin} | headers)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://testserver", "null", "http://localhost.evil.example", f"{APP}.evil"]
)
def test_a_page_of_another_origin_is_refused(owner: Caller, origin: str) -> None:
    for response in (send(owner, ADD, Origin=origin), preflight(origin)):
        assert (response.status_code, response.json()["error"]["data"]["code"]) == (403, "permission_denied")
        assert cors(response) == {}
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize("origin", ["http://localhost:6274", "http://127.0.0.1", "http://[::1]:80", APP])
def test_a_page_of_an_allowed_origin(owner: Caller, origin: str) -> None:
    asked = preflight(origin)
    assert (asked.status_code, asked.content, asked["Vary"]) == (204, b"", "Origin")
    assert cors(asked) == readable_by(origin) | {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": "3600",
    }
    assert rows() == [0, 0, 0, 0]
    response = send(owner, request("tools/list"), Origin=origin)
    assert (response.status_code, cors(response)) == (200, readable_by(origin))
    assert "Origin" in response["Vary"].split(", ")


def test_the_headers_of_the_protocol_may_be_sent() -> None:
    sent = {"authorization", "content-type", "accept", "x-api-key", "mcp-protocol-version", "mcp-method", "mcp-name"}
    assert {name.lower() for name in REQUEST_HEADERS.split(", ")} >= sent


def test_a_page_reads_why_it_is_refused(owner: Caller, viewer: Caller) -> None:
    leaks.net.remember(owner.secret)
    form = {"X-API-Key": owner.secret, "Origin": APP}
    for response, status in (
        (Client().post("/mcp", ADD, content_type="application/json", headers={"Origin": APP}), 401),
        (Client().post("/mcp", ADD, content_type="application/json", headers=form | {"X-API-Key": "wrong"}), 401),
        (Client().generic("POST", "/mcp", json.dumps(ADD), content_type="text/plain", headers=form), 415),
        (send(owner, b"{", Origin=APP), 400),
        (send(owner, ADD | {"id": "x" * 1_000_000}, Origin=APP), 413),
        (owner.request("POST", "/mcp", ADD, Origin=APP, Accept="text/html"), 406),
        (owner.request("GET", "/mcp", Origin=APP), 405),
        (send(viewer, ADD, Origin=APP), 200),  # the result of the tool has the reason
    ):
        assert (response.status_code, cors(response)) == (status, readable_by(APP))
        assert response["X-Request-Id"]
    assert rows() == [0, 0, 0, 0]


def test_a_page_reads_how_long_it_has_to_wait(owner: Caller, settings: Any) -> None:
    settings.RATE_LIMITS_ENABLED = True
    settings.RATE_LIMITS = dict.fromkeys(("v1", "burst", "store", "recall", "delete", "other"), "1/m")
    with time_machine.travel(dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC), tick=False):
        statuses = [preflight(APP).status_code for _ in range(3)]
        first, second = (send(owner, request("tools/list"), Origin=APP) for _ in range(2))
    assert (statuses, first.status_code, second.status_code) == ([204, 204, 204], 200, 429)
    assert cors(second) == readable_by(APP)
    assert set(READABLE.split(", ")) <= set(second.headers)


def test_a_program_gets_no_headers_for_pages(owner: Caller) -> None:
    response = send(owner, request("tools/list"))
    assert (response.status_code, cors(response)) == (200, {})
    plain = Client().options("/mcp", headers={"Origin": APP})
    assert (plain.status_code, plain["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/api/v1/memories", "/v1/memories", "/v1/health", "/mcp/", "/admin/login/"])
def test_no_other_path_is_for_pages(owner: Caller, path: str) -> None:
    for response in (preflight(APP, path), owner.get(path, Origin=APP), owner.post(path, {}, Origin=APP)):
        assert cors(response) == {}
    assert preflight(APP, path).status_code != 204
    assert rows() == [0, 0, 0, 0]


def test_the_host_is_checked(owner: Caller, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["memory.example"]
    response = send(owner, request("tools/list"), Host="evil.example")
    assert (response.status_code, response.json()["jsonrpc"]) == (400, "2.0")
    assert preflight(APP, Host="evil.example").status_code == 400
    assert send(owner, request("tools/list"), Host="memory.example").status_code == 200


def test_without_authentication_only_this_machine_is_served(eager: None, settings: Any) -> None:
    settings.AUTH_ENABLED = False
    nobody = Caller("")
    assert send(nobody, request("tools/list"), Host="rebound.example").status_code == 403
    assert preflight(APP, Host="rebound.example").status_code == 403
    assert send(nobody, request("tools/list"), Host="localhost:8080").status_code == 200
