"""What is made of the OpenAPI document: the order of a run, where its ids come from, and the lines to paste."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import pages
from contracts.document import Document
from contracts.example_order import plan
from contracts.postman import collection

KEY, MEMORY, EVENT = (f"{prefix}_{number:032x}" for number, prefix in enumerate(("key", "mem", "evt")))


def operation(answers: dict[int, Any], body: Any = None, **more: Any) -> dict[str, Any]:
    def content(value: Any) -> dict[str, Any]:
        return {"content": {"application/json": {"schema": {}, "examples": {"One": {"value": value}}}}}

    said = {"security": [{}], "responses": {str(status): content(value) for status, value in answers.items()}}
    return said | ({} if body is None else {"requestBody": content(body)}) | more


def named(name: str, where: str = "path") -> dict[str, Any]:
    return {"name": name, "in": where, "required": True, "schema": {"type": "string"}}


MEMORIES = {
    "/api/v1/memories": {
        "delete": operation({200: {}}, {"memory_ids": [MEMORY]}),
        "post": operation({201: {"id": MEMORY}, 202: {"id": MEMORY, "event_id": EVENT}}, {"content": "It's Ann"}),
    },
    "/api/v1/memories/recall": {"post": operation({200: {"memories": [{"id": MEMORY}]}}, {"query": "Who?"})},
    "/api/v1/memories/{memory_id}": {
        method: operation(answer, body, parameters=[named("memory_id")])
        for method, answer, body in (
            ("delete", {200: {}}, None),
            ("get", {200: {"id": MEMORY}}, None),
            ("put", {200: {"id": MEMORY}}, {"content": "Bob"}),
        )
    },
}
EVENTS = {
    "/api/v1/events/{event_id}": {"get": operation({200: {"id": EVENT}}, parameters=[named("event_id")])},
    "/api/v1/users/{user_id}": {"get": operation({200: {"user_id": "ann"}}, parameters=[named("user_id")])},
}
KEYS = {
    "/api/v1/keys": {"post": operation({201: {"id": KEY}}, {"name": "agent"})},
    "/api/v1/keys/{key_id}": {"get": operation({200: {"id": KEY}}, parameters=[named("key_id")])},
}


def document(*parts: dict[str, Any]) -> Document:
    paths = {path: item for part in parts for path, item in part.items()}
    return Document({"info": {"title": "t", "description": "d"}, "paths": paths, "components": {"schemas": {}}})


def steps(made: Document, name: str) -> list[tuple[str, bool, bool, list[str]]]:
    group = next(group for group in made.groups if group.name == name)
    return [(s.operation.name, s.prepares, s.later, [known for known, _ in s.captures]) for s in plan(made, group)]


def test_it_creates_reads_changes_acts_and_deletes_and_creates_again_what_was_deleted() -> None:
    one = "/api/v1/memories/{memory_id}"
    assert steps(document(MEMORIES), "memories") == [
        ("POST /api/v1/memories", False, False, [MEMORY]),
        (f"GET {one}", False, False, []),
        (f"PUT {one}", False, False, []),
        ("POST /api/v1/memories/recall", False, False, []),
        (f"DELETE {one}", False, False, []),
        ("POST /api/v1/memories", True, False, [MEMORY]),
        ("DELETE /api/v1/memories", False, False, []),
    ]


def test_what_a_202_alone_shows_is_asked_for_later_and_what_only_reads_stores_first() -> None:
    made = document(MEMORIES, EVENTS)
    store = "POST /api/v1/memories"
    assert steps(made, "events") == [
        (store, True, True, [EVENT]),
        ("GET /api/v1/events/{event_id}", False, False, []),
    ]
    assert steps(made, "users") == [(store, True, False, []), ("GET /api/v1/users/{user_id}", False, False, [])]


def test_an_id_that_no_answer_shows_is_named() -> None:
    with pytest.raises(ValueError, match=r"/api/v1/memories: no operation's example shows where ent_0+ comes from"):
        steps(
            document(MEMORIES | {"/api/v1/memories/x": {"post": operation({200: {}}, {"id": "ent_" + "0" * 32})}}),
            "memories",
        )


def test_a_parameter_without_an_example_is_named() -> None:
    made = document(MEMORIES, {"/api/v1/z": {"get": operation({200: {}}, parameters=[named("q", "query")])}})
    with pytest.raises(ValueError, match="GET /api/v1/z: give the parameter `q` an example"):
        steps(made, "z")


def test_the_lines_quote_what_the_shell_would_take_and_name_the_right_key() -> None:
    written = pages.pages(document(MEMORIES, KEYS))
    assert set(written) == {"memories.md", "keys.md"}
    assert (
        'curl -s "$URL/api/v1/memories" -H "X-API-Key: $KEY" -H "Content-Type: application/json" \\\n'
        """  -d '{"content": "It'\\''s Ann"}'\n"""
    ) in written["memories.md"]
    assert f'curl -s "$URL/api/v1/keys/{KEY}" -H "X-API-Key: $MASTER_KEY"\n' in written["keys.md"]


def test_the_collection_saves_an_id_where_it_is_made_and_sends_it_afterwards() -> None:
    made = collection(document(KEYS))
    assert 'pm.collectionVariables.set(\\"key_id\\", pm.response.json().id);' in made
    assert "{{baseUrl}}/api/v1/keys/{{key_id}}" in made
