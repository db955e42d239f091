"""What the OpenAPI document says is what happens: its examples are sent, and each answer is held to its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.build import Caller
from tests.document import plain

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "contracts" / "openapi.yaml").read_text())
OPERATIONS = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in ("get", "post", "put", "patch", "delete")
]
MISSING = "mem_" + "0" * 32


def hold(response: Any, path: str, method: str) -> Any:
    """The answer's JSON, after its status and shape were found in the document."""
    documented = DOCUMENT["paths"][path][method]["responses"]
    assert str(response.status_code) in documented, (response.status_code, response.content)
    body = json.loads(response.content)
    schema = plain(documented[str(response.status_code)]["content"]["application/json"]["schema"])
    errors = [f"{'.'.join(map(str, e.path))}: {e.message}" for e in Draft202012Validator(schema).iter_errors(body)]
    assert errors == []
    return body


def example(path: str, method: str) -> Any:
    content = DOCUMENT["paths"][path][method]["requestBody"]["content"]["application/json"]
    return next(iter(content["examples"].values()))["value"]


def test_the_examples_of_the_first_dialect(owner: Caller) -> None:
    added = hold(owner.post("/v1/memories", example("/v1/memories", "post")), "/v1/memories", "post")
    memory_id = added["data"]["id"]
    one, history, user = "/v1/memories/{memory_id}", "/v1/memories/{memory_id}/history", "/v1/memories/user/{user_id}"
    path = f"/v1/memories/{memory_id}"
    hold(owner.get("/v1/memories/search?query=FastAPI&user_id=test_user_123"), "/v1/memories/search", "get")
    hold(owner.get("/v1/memories/search"), "/v1/memories/search", "get")
    hold(owner.get(path + "?include=history"), one, "get")
    hold(owner.put(path, example(one, "put")), one, "put")
    hold(owner.patch(path, {"pinned": True}), one, "patch")
    hold(owner.get(path + "/history"), history, "get")
    hold(owner.get("/v1/memories/user/test_user_123"), user, "get")
    hold(owner.get(f"/v1/memories/{MISSING}"), one, "get")
    later = hold(
        owner.post("/v1/memories", {"content": "I live in Oslo"}, Prefer="respond-async"), "/v1/memories", "post"
    )
    hold(owner.get(f"/v1/events/{later['data'].get('event_id', 'evt_none')}"), "/v1/events/{event_id}", "get")
    hold(owner.delete(path), one, "delete")
    hold(owner.delete("/v1/memories/user/test_user_123"), user, "delete")
    hold(owner.get("/status"), "/status", "get")
    hold(owner.get("/health"), "/health", "get")
    hold(Caller("wrong").get("/v1/memories/user/x"), user, "get")


def test_the_examples_of_the_second_dialect(owner: Caller) -> None:
    many, one = "/api/v1/memories", "/api/v1/memories/{memory_id}"
    stored = hold(owner.post(many, example(many, "post")), many, "post")
    path = f"{many}/{stored['id']}"
    recall = "/api/v1/memories/recall"
    found = hold(owner.post(recall, example(recall, "post")), recall, "post")
    assert found["total"] == 1  # "He works at Google" doesn't name John
    hold(owner.post(recall, {"query": 5}), recall, "post")
    hold(owner.get(many + "?user_id=user_123"), many, "get")
    hold(owner.get(path), one, "get")
    hold(owner.put(path, example(one, "put")), one, "put")
    hold(owner.patch(path, {"metadata": {"a": 1}}), one, "patch")
    hold(owner.get(path + "/history"), one + "/history", "get")
    hold(owner.get("/api/v1/events/evt_none"), "/api/v1/events/{event_id}", "get")
    hold(owner.delete(many, {"memory_ids": [stored["id"]]}), many, "delete")
    hold(owner.delete(path), one, "delete")
    hold(Caller("wrong").get(path), one, "get")


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=[f"{m} {p}" for p, m, _ in OPERATIONS])
def test_every_operation_has_examples_that_fit_their_schema(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        (content,) = response["content"].values()
        for shown in content["examples"].values():
            errors = list(Draft202012Validator(plain(content["schema"])).iter_errors(shown["value"]))
            assert errors == [], (status, errors)
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        assert content["examples"]
        for shown in content["examples"].values():
            assert not list(Draft202012Validator(plain(content["schema"])).iter_errors(shown["value"]))


def test_only_health_needs_no_key() -> None:
    assert {path for path, _, operation in OPERATIONS if not operation.get("security")} == {
        "/health",
        "/v1/health",
        "/api/v1/health",
    }
