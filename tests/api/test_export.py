"""`GET /api/v1/export`: what is kept of a user, streamed; nothing of anybody else, and nothing that has expired."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from memories.pipeline import memory_transfer
from memories.services import export as exporting
from memories.types import MemoryScope
from tests import build, history
from tests.build import Caller


def lines(caller: Caller, query: str = "", **headers: str) -> list[dict[str, Any]]:
    response = caller.get(f"/api/v1/export{query}", **headers)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.getvalue().splitlines()]


def heads(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["project"], line["user_id"]) for line in found if line.get("line") == "owner"]


def test_a_user_with_its_history(owner: Caller) -> None:
    stored = owner.store("Ann lives in Bergen", user_id="ann", metadata={"a": 1})["id"]
    owner.patch(f"/api/v1/memories/{stored}", {"content": "Ann lives in Oslo"})
    owner.store("Ben lives in Paris", user_id="ben")
    found = lines(owner, "?user_id=ann")
    kinds = [line.get("line") for line in found]
    assert kinds[:5] == [None, "owner", "source", "source", "memory"]
    # Ann, Bergen and Oslo: what each text mentions and states, and the name by which it does
    of_entities = {"entity": 3, "name": 3, "alias": 3, "mention": 4, "relation": 2, "evidence": 5}
    assert {kind: kinds.count(kind) for kind in kinds[5:-1]} == of_entities
    assert found[0] == {"format": "memproject", "version": 3}
    assert found[-1] == {"line": "end", "lines": 5 + sum(of_entities.values())}
    memory = found[4]
    assert memory["id"] == stored.removeprefix("mem_")
    assert [(r["content"], r["action"]) for r in memory["revisions"]] == [
        ("Ann lives in Bergen", "ADD"),
        ("Ann lives in Oslo", "UPDATE"),
    ]
    assert memory["revisions"][0]["retired_at"] == memory["revisions"][1]["recorded_at"]
    assert memory["revisions"][0]["metadata"] == {"a": 1}
    assert "Ben" not in str(found)


def test_whose_it_is(owner: Caller, stranger: Caller, member: Caller) -> None:
    for user in ("ann", "member"):
        for project in ("red", "blue"):
            owner.store(f"{user} likes {project}", user_id=user, project=project)
    viewer = build.caller(role=build.Role.VIEWER)
    red = build.caller(project_ids=["red"])
    assert heads(lines(viewer, "?user_id=ann")) == [("blue", "ann"), ("red", "ann")]
    assert heads(lines(viewer, "?user_id=ann&project=red")) == [("red", "ann")]
    assert heads(lines(viewer, "?user_id=ann&project_id=red")) == [("red", "ann")]
    assert heads(lines(red, "?user_id=ann")) == [("red", "ann")]
    assert heads(lines(member)) == [("blue", "member"), ("red", "member")]
    assert heads(lines(stranger, "?user_id=ann")) == []
    assert heads(lines(owner)) == []  # the default user has nothing
    for caller, query in ((member, "?user_id=ann"), (red, "?user_id=ann&project=blue")):
        refused = caller.get(f"/api/v1/export{query}")
        assert (refused.status_code, refused["Content-Type"]) == (403, "application/json")
    accepting = {"Accept": "application/x-ndjson"}
    assert heads(lines(viewer, "?user_id=ann&project=red", **accepting)) == [("red", "ann")]
    refused = member.get("/api/v1/export?user_id=ann", **accepting)
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/json")
    assert refused.json()["error"]["code"] == "permission_denied"


def test_what_has_expired_or_was_erased_is_not_in_it(owner: Caller) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        owner.store("The code is swordfish", user_id="ann", ttl="1d")
        gone = owner.store("The word is xylophone", user_id="ann")["id"]
        owner.store("The sky is blue", user_id="ann")
        assert "swordfish" in str(lines(owner, "?user_id=ann"))
        owner.delete(f"/api/v1/memories/{gone}")
    with time_machine.travel("2026-01-02T00:00:00Z", tick=False):
        found = str(lines(owner, "?user_id=ann"))
    assert "The sky is blue" in found
    assert "swordfish" not in found
    assert "xylophone" not in found


def test_the_same_rows_give_the_same_bytes(owner: Caller) -> None:
    history.known(build.tenant("default"), "ann", history.lived(owner, "ann"))
    assert lines(owner, "?user_id=ann") == lines(owner, "?user_id=ann")


def test_it_is_read_while_it_is_sent_and_of_one_moment(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first lines are there before the last were read; what is stored meanwhile is not in it."""
    monkeypatch.setattr(memory_transfer, "BATCH_SIZE", 2)
    texts = [owner.store(f"Ann knows number {number}", user_id="ann")["memories"][0]["content"] for number in range(6)]
    assert owner.row is not None
    stream: Iterator[bytes] = exporting.lines(MemoryScope(owner.row.tenant_id, "ann", None))
    found = [json.loads(next(stream)) for _ in range(9)]  # header, owner, six sources, the first memory
    assert found[-1]["line"] == "memory"
    with CaptureQueriesContext(connection) as sent:
        found += [json.loads(line) for line in stream]
    assert len([q for q in sent.captured_queries if 'FROM "memories_revision"' in q["sql"]]) == 2
    memories = [line for line in found if line.get("line") == "memory"]
    assert [m["revisions"][0]["content"] for m in memories] == texts


def test_a_reader_that_goes_away_leaves_no_transaction(owner: Caller) -> None:
    owner.store("Ann lives in Bergen", user_id="ann")
    response = owner.get("/api/v1/export?user_id=ann")
    stream = iter(response)
    assert json.loads(next(stream))["format"] == "memproject"
    assert json.loads(next(stream))["line"] == "owner"
    assert connection.in_atomic_block
    response.close()
    assert not connection.in_atomic_block
