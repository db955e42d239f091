"""Deleting erases exactly what was named; lists show what is left."""

from __future__ import annotations

import pytest

from memories.models import Embedding, Erasure, Memory, Outcome, Passage, Revision, Source
from memories.pipeline.erase import sign
from tests.build import Caller

TABLES = (Memory, Revision, Passage, Embedding, Outcome)


def rows(caller: Caller) -> list[int]:
    return [t.objects.filter(tenant=caller.row.tenant_id).count() for t in TABLES]


@pytest.mark.parametrize("door", ["/api/v1/memories/{}", "/v1/memories/{}", "body", "query"])
def test_one_memory_is_gone_everywhere(owner: Caller, door: str) -> None:
    gone = owner.store("The secret word is xylophone")["id"]
    owner.patch(f"/api/v1/memories/{gone}", {"content": "The secret word is saxophone"})
    kept = owner.store("I live in Oslo")["id"]
    if door == "body":
        response = owner.delete("/api/v1/memories", {"memory_ids": [gone]})
    elif door == "query":
        response = owner.delete(f"/api/v1/memories?memory_id={gone}")
    else:
        response = owner.delete(door.format(gone))
    assert response.status_code == 200
    receipt = response.json().get("data", response.json())["receipt_id"]
    assert receipt.startswith("ers_")
    assert rows(owner) == [1, 1, 1, 1, 1]
    assert owner.recalled("secret word") == ["User lives in Oslo"]
    assert owner.get(f"/api/v1/memories/{gone}").status_code == 404
    assert owner.get(f"/api/v1/memories/{gone}/history").status_code == 404
    assert owner.get(f"/api/v1/memories/{kept}").status_code == 200
    for source in Source.objects.filter(tenant=owner.row.tenant_id):
        assert "phone" not in source.text + str(source.payload)
    erasure = Erasure.objects.get(tenant=owner.row.tenant_id)
    assert erasure.counts["memories"] == 1
    assert erasure.counts["revisions"] == 2
    assert erasure.signature == sign(erasure)
    assert "phone" not in str(erasure.counts) + str(erasure.scope)


def test_all_of_a_user_and_nobody_elses(owner: Caller) -> None:
    for user in ("ann", "joanna"):
        for project in ("default", "work"):
            owner.store(f"I am {user} and this is {project}", user_id=user, project=project)
    greeting = {"messages": [{"role": "user", "content": "Hello! How are you?"}], "user_id": "ann"}
    assert owner.post("/v1/memories", greeting).json()["data"]["results"] == []  # a write of which no memory came
    body = owner.delete("/v1/memories/user/ann").json()
    assert body["success"] is True
    assert body["data"]["counts"]["memories"] == 2
    assert body["data"]["signature"]
    assert Source.objects.filter(tenant=owner.row.tenant_id, user_id="ann").count() == 0
    assert owner.get("/v1/memories/user/ann").json()["data"]["total"] == 0
    assert owner.get("/v1/memories/user/joanna").json()["data"]["total"] == 2


def test_a_project_of_a_user(owner: Caller) -> None:
    owner.store("At home", user_id="ann", project="home")
    owner.store("At work", user_id="ann", project="work")
    body = owner.delete("/api/v1/memories", {"project": "work", "user_id": "ann"}).json()
    assert body["deleted_memories"] == 1
    assert [m["content"] for m in owner.get("/api/v1/memories?user_id=ann").json()["memories"]] == ["At home"]


def test_the_list_has_three_forms(owner: Caller) -> None:
    ids = [owner.store(f"Fact number {n} about me")["id"] for n in range(5)][::-1]
    page = owner.get("/api/v1/memories?limit=2&page=2").json()
    assert [m["id"] for m in page["memories"]] == ids[2:4]
    assert (page["total"], page["page"], page["limit"]) == (5, 2, 2)
    bare = owner.get("/api/v1/memories?limit=2&offset=1")
    assert [m["id"] for m in bare.json()] == ids[1:3]
    assert bare["X-Total-Count"] == "5"
    seen, cursor = [], ""
    while cursor is not None:
        body = owner.get(f"/api/v1/memories?limit=2{cursor and '&cursor=' + cursor}").json()
        seen += [m["id"] for m in body["memories"]]
        cursor = body["next_cursor"]
    assert seen == ids


def test_a_users_list_has_its_statistics(owner: Caller) -> None:
    assert owner.get("/v1/memories/user/ann").json()["data"]["stats"] == {
        "total_memories": 0,
        "memories_last_7d": 0,
        "entities": 0,
        "first_memory_at": None,
        "last_memory_at": None,
    }
    first = owner.store("I live in Oslo", user_id="ann")["id"]
    last = owner.store("I work in Bergen", user_id="ann", project="work")["id"]
    data = owner.get("/v1/memories/user/ann").json()["data"]
    assert [m["id"] for m in data["results"]] == [last, first]
    assert (data["stats"]["total_memories"], data["stats"]["memories_last_7d"]) == (2, 2)
    assert data["stats"]["first_memory_at"] == data["results"][1]["created_at"]
    assert data["next_cursor"] is None
