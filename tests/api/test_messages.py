"""Messages as chat SDKs send them, in both dialects: the text that each keeps, and refusals that write nothing."""

from __future__ import annotations

from typing import Any

import pytest

from core.clock import iso
from core.tenancy import across_tenants
from memories.models import Source
from memories.pipeline.source_items import items_of
from tests.api.test_refusals import assert_nothing_written, assert_refused
from tests.build import Caller
from tests.message_shapes import IMAGE, MALFORMED, SHAPES, Shape, user

V1, API, INGEST = "/v1/memories", "/api/v1/memories", "/api/v1/ingest/conversation"
BATCH = f"{API}/batch"

each_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)


def assert_source(shape: Shape) -> None:
    """The one accepted write has the texts, roles, names and times of the shape."""
    with across_tenants("a test"):
        items = items_of(Source.objects.get())
    assert [(item.role, item.content) for item in items] == [(role, text) for _, role, text in shape.kept]
    if items:
        assert items[0].said_at is None if shape.said_at is None else iso(items[0].said_at) == shape.said_at
        assert items[0].speaker == shape.speaker


@each_shape
def test_v1_keeps_the_text_of(owner: Caller, shape: Shape) -> None:
    response = owner.post(V1, {"messages": shape.messages, "infer": False, "agent_id": None, "metadata": None})
    data = response.json()["data"]
    assert response.status_code == 200
    assert [r["memory"] for r in data["results"]] == [text for _, _, text in shape.kept]
    assert data["skipped_parts"] == shape.skipped
    assert_source(shape)


@each_shape
def test_a_conversation_keeps_the_text_of(owner: Caller, shape: Shape) -> None:
    response = owner.post(INGEST, {"messages": shape.messages, "options": {"infer": False}, "agent_id": None})
    body = response.json()
    assert response.status_code == 201, body
    said = [(index, text) for index, role, text in shape.kept if role in ("user", "assistant")]
    assert [(f["source_message_index"], f["content"]) for f in body["facts"]] == said
    assert body["skipped_parts"] == shape.skipped
    assert body["stats"]["messages_processed"] == len(shape.kept)
    assert_source(shape)


@each_shape
def test_a_conversation_is_read(owner: Caller, shape: Shape) -> None:
    """With extraction: an odd turn changes nothing about the facts of the other ones."""
    response = owner.post(INGEST, {"messages": shape.messages, "options": {"min_importance": None}})
    plain = [{"role": role, "content": text, "name": shape.speaker} for _, role, text in shape.kept]
    same = owner.post(INGEST, {"messages": plain or [user("")], "user_id": "other"})
    assert response.status_code == same.status_code == 201
    indexes = [index for index, _, _ in shape.kept]
    expected = [(indexes[f["source_message_index"]], f["content"]) for f in same.json()["facts"]]
    assert [(f["source_message_index"], f["content"]) for f in response.json()["facts"]] == expected


@each_shape
def test_a_preview_reads(owner: Caller, shape: Shape) -> None:
    response = owner.post(INGEST, {"messages": shape.messages, "options": {"infer": False, "store": False}})
    said = [(index, text) for index, role, text in shape.kept if role in ("user", "assistant")]
    assert response.status_code == 200
    assert [(f["source_message_index"], f["content"]) for f in response.json()["facts"]] == said
    assert response.json()["skipped_parts"] == shape.skipped
    assert_nothing_written()


@each_shape
@pytest.mark.parametrize("path", [API, BATCH])
def test_a_store_keeps_the_text_of(owner: Caller, path: str, shape: Shape) -> None:
    """The contents of the messages, one by one, as the `content` of a store."""
    sent = [m for m in shape.messages if m.get("content") is not None and "role" in m and "parts" not in m]
    kept = {index: text for index, _, text in shape.kept}
    texts = [kept.get(i) for i, m in enumerate(shape.messages) if m in sent]
    items = [
        {"content": m["content"], "role": m["role"], "timestamp": m.get("timestamp") or None, "skip_extraction": True}
        for m in sent
    ]
    if path == BATCH and items:
        body = owner.post(BATCH, {"items": items}).json()
        answers = [r["response"] for r in body["results"]]
        errors = [r["error"] and r["error"]["details"]["field"] for r in body["results"]]
    else:
        responses = [owner.post(API, item).json() for item in items]
        answers = [None if "error" in r else r for r in responses]
        errors = [r["error"]["details"]["field"] if "error" in r else None for r in responses]
    assert [a and a["memories"][0]["content"] for a in answers] == texts
    assert errors == [None if text else "content" for text in texts]


def test_a_store_counts_what_it_skips(owner: Caller) -> None:
    content = [{"type": "text", "text": "My new car."}, IMAGE, IMAGE]
    stored = owner.store(content, speaker=None, role="human", session_id=None, project=None, metadata=None)  # type: ignore[arg-type]
    assert stored["skipped_parts"] == 2
    assert owner.store("My new house.")["skipped_parts"] == 0
    batch = owner.post(BATCH, {"items": [{"content": content}, {"content": "My old car."}]}).json()
    assert [r["response"]["skipped_parts"] for r in batch["results"]] == [2, 0]


def test_a_repeat_with_the_same_key_counts_the_same(owner: Caller) -> None:
    body = {"messages": [user([{"type": "text", "text": "I ski."}, IMAGE]), user("I live in Oslo.")]}
    for path in (V1, INGEST):
        first, second = (owner.post(path, body, Idempotency_Key=path) for _ in range(2))
        assert first.json() == {**second.json(), **{k: v for k, v in first.json().items() if k == "stats"}}
        assert "skipped_parts" in str(first.json())


@pytest.mark.parametrize(("message", "field"), MALFORMED, ids=range(len(MALFORMED)))
@pytest.mark.parametrize("path", [V1, INGEST])
def test_a_malformed_message_is_refused_with_its_field(owner: Caller, path: str, message: Any, field: str) -> None:
    """And nothing of the transcript is written, though its other messages are right."""
    response = owner.post(path, {"messages": [user("I live in Oslo."), message]})
    assert_refused(response, 400, f"messages.1.{field}".rstrip("."))
    assert_nothing_written()


@pytest.mark.parametrize(("path", "limit"), [(V1, 1_000_000), (INGEST, 50_000)])
def test_only_text_counts_for_the_limits(owner: Caller, path: str, limit: int) -> None:
    half = {"type": "text", "text": "x" * (limit // 2)}
    image = {"type": "image_url", "image_url": {"url": "x" * limit}}
    assert_refused(owner.post(path, {"messages": [user([half, half])]}), 400, "messages.0.content")
    assert_nothing_written()
    assert owner.post(path, {"messages": [user([half, image])]}).status_code in (200, 201)


@pytest.mark.parametrize("name", ["user_id", "agent_id", "project", "metadata", "ttl", "expires_at", "timestamp"])
@pytest.mark.parametrize("path", [V1, API])
def test_null_for_an_optional_field_means_absent(owner: Caller, path: str, name: str) -> None:
    response = owner.post(path, {"content": "I live in Oslo.", name: None})
    assert response.status_code in (200, 201), response.json()


def test_results_of_tools_and_examples_state_nothing(owner: Caller) -> None:
    """The `name` of a tool's message names a function, and a system message's an example; neither is a speaker."""
    text = "Ann Baker works at Equinor and lives in Oslo."
    roles = ("tool", "function", "system", "developer", "model", "AI")
    messages = [{"role": role, "name": "lookup", "content": text} for role in roles[:4]]
    messages += [{"role": role, "content": text} for role in roles[4:]]
    data = owner.post(V1, {"messages": messages}).json()["data"]
    assert (data["id"], data["results"]) == (None, [])
    stored = owner.post(V1, {"messages": [{"role": "human", "content": text}]}).json()["data"]
    assert len(stored["results"]) >= 1
