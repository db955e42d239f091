"""An update never overwrites; the history tells what was said before."""

from __future__ import annotations

import pytest

from memories.embeddings.local import LocalEmbedder
from memories.models import Embedding, Passage, Revision
from tests.build import Caller


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_new_text_is_a_new_revision(owner: Caller, method: str) -> None:
    memory_id = owner.store("John is a senior engineer at Google", metadata={"source": "chat"})["id"]
    response = owner.request(
        method,
        f"/api/v1/memories/{memory_id}",
        {"content": "John is a staff engineer at Google", "metadata": {"checked": True}},
    )
    assert response.status_code == 200
    body = response.json()
    entities = [(e["canonical_name"], e["type"], e["confidence"]) for e in body.pop("updated_entities")]
    assert entities == [("John", "PERSON", 0.9), ("Google", "ORG", 0.9)]
    assert body == {
        "status": "success",
        "id": memory_id,
        "memory": {"id": memory_id, "content": "John is a staff engineer at Google"},
    }
    revisions = owner.get(f"/api/v1/memories/{memory_id}/history").json()["revisions"]
    assert [(r["content"], r["action"]) for r in revisions] == [
        ("John is a staff engineer at Google", "UPDATE"),
        ("John is a senior engineer at Google", "ADD"),
    ]
    assert revisions[0]["retired_at"] is None
    assert revisions[1]["retired_at"] == revisions[0]["recorded_at"]
    assert revisions[0]["metadata"] == {"source": "chat", "checked": True}
    assert revisions[1]["metadata"] == {"source": "chat"}
    assert owner.recalled("engineer") == ["John is a staff engineer at Google"]
    assert Embedding.objects.filter(tenant=owner.row.tenant_id, current=True).count() == 1
    assert Embedding.objects.filter(tenant=owner.row.tenant_id, current=False).count() == 1


def test_an_edit_without_a_new_text_shares_its_passages(owner: Caller) -> None:
    memory_id = owner.store("I live in Oslo", ttl="1d")["id"]
    body = owner.patch(
        f"/v1/memories/{memory_id}", {"memory_type": "home", "pinned": True, "importance": 0.9, "expires_at": None}
    ).json()["data"]
    assert (body["memory_type"], body["pinned"], body["importance"], body["expires_at"]) == ("home", True, 0.9, None)
    assert body["content"] == "User lives in Oslo"
    assert Revision.objects.filter(tenant=owner.row.tenant_id).count() == 2
    assert Passage.objects.filter(tenant=owner.row.tenant_id).count() == 1
    assert owner.recalled("Oslo") == ["User lives in Oslo"]


def test_pinning_alone_makes_no_revision(owner: Caller) -> None:
    memory_id = owner.store("I live in Oslo")["id"]
    assert owner.put(f"/v1/memories/{memory_id}", {"pinned": True}).json()["data"]["pinned"] is True
    assert Revision.objects.filter(tenant=owner.row.tenant_id).count() == 1


@pytest.mark.parametrize("name", ["content", "text", "memory"])
def test_the_first_dialect_takes_the_text_under_three_names(owner: Caller, name: str) -> None:
    memory_id = owner.store("I live in Oslo")["id"]
    body = owner.put(f"/v1/memories/{memory_id}", {name: "I live in Rome"}).json()
    assert body["data"]["content"] == body["data"]["memory"] == "I live in Rome"
    assert body["data"]["id"] == memory_id


def test_another_memorys_text_is_a_conflict_and_changes_nothing(owner: Caller) -> None:
    chess = owner.store("Ann likes chess")["id"]
    rowing = owner.store("Ann likes rowing")["id"]
    for path, code in (("/api/v1/memories", "conflict"), ("/v1/memories", "CONFLICT")):
        response = owner.patch(f"{path}/{rowing}", {"content": "Ann likes chess"})
        assert response.status_code == 409
        assert response.json()["error"]["code"] == code
        assert response.json()["error"]["details"] == {"memory_id": chess}
    assert owner.get(f"/api/v1/memories/{rowing}").json()["content"] == "Ann likes rowing"
    assert Revision.objects.filter(tenant=owner.row.tenant_id).count() == 2


def test_a_memory_that_goes_while_its_update_waits_is_not_found(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    memory_id = owner.store("I live in Oslo")["id"]
    encode = LocalEmbedder.encode

    def expire_first(self: LocalEmbedder, texts: list[str]) -> object:
        Revision.objects.filter(tenant=owner.row.tenant_id).update(
            recorded_at="2020-01-01T00:00:00Z", expires_at="2020-01-02T00:00:00Z"
        )
        return encode(self, texts)

    monkeypatch.setattr(LocalEmbedder, "encode", expire_first)
    assert owner.patch(f"/api/v1/memories/{memory_id}", {"content": "I live in Rome"}).status_code == 404
    assert Revision.objects.filter(tenant=owner.row.tenant_id).count() == 1


def test_a_text_that_was_updated_away_may_be_stored_again(owner: Caller) -> None:
    memory_id = owner.store("I live in Oslo")["id"]
    owner.patch(f"/api/v1/memories/{memory_id}", {"content": "I live in Rome"})
    again = owner.store("I live in Oslo")
    assert again["status"] == "success"
    assert again["id"] != memory_id


def test_the_same_text_again_is_an_edit(owner: Caller) -> None:
    memory_id = owner.store("Ann lives in Oslo")["id"]
    response = owner.patch(f"/api/v1/memories/{memory_id}", {"content": "Ann lives in Oslo", "metadata": {"a": 1}})
    assert response.status_code == 200
    assert Passage.objects.filter(tenant=owner.row.tenant_id).count() == 1
    assert owner.get(f"/api/v1/memories/{memory_id}").json()["metadata"] == {"a": 1}


def test_a_turn_keeps_its_voice_when_it_is_reworded(owner: Caller) -> None:
    memory_id = owner.store(
        "I went to Oslo.", skip_extraction=True, speaker="Ann", session_id="s", timestamp="2024-05-01T10:00:00Z"
    )["id"]
    owner.patch(f"/api/v1/memories/{memory_id}", {"content": "I went to Bergen."})
    assert owner.recall("Where did Ann go?")["context"] == "[2024-05-01] Ann: I went to Bergen."


def test_history_can_be_included_in_the_memory(owner: Caller) -> None:
    memory_id = owner.store("I live in Oslo")["id"]
    body = owner.get(f"/v1/memories/{memory_id}?include=history").json()["data"]
    assert [r["action"] for r in body["history"]] == ["ADD"]
    assert owner.get(f"/v1/memories/{memory_id}/history").json()["data"]["revisions"] == body["history"]
