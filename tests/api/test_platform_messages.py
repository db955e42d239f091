"""Messages as chat SDKs send them, in the dialect of mem0's clients: the text that each keeps, and refusals that write
nothing. `test_messages.py` has the same for the other dialects."""

from __future__ import annotations

from typing import Any

import pytest

from core.clock import iso
from core.tenancy import across_tenants
from memories.models import Source
from memories.pipeline.source_items import items_of
from tests.api.test_platform import send
from tests.api.test_refusals import assert_nothing_written
from tests.build import Caller
from tests.message_shapes import MALFORMED, SHAPES, Shape, user

ADD = "/v3/memories/add/"
NOT_STORED = ("system", "developer")


@pytest.mark.parametrize("path", [ADD, "/v1/memories/"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_it_keeps_the_text_of(owner: Caller, path: str, shape: Shape) -> None:
    body = {"messages": shape.messages, "user_id": "ada", "agent_id": None, "metadata": None, "infer": False}
    response = send(owner, "POST", path, body)
    answer = response.json()
    assert response.status_code == 200, answer
    kept = [(role, text) for _, role, text in shape.kept if role not in NOT_STORED]
    results = answer if isinstance(answer, list) else answer["results"]
    assert [result["memory"] for result in results] == [text for _, text in kept]
    if path == ADD:
        assert (answer["status"], answer["skipped_parts"]) == ("SUCCEEDED", shape.skipped)
    with across_tenants("a test"):
        items = [item for source in Source.objects.all() for item in items_of(source)]
    assert [(item.role, item.content) for item in items] == kept
    if kept:
        assert (iso(items[0].said_at) if items[0].said_at else None) == shape.said_at
        assert items[0].speaker == shape.speaker


@pytest.mark.parametrize(("message", "field"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_message_is_refused_with_its_field(owner: Caller, message: Any, field: str) -> None:
    response = send(owner, "POST", ADD, {"messages": [user("I live in Oslo."), message], "user_id": "ada"})
    assert response.status_code == 400
    assert response.json()["detail"].startswith(f"messages.1.{field}".rstrip(".") + ": ")
    assert_nothing_written()
