"""Messages to `/mcp` that are no valid requests: one sentence and the id, and nothing is done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from memories.api.mcp.tools import TOOLS
from tests import leaks
from tests.api.test_mcp import ACCEPT, OSLO, request, rows, send
from tests.build import Caller

CALL = request("tools/call", name="add_memory", arguments={"content": OSLO})
BATCH = "Send one JSON-RPC message as a JSON object. Batches are not served."
NO_OBJECT = "arguments: must be a JSON object"
BAD_ID = "id: must be a string of valid Unicode or a whole number"


def posted(secret: str | None, body: str, content_type: str = "application/json") -> HttpResponse:
    leaks.net.remember(secret)
    headers = {"Accept": ACCEPT} | ({"X-API-Key": secret} if secret is not None else {})
    client = Client(raise_request_exception=False)
    return client.generic("POST", "/mcp", body, content_type=content_type, headers=headers)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CALL.items() if key != name}


@pytest.mark.parametrize("version", [None, "2025-11-25", "2026-07-28"])
@pytest.mark.parametrize(
    ("message", "request_id", "code", "said", "field"),
    [
        ([CALL, CALL], None, -32600, BATCH, None),
        ([], None, -32600, BATCH, None),
        (b"null", None, -32600, BATCH, None),
        (5, None, -32600, BATCH, None),
        ({}, None, -32600, 'jsonrpc: must be "2.0"', "jsonrpc"),
        (without("jsonrpc"), 7, -32600, 'jsonrpc: must be "2.0"', "jsonrpc"),
        (CALL | {"jsonrpc": 2.0}, 7, -32600, 'jsonrpc: must be "2.0"', "jsonrpc"),
        (without("method"), 7, -32600, "method: must be a string", "method"),
        (CALL | {"method": ["tools/call"], "id": "a"}, "a", -32600, "method: must be a string", "method"),
        ({"jsonrpc": "2.0", "id": 7, "error": 5}, 7, -32600, "method: must be a string", "method"),
        (CALL | {"params": [OSLO]}, 7, -32600, "params: must be a JSON object", "params"),
        (CALL | {"params": OSLO}, 7, -32600, "params: must be a JSON object", "params"),
        (CALL | {"id": None}, None, -32600, BAD_ID, "id"),
        (CALL | {"id": 1.5}, None, -32600, BAD_ID, "id"),
        (CALL | {"id": False}, None, -32600, BAD_ID, "id"),
        (CALL | {"id": "a\ud800"}, None, -32600, BAD_ID, "id"),
        (request("tools/call", name="add_memory", arguments=[OSLO]), 7, -32602, NO_OBJECT, "arguments"),
        (request("tools/call", name="add_memory", arguments=OSLO), 7, -32602, NO_OBJECT, "arguments"),
        (request("prompts/get", name="use_memory", arguments=["ann"]), 7, -32602, NO_OBJECT, "arguments"),
    ],
)  # fmt: skip
def test_one_sentence(
    owner: Caller, version: str | None, message: Any, request_id: Any, code: int, said: str, field: str | None
) -> None:
    response = send(owner, message, **({"MCP-Protocol-Version": version} if version else {}))
    data = {"code": "validation_error"} | ({"field": field} if field else {})
    error = {"code": code, "message": said, "data": data}
    assert response.status_code == 400
    assert response.json() == {"jsonrpc": "2.0", "id": request_id, "error": error}
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize("request_id", ["\ud800", "a\udfff"])
@pytest.mark.parametrize(
    ("key", "content_type", "status"),
    [(None, "application/json", 401), ("wrong", "application/json", 401), ("owner", "text/plain", 415)],
)
def test_an_id_that_cannot_be_sent_back(
    owner: Caller, key: str | None, content_type: str, status: int, request_id: str
) -> None:
    body = json.dumps(CALL | {"id": request_id})
    response = posted(owner.secret if key == "owner" else key, body, content_type)
    assert (response.status_code, response.json()["id"], response.json()["error"]["code"]) == (status, None, -32600)
    assert rows() == [0, 0, 0, 0]


@pytest.mark.parametrize("request_id", ["", "a\x00", "\U0001f600", 10**40, -1])
def test_an_id_of_any_other_kind_is_sent_back(owner: Caller, request_id: Any) -> None:
    response = posted(None, json.dumps(CALL | {"id": request_id}))
    assert (response.status_code, response.json()["id"]) == (401, request_id)


@pytest.mark.parametrize("content_type", ["APPLICATION/JSON", "Application/Json; Charset=UTF-8"])
@pytest.mark.parametrize("path", ["/mcp", "/api/v1/memories", "/v1/memories"])
def test_a_content_type_is_compared_without_case(owner: Caller, path: str, content_type: str) -> None:
    leaks.net.remember(owner.secret)
    body = json.dumps(request("tools/list") if path == "/mcp" else {"content": OSLO})
    headers = {"X-API-Key": owner.secret, "Accept": "APPLICATION/JSON"}
    response = Client().generic("POST", path, body, content_type=content_type, headers=headers)
    if path == "/mcp":
        assert [tool["name"] for tool in response.json()["result"]["tools"]] == list(TOOLS)
    else:
        assert response.status_code == {"/api/v1/memories": 201, "/v1/memories": 200}[path]


@pytest.mark.parametrize("content_type", ["application/json, text/plain", "application/jsonp", "json", ""])
def test_another_content_type_is_refused(owner: Caller, content_type: str) -> None:
    response = posted(owner.secret, json.dumps(CALL), content_type)
    assert (response.status_code, response.json()["error"]["data"]) == (415, {"code": "unsupported_media_type"})
    assert rows() == [0, 0, 0, 0]
