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


def forwarded(
    *lines: Any, answer: Any = RESULT, status: int = 200, url: str = "http://memory.test/"
) -> tuple[list[httpx2.Request], list[Any]]:
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
    bridge = Bridge(out, "the-key", url, http_client=client)
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


@pytest.mark.parametrize("result", [{}, {"protocolVersion": None}, {"protocolVersion": 5}])
def test_an_initialization_without_a_version(result: Any) -> None:
    told = {"jsonrpc": "2.0", "id": 1, "result": result}
    (_, asked), answers = forwarded(LIST | {"method": "initialize"}, LIST | {"id": 2}, answer=told)
    assert "MCP-Protocol-Version" not in asked.headers
    assert answers == [told, told | {"id": 2}]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{\n", -32700),
        (b"[]\n", -32600),
        (b"5\n", -32600),
        (b"\xff\n", -32700),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}\n', -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": -Infinity}}\n', -32700),
        (b'{"a":' * 100_000, -32700),
        (b'{"jsonrpc": "2.0", "id": 1e400, "method": "ping"}\n', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}\n', -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}\n', -32600),
        (b'{"jsonrpc": "2.0", "id": [1], "method": "ping"}\n', -32600),
        (b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping"}\n', -32600),
    ],
    ids=lambda value: str(value)[:64],
)
def test_a_line_that_is_no_message(line: bytes, code: int) -> None:
    asked, (answer,) = forwarded(line)
    assert (asked, answer["id"], answer["error"]["code"]) == ([], None, code)


def test_a_message_is_sent_as_it_was_read() -> None:
    """So the service reads what the client wrote: a depth, a number or a text that this program would not write."""
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    for params in (deep, b'{"x": 1e400}', b'{"name": "a\\ud800"}', b'{"name": "\xc3\xa9"}'):
        line = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": %s}' % params
        (asked,), answers = forwarded(line + b"\r\n")
        assert (asked.content, answers) == (line, [RESULT])


def test_a_name_with_broken_unicode_has_a_header() -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    (asked,), answers = forwarded(LIST | {"method": "tools/call", "params": {"name": "a\ud800", "_meta": meta}})
    assert (asked.headers["Mcp-Name"], answers) == ("=?base64?YT8=?=", [RESULT])


def test_a_request_without_a_method_is_answered_by_the_service() -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    (asked,), answers = forwarded({"jsonrpc": "2.0", "id": 1, "params": {"_meta": meta}})
    assert (asked.headers["Mcp-Method"], answers) == ("", [RESULT])


@pytest.mark.parametrize("error", [RecursionError("x"), TypeError("x"), UnicodeEncodeError("ascii", "x", 0, 1, "y")])
def test_any_other_failure_is_an_answer_too(error: Exception) -> None:
    _, answers = forwarded(LIST, LIST | {"id": "b", "method": "initialize"}, answer=error)
    said = f"The request could not be forwarded ({type(error).__name__})."
    failure = {"code": -32603, "message": said}
    assert sorted(answers, key=str) == sorted(
        ({"jsonrpc": "2.0", "id": i, "error": failure} for i in (1, "b")), key=str
    )


NO_ANSWERS: dict[str, Any] = {
    "the error of /v1": {"success": False, "error": {"code": "NOT_FOUND", "message": "x"}, "timestamp": "t"},
    "the error of /api/v1": {"detail": "x", "error": {"code": "not_found", "message": "x", "details": {}}},
    "the error of mem0's paths": {"detail": "x", "error": "x", "code": "not_found", "details": {}},
    "a text of a proxy": {"error": "Bad gateway"},
    "an object of a proxy": {"error": {"message": "x"}},
    "no version": {"id": 1, "result": {}},
    "another version": {"jsonrpc": "1.0", "id": 1, "result": {}},
    "a code that is a text": {"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": "x"}},
    "a code that is true": {"jsonrpc": "2.0", "id": 1, "error": {"code": True, "message": "x"}},
    "no message": {"jsonrpc": "2.0", "id": 1, "error": {"code": 1}},
    "a result and an error": {"jsonrpc": "2.0", "id": 1, "result": {}, "error": {"code": 1, "message": "x"}},
    "a result that is null": {"jsonrpc": "2.0", "id": 1, "result": None},
    "a result that is a list": {"jsonrpc": "2.0", "id": 1, "result": []},
    "a request": {"jsonrpc": "2.0", "id": 1, "method": "ping"},
    "not a number": b'{"jsonrpc": "2.0", "id": 1, "result": {"x": NaN}}',
    "a list": [RESULT],
    "nothing": b"",
}


@pytest.mark.parametrize("name", NO_ANSWERS)
@pytest.mark.parametrize("method", ["tools/list", "initialize"])
def test_what_is_no_answer_is_not_passed_on(name: str, method: str) -> None:
    _, answers = forwarded(LIST | {"method": method}, answer=NO_ANSWERS[name], status=404)
    said = "The memory service answered with the status 404."
    assert answers == [{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": said}}]


def test_an_answer_has_no_other_members() -> None:
    """The client for Node takes an answer with an unknown member for none."""
    _, answers = forwarded(LIST, answer=RESULT | {"timestamp": "t", "id": 5})
    assert answers == [RESULT]


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://memory.test", "http://memory.test/mcp"),
        ("http://memory.test/mcp", "http://memory.test/mcp"),
        ("http://memory.test/mcp/", "http://memory.test/mcp"),
        ("http://memory.test/v1", "http://memory.test/mcp"),
        ("http://memory.test/proxied/mcp", "http://memory.test/proxied/mcp"),
        ("http://mcp", "http://mcp/mcp"),
        ("http://v1/", "http://v1/mcp"),
    ],
)
def test_the_address_may_name_an_api(url: str, asked: str) -> None:
    (request,), _ = forwarded(LIST, url=url)
    assert str(request.url) == asked


@pytest.mark.parametrize("url", ["http://user:secretpw@memory.test", "http://user:secretpw@memory.test/mcp"])
def test_a_password_in_the_address_is_not_shown(url: str) -> None:
    _, (answer,) = forwarded(LIST, answer=httpx2.ConnectError("refused"), url=url)
    assert answer["error"]["message"] == "The memory service at http://memory.test cannot be reached (ConnectError)."


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
