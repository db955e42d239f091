"""`POST /mcp` as it is on the wire: rights, limits, and messages that are not valid."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisGone

from apikeys import key_cache
from apikeys.scopes import Scope
from core import disk
from core.tenancy import across_tenants
from memories.api.mcp.tools import TOOLS
from memories.models import Erasure, Memory, Revision, Source
from tests import leaks
from tests.api.samples import PROJECT, TEXT, USER, World, alone
from tests.build import Caller

ACCEPT = "application/json, text/event-stream"
OSLO = "I live in Oslo."
UNKNOWN = "mem_" + "0" * 32
COUNTS = Path(__file__).with_name("query_counts.json")
# The operation of the HTTP API that calls the same service as a tool.
OPERATIONS = {
    "add_memory": "POST /api/v1/memories",
    "search_memories": "POST /api/v1/memories/recall",
    "get_context": "POST /api/v1/memories/recall",
    "list_memories": "GET /api/v1/memories",
    "get_memory": "GET /api/v1/memories/{memory_id}",
    "update_memory": "PUT /api/v1/memories/{memory_id}",
    "forget_memory": "DELETE /api/v1/memories/{memory_id}",
    "memory_history": "GET /api/v1/memories/{memory_id}/history",
    "search_entities": "GET /api/v1/entities",
    "entity_neighbors": "GET /api/v1/entities/{entity_id}/neighbors",
    "user_profile": "GET /api/v1/users/{user_id}/profile",
}


def send(caller: Caller, message: Any, **headers: str) -> HttpResponse:
    return caller.request("POST", "/mcp", message, Accept=ACCEPT, **headers)


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def call(caller: Caller, tool: str, **arguments: Any) -> dict[str, Any]:
    """The result of a tool."""
    response = send(caller, request("tools/call", name=tool, arguments=arguments))
    assert response.status_code == 200, response.content
    return response.json()["result"]


def use(caller: Caller, tool: str, **arguments: Any) -> Any:
    """The structured content of a call that succeeds."""
    result = call(caller, tool, **arguments)
    assert not result["isError"], result["content"]
    return result["structuredContent"]


def refused(result: dict[str, Any]) -> str:
    """The text of a call that fails."""
    assert result["isError"]
    assert "structuredContent" not in result
    (content,) = result["content"]
    return str(content["text"])


def rows() -> list[int]:
    with across_tenants("a test"):
        return [model.objects.count() for model in (Source, Memory, Revision, Erasure)]


# --- keys ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["tools/list", "tools/call"])
def test_a_key_is_required(owner: Caller, method: str) -> None:
    message = request(method, name="add_memory", arguments={"content": OSLO})
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        response = Client().post("/mcp", message, content_type="application/json", headers=headers)
        assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="memproject"')
        body = response.json()
        assert (body["jsonrpc"], body["id"], body["error"]["code"]) == ("2.0", 7, -32600)
        assert body["error"]["data"] == {"code": "authentication_error"}
    assert rows() == [0, 0, 0, 0]


def test_either_header_of_a_key(owner: Caller) -> None:
    leaks.net.remember(owner.secret)
    headers = {"X-API-Key": owner.secret, "Accept": ACCEPT}
    response = Client().post("/mcp", request("tools/list"), content_type="application/json", headers=headers)
    assert [tool["name"] for tool in response.json()["result"]["tools"]] == list(TOOLS)


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS.values() if tool.scope is not Scope.READ])
def test_a_viewer_may_not_call_it(viewer: Caller, tool: str) -> None:
    before = rows()
    text = refused(call(viewer, tool, content=OSLO))
    assert text == f"permission_denied: This API key may not call {tool}: it lacks {TOOLS[tool].scope}."
    assert rows() == before


def test_a_message_that_two_parsers_read_differently_needs_its_scope_too(viewer: Caller) -> None:
    """The scope is that of the tool that is called, however the view read the message."""
    tool = '"name": "add_memory", "arguments": {"content": "I live in Oslo.", "metadata": {"n": %s}}'
    name = '"name": "list_memories", "name": "add_memory", "arguments": {"content": "I live in Oslo."}'
    for params in (tool % ("9" * 5_000), tool % "NaN", name, name.replace("name", "n\\u0061me", 1)):
        message = f'{{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {{{params}}}}}'
        body = send(viewer, message).json()
        assert "error" in body or body["result"]["isError"], body
    assert rows() == [0, 0, 0, 0]


def test_another_tenants_memory_is_unknown(owner: Caller, stranger: Caller) -> None:
    memory_id = use(owner, "add_memory", content=OSLO)["id"]
    before = rows()
    for tool in ("get_memory", "memory_history", "forget_memory"):
        foreign, unknown = (refused(call(stranger, tool, memory_id=i)) for i in (memory_id, UNKNOWN))
        assert foreign.replace(memory_id, UNKNOWN) == unknown
    assert rows() == before


# --- limits ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def low_limits(owner: Caller, settings: Any) -> Any:
    settings.RATE_LIMITS_ENABLED = True
    settings.RATE_LIMITS = {
        "v1": "9/m",
        "burst": "9/m",
        "store": "1/m",
        "recall": "1/m",
        "delete": "1/m",
        "other": "2/m",
    }
    with time_machine.travel(dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC), tick=False) as clock:
        yield clock


def test_a_tool_shares_the_limit_of_its_operation(owner: Caller, low_limits: Any) -> None:
    first = send(owner, request("tools/call", name="add_memory", arguments={"content": OSLO}))
    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("1", "0")
    assert owner.post("/api/v1/memories", {"content": "I drink tea."}).status_code == 429
    second = send(owner, request("tools/call", name="add_memory", arguments={"content": "I drink tea."}))
    wait = int(second["X-RateLimit-Reset"]) - int(dt.datetime.now(dt.UTC).timestamp())
    said = refused(second.json()["result"])
    assert said == f"rate_limit_exceeded: Too many requests. Try again in {wait} seconds."
    assert use(owner, "list_memories")["total"] == 1


def test_other_messages_are_limited_too(owner: Caller, low_limits: Any) -> None:
    messages = [request("tools/list"), b"{", request("prompts/list")]
    answers = [send(owner, message) for message in messages]
    assert [answer.status_code for answer in answers] == [200, 400, 429]
    assert (answers[2].json()["id"], answers[2].json()["error"]["data"]["code"]) == (7, "rate_limit_exceeded")
    assert int(answers[2]["Retry-After"]) > 0


def test_without_redis_reads_go_on_and_writes_are_refused(
    owner: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise RedisGone

    settings.RATE_LIMITS_ENABLED = True
    monkeypatch.setattr("core.http.ratelimit.get_usage", gone)
    assert use(owner, "list_memories")["total"] == 0
    assert refused(call(owner, "add_memory", content=OSLO)).startswith("service_unavailable: Writes wait until Redis")
    assert rows() == [0, 0, 0, 0]


def test_nothing_is_stored_on_a_full_disk(owner: Caller, settings: Any, tmp_path: Path) -> None:
    settings.POSTGRES_DIR, settings.MIN_FREE_DISK_MB = str(tmp_path), 1 << 40
    assert refused(call(owner, "add_memory", content=OSLO)) == f"service_unavailable: {disk.NEARLY_FULL}"
    assert use(owner, "search_memories", query="Oslo")["total"] == 0
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize(("tool", "operation"), OPERATIONS.items(), ids=OPERATIONS)
def test_a_tool_costs_no_more_statements_than_its_operation(
    eager: None, monkeypatch: pytest.MonkeyPatch, tool: str, operation: str
) -> None:
    alone(monkeypatch)
    monkeypatch.setattr(key_cache, "SECONDS", 3600.0)
    world, fields = World(), set(map(str, TOOLS[tool].request().fields))
    world.sample("memory_id")
    given = {"content": TEXT, "query": "emerald", "user_id": USER, "project": PROJECT}
    arguments = {name: value for name, value in given.items() if name in fields}
    arguments |= {name: world.sample(name) for name in ("memory_id", "entity_id") if name in fields}
    if tool == "search_entities":
        del arguments["query"]
    call(world.owner, "list_memories")  # the key is known then
    with CaptureQueriesContext(connection) as sent:
        use(world.owner, tool, **arguments)
    meant = json.loads(COUNTS.read_text())[operation]
    assert 0 < len(sent) <= meant, [query["sql"] for query in sent.captured_queries]


# --- messages --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("accept", ["text/event-stream", "text/event-stream, application/json", "*/*", "text/html"])
def test_only_post_is_served(owner: Caller, accept: str) -> None:
    for method in ("GET", "DELETE", "PUT"):
        response = owner.request(method, "/mcp", Accept=accept)
        assert (response.status_code, response["Allow"]) == (405, "POST")
        assert response.json()["error"]["data"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Content-Type", "application/x-www-form-urlencoded", 415),
        ("Content-Type", "text/plain", 415),
        ("Accept", "text/event-stream", 406),
        ("Accept", "text/html", 406),
    ],
)
def test_only_json_is_spoken(owner: Caller, header: str, value: str, status: int) -> None:
    message = json.dumps(request("tools/call", name="add_memory", arguments={"content": OSLO}))
    leaks.net.remember(owner.secret)
    headers = {"Content-Type": "application/json", "Accept": ACCEPT, "X-API-Key": owner.secret} | {header: value}
    response = Client().generic("POST", "/mcp", message, content_type=headers.pop("Content-Type"), headers=headers)
    assert (response.status_code, response.json()["id"], response.json()["error"]["code"]) == (status, 7, -32600)
    assert rows() == [0, 0, 0, 0]


def test_there_are_no_subscriptions(owner: Caller) -> None:
    prefix = "io.modelcontextprotocol"
    meta = {f"{prefix}/protocolVersion": "2026-07-28", f"{prefix}/clientCapabilities": {}}
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"}
    response = send(owner, request("subscriptions/listen", notifications={}, _meta=meta), **headers)
    assert (response.status_code, response.json()["error"]["code"]) == (404, -32601)


def test_a_notification_has_no_answer(owner: Caller) -> None:
    response = send(owner, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (response.status_code, response.content) == (202, b"")


def test_an_older_client_initializes(owner: Caller) -> None:
    info = {"name": "old", "version": "1"}
    for version in ("2025-06-18", "2025-03-26", "2024-11-05"):
        message = request("initialize", protocolVersion=version, capabilities={}, clientInfo=info)
        result = send(owner, message).json()["result"]
        assert (result["protocolVersion"], result["serverInfo"]["name"]) == (version, "memproject")
        assert set(result["capabilities"]) >= {"tools", "resources", "prompts"}


MALFORMED: dict[str, Any] = {
    "no JSON": b"{",
    "nothing": b"",
    "not UTF-8": b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep arguments": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
    + b'{"a":' * 5_000
    + b"1"
    + b"}" * 5_001,
    "a number": 1,
    "a text": '"tools/list"',
    "null": b"null",
    "a batch": [request("tools/list"), request("tools/call", name="add_memory", arguments={"content": OSLO})],
    "an empty batch": [],
    "an empty object": {},
    "no version": {"id": 1, "method": "tools/list"},
    "another version": {"jsonrpc": "1.0", "id": 1, "method": "tools/list"},
    "a method that is a number": {"jsonrpc": "2.0", "id": 1, "method": 5},
    "an id that is a list": {"jsonrpc": "2.0", "id": [1], "method": "tools/list"},
    "an id that is null": {"jsonrpc": "2.0", "id": None, "method": "tools/list"},
    "an id that is true": {"jsonrpc": "2.0", "id": True, "method": "tools/list"},
    "params that are a list": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ["add_memory"]},
    "an unknown method": request("memories/erase"),
    "no name": request("tools/call", arguments={"content": OSLO}),
    "a name that is a list": request("tools/call", name=["add_memory"], arguments={"content": OSLO}),
    "an unknown tool": request("tools/call", name="erase_all", arguments={}),
    "arguments that are a list": request("tools/call", name="add_memory", arguments=[OSLO]),
    "arguments that are a text": request("tools/call", name="add_memory", arguments=OSLO),
}


@pytest.mark.parametrize("version", [None, "2025-11-25", "2026-07-28", "1999-01-01"])
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_message_is_an_error_of_the_protocol(owner: Caller, name: str, version: str | None) -> None:
    headers = {"MCP-Protocol-Version": version} if version else {}
    response = send(owner, MALFORMED[name], **headers)
    assert response.status_code in (200, 400, 404, 415)
    body = response.json()
    assert body["jsonrpc"] == "2.0"
    assert -32800 < body["error"]["code"] <= -32000
    assert body["error"]["message"]
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("text", ["\\ud800", "\\u0000"])
def test_broken_unicode_is_refused_everywhere(owner: Caller, text: str, version: str) -> None:
    prefix = "io.modelcontextprotocol"
    meta = f'"_meta": {{"{prefix}/protocolVersion": "2026-07-28", "{prefix}/clientCapabilities": {{}}}}'
    for params in (
        f'{{"name": "add_memory", "arguments": {{"content": "a{text}"}}, {meta}}}',
        f'{{"name": "add_memory", "arguments": {{"content": "a", "b{text}": 1}}, {meta}}}',
        f'{{"name": "add_memory", "arguments": {{"content": "a", "metadata": {{"{text}": 1}}}}, {meta}}}',
        f'{{"name": "a{text}", "arguments": {{}}, {meta}}}',
    ):
        message = f'{{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {params}}}'
        headers = {"MCP-Protocol-Version": version, "Mcp-Method": "tools/call", "Mcp-Name": "add_memory"}
        body = send(owner, message, **headers).json()
        assert body["error"]["code"] in (-32700, -32602, -32020) if "error" in body else body["result"]["isError"]
    assert rows() == [0, 0, 0, 0]


def test_a_body_of_more_than_a_megabyte_is_refused_unread(owner: Caller) -> None:
    message = json.dumps(request("tools/call", name="add_memory", arguments={"content": "x" * 1_000_000}))
    response = send(owner, message)
    assert response.status_code == 413
    assert (response.json()["error"]["code"], response.json()["error"]["data"]["code"]) == (-32600, "payload_too_large")
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize("field", ["content", "metadata", "unknown", "user_id"])
def test_a_body_of_nearly_a_megabyte_changes_nothing(owner: Caller, field: str) -> None:
    big: Any = "x" * 999_000
    arguments = {"content": OSLO, field: {"big": big} if field == "metadata" else big}
    assert refused(call(owner, "add_memory", **arguments)).startswith(f"validation_error: {field}: ")
    assert rows() == [0, 0, 0, 0]
