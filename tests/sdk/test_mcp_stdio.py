"""`memproject-mcp`: what it sends for each line, and what it answers when the service does not."""

from __future__ import annotations

import io
import json
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mem0_client.mcp_stdio import Bridge

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
RESULT = {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}


def forwarded(*lines: Any, answer: Any = RESULT, status: int = 200) -> tuple[list[httpx2.Request], list[Any]]:
    """(what the service was asked, the lines of the answer) for these lines, in the order of their ids."""
    asked: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return httpx2.Response(status, content=content)

    out = io.BytesIO()
    client = httpx2.Client(transport=httpx2.MockTransport(respond))
    bridge = Bridge(out, "the-key", "http://memory.test/", http_client=client)
    bridge.serve([line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines])
    return asked, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_request_is_one_post_with_the_key() -> None:
    (asked,), answers = forwarded(LIST)
    assert (asked.method, str(asked.url)) == ("POST", "http://memory.test/mcp")
    assert asked.headers["Authorization"] == "Bearer the-key"
    assert asked.headers["Accept"] == "application/json"
    assert "MCP-Protocol-Version" not in asked.headers
    assert (json.loads(asked.content), answers) == (LIST, [RESULT])


def test_requests_name_the_version_that_was_agreed() -> None:
    initialize = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    agreed = {"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25"}}
    (_, asked), answers = forwarded(initialize, LIST | {"id": 2}, answer=agreed)
    assert asked.headers["MCP-Protocol-Version"] == "2025-11-25"
    assert [answer["id"] for answer in answers] == [1, 2]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("add_memory", "add_memory"),
        ("été", "=?base64?w6l0w6k=?="),
        (" a", "=?base64?IGE=?="),
        ("a\nb", "=?base64?YQpi?="),
    ],
)
def test_a_request_of_one_exchange_repeats_its_parts_in_headers(name: str, header: str) -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    call = LIST | {"method": "tools/call", "params": {"name": name, "_meta": meta}}
    (asked,), _ = forwarded(call)
    sent = [asked.headers[key] for key in ("MCP-Protocol-Version", "Mcp-Method", "Mcp-Name")]
    assert sent == ["2026-07-28", "tools/call", header]


def test_notifications_and_answers_are_not_sent() -> None:
    notifications = [{"jsonrpc": "2.0", "method": method} for method in ("notifications/initialized", "initialize")]
    assert forwarded(*notifications, {"jsonrpc": "2.0", "id": 5, "result": {}}, b"\n") == ([], [])


@pytest.mark.parametrize("result", [None, [], "2025-11-25"])
def test_an_initialization_without_a_version(result: Any) -> None:
    told = {"jsonrpc": "2.0", "id": 1, "result": result}
    (_, asked), answers = forwarded(LIST | {"method": "initialize"}, LIST | {"id": 2}, answer=told)
    assert "MCP-Protocol-Version" not in asked.headers
    assert answers == [told, told | {"id": 2}]


@pytest.mark.parametrize(("line", "code"), [(b"{\n", -32700), (b"[]\n", -32600), (b"5\n", -32600), (b"\xff\n", -32700)])
def test_a_line_that_is_no_message(line: bytes, code: int) -> None:
    asked, (answer,) = forwarded(line)
    assert (asked, answer["id"], answer["error"]["code"]) == ([], None, code)


def test_an_error_of_http_gets_the_id_of_the_request() -> None:
    refused = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "A valid API key is required."}}
    _, answers = forwarded(LIST, answer=refused, status=401)
    assert answers == [refused | {"id": 1}]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"<html>", "The memory service answered with the status 502."),
        (httpx2.ConnectError("refused"), "The memory service at http://memory.test cannot be reached (ConnectError)."),
        (httpx2.ReadTimeout("late"), "The memory service at http://memory.test cannot be reached (ReadTimeout)."),
    ],
    ids=["page", "refused", "late"],
)
def test_a_service_that_is_away(answer: Any, message: str) -> None:
    _, answers = forwarded(LIST, LIST | {"id": "b"}, answer=answer, status=502)
    assert sorted(str(one["id"]) for one in answers) == ["1", "b"]
    assert [one["error"] for one in answers] == [{"code": -32603, "message": message}] * 2


def test_the_console_script_names_its_function() -> None:
    project = tomllib.loads((ROOT / "sdk" / "python" / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["memproject-mcp"].partition(":")
    assert callable(getattr(import_module(module), function))
    assert {name.partition(">")[0] for name in project["dependencies"]} == {"anyio", "httpx2", "typing-extensions"}
