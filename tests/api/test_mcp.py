"""`POST /mcp` as a client sends it, without a library: rights, limits, refused requests."""

from __future__ import annotations

from typing import Any

from tests.build import Caller

ACCEPT = "application/json, text/event-stream"


def send(caller: Caller, message: Any, **headers: str) -> Any:
    return caller.request("POST", "/mcp", message, Accept=ACCEPT, **headers)


def call(caller: Caller, tool: str, **arguments: Any) -> dict[str, Any]:
    """The result of a tool."""
    params = {"name": tool, "arguments": arguments}
    response = send(caller, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    assert response.status_code == 200, response.content
    return response.json()["result"]


def test_first(owner: Caller) -> None:
    r = send(owner, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    print(r.status_code, r.content.decode()[:6000])
    print(call(owner, "add_memory", content="I live in Oslo."))
    print(call(owner, "search_memories", query="Where do I live?"))
    print(call(owner, "get_context", query="Where do I live?"))
    assert 0
