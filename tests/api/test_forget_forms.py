"""Every form of a deletion erases what it names and nothing else; every form of a read finds what it asks for."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from apikeys.services import default_tenant
from core.ids import ENTITY, parse
from core.tenancy import across_tenants
from entities.models import Alias
from memories.models import Memory
from tests.build import Caller

API = "/api/v1/memories"


def left() -> set[str]:
    with across_tenants("a test"):
        return {m.revisions.get(retired_at=None).content for m in Memory.objects.all()}


@pytest.fixture
def stored(owner: Caller) -> dict[str, str]:
    """Ids by text."""
    said: dict[str, dict[str, Any]] = {
        "Ann lives in Oslo": {"metadata": {"topic": "home", "n": 1}},
        "Ann works at Google": {"metadata": {"topic": "work", "n": 2}, "project": "work"},
        "Ann has a dog": {"metadata": {"topic": "pets"}},
        "Bob lives in Rome": {"metadata": {"topic": "home"}, "user_id": "bob"},
    }
    return {text: owner.store(text, **({"user_id": "ann"} | fields))["id"] for text, fields in said.items()}


def listed(owner: Caller, **query: Any) -> list[str]:
    sent = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in query.items()}
    return [m["content"] for m in owner.get(f"{API}?{urlencode(sent)}").json()["memories"]]


def test_a_list_is_filtered_and_paged(owner: Caller, stored: dict[str, str]) -> None:
    assert listed(owner, user_id="ann") == ["Ann has a dog", "Ann works at Google", "Ann lives in Oslo"]
    assert listed(owner, user_id="ann", filters={"topic": {"in": ["home", "work"]}}) == [
        "Ann works at Google",
        "Ann lives in Oslo",
    ]
    assert listed(owner, user_id="ann", filters={"n": {"gte": 1, "lt": 2}}) == ["Ann lives in Oslo"]
    first = owner.get(f"{API}?user_id=ann&limit=2").json()
    second = owner.get(f"{API}?user_id=ann&limit=2&cursor={first['next_cursor']}").json()
    assert [m["content"] for m in second["memories"]] == ["Ann lives in Oslo"]
    assert (second["next_cursor"], second["total"]) == (None, 3)
    enveloped = owner.get(f"/v1/memories/user/ann?{urlencode({'filters': json.dumps({'topic': 'pets'})})}").json()
    assert [m["content"] for m in enveloped["data"]["results"]] == ["Ann has a dog"]


def test_a_filter_narrows_a_search_before_it_is_cut(owner: Caller) -> None:
    for number in range(120):
        owner.store(f"Ann likes tea number {number}", user_id="ann", skip_extraction=True)
    owner.store("Ann once liked tea in a far away place long ago", user_id="ann", metadata={"rare": True})
    found = owner.recall("Ann likes tea", user_id="ann", limit=5, filters={"rare": True})
    assert [m["content"] for m in found["memories"]] == ["Ann once liked tea in a far away place long ago"]
    query = urlencode({"query": "Ann likes tea", "user_id": "ann", "filters": json.dumps({"rare": {"exists": True}})})
    assert owner.get(f"/v1/memories/search?{query}").json()["data"]["total"] == 1


def test_filters_alone_find_the_newest_in_all_projects(owner: Caller, stored: dict[str, str]) -> None:
    answer = owner.post(f"{API}/recall", {"filters": {"topic": {"ne": "pets"}}, "user_id": "ann"})
    found = answer.json()
    assert [(m["content"], m["score"]) for m in found["memories"]] == [
        ("Ann works at Google", 1.0),
        ("Ann lives in Oslo", 1.0),
    ]
    assert found["context"] == "Ann works at Google.\nAnn lives in Oslo."


def test_a_recall_leaves_out_what_is_excluded(owner: Caller, stored: dict[str, str]) -> None:
    exclude = [stored["Ann lives in Oslo"], "mem_unknown"]
    assert owner.recalled("Ann", user_id="ann", exclude=exclude) == ["Ann has a dog"]


def test_a_slim_recall_has_a_short_context(owner: Caller) -> None:
    for number in range(10):
        owner.store(f"{number} " + "Ann likes long stories about gardens " * 40, user_id="ann", skip_extraction=True)
    assert owner.recall("stories", user_id="ann", slim=True)["context_tokens"] <= 800
    assert owner.recall("stories", user_id="ann")["context_tokens"] > 800


def test_deletion_by_filters(owner: Caller, stored: dict[str, str]) -> None:
    answer = owner.delete(API, {"filters": {"topic": {"in": ["home", "work"]}}, "user_id": "ann"})
    assert (answer.status_code, answer.json()["deleted_memories"]) == (200, 2)
    assert left() == {"Ann has a dog", "Bob lives in Rome"}


def test_deletion_by_filters_in_one_project(owner: Caller, stored: dict[str, str]) -> None:
    answer = owner.delete(API, {"filters": {"topic": {"exists": True}}, "user_id": "ann", "project": "work"})
    assert answer.json()["deleted_memories"] == 1
    assert left() == {"Ann lives in Oslo", "Ann has a dog", "Bob lives in Rome"}


def test_deletion_by_filters_takes_what_is_outdated_too(owner: Caller, stored: dict[str, str]) -> None:
    owner.post(f"{API}/{stored['Ann lives in Oslo']}/supersede", {"content": "Ann lives in Rome"})
    answer = owner.delete(API, {"filters": {"topic": "home"}, "user_id": "ann"})
    assert answer.json()["deleted_memories"] == 2
    assert left() == {"Ann works at Google", "Ann has a dog", "Bob lives in Rome"}


@pytest.fixture
def ann(owner: Caller, stored: dict[str, str]) -> str:
    """The entity Ann, also called Annie, whom two memories of the default project mention."""
    (found,) = owner.get("/api/v1/entities?user_id=ann&project=default&query=Ann").json()["entities"]
    entity = parse(ENTITY, found["id"])
    Alias.objects.bulk_create([Alias(tenant=default_tenant(), entity_key=entity, name="Annie", normalised="annie")])
    return str(found["id"])


IN_DEFAULT, IN_WORK = {"Ann lives in Oslo", "Ann has a dog"}, {"Ann works at Google"}


@pytest.mark.parametrize(
    ("form", "said", "gone"),
    [
        ("body", {"entity": "Ann"}, IN_DEFAULT | IN_WORK),  # the Ann of each project
        ("query", {"entity": " ann "}, IN_DEFAULT | IN_WORK),
        ("body", {"entity": "Ann", "project": "default"}, IN_DEFAULT),
        ("body", {"entity": " ann ", "project": "work"}, IN_WORK),
        *((form, {"entity": name}, IN_DEFAULT) for form in ("body", "query") for name in ("ANNIE", "id")),
    ],
)
def test_deletion_by_entity(owner: Caller, ann: str, said: dict[str, str], gone: set[str], form: str) -> None:
    asked = said | {"user_id": "ann"} | ({"entity": ann} if said["entity"] == "id" else {})
    answer = owner.delete(API, asked) if form == "body" else owner.delete(f"{API}?{urlencode(asked)}")
    assert (answer.status_code, answer.json()["deleted_memories"]) == (200, len(gone))
    assert left() == (IN_DEFAULT | IN_WORK | {"Bob lives in Rome"}) - gone


@pytest.mark.parametrize(
    "body",
    [
        {"entity": "Nobody", "user_id": "ann"},
        {"entity": "Ann", "user_id": "bob"},
        {"entity": "Ann", "user_id": "ann", "project": "home"},
        {"entity": "Ann"},
        {"filters": {"topic": "home"}},
        {"filters": {}, "user_id": "ann"},
        {"entity": "Ann", "filters": {"topic": "home"}, "user_id": "ann"},
    ],
)
def test_an_unclear_deletion_deletes_nothing(owner: Caller, ann: str, body: dict[str, Any]) -> None:
    before = left()
    answer = owner.delete(API, body)
    assert answer.status_code == 400
    assert "nothing was deleted" in answer.json()["detail"] or answer.json()["error"]["details"]["field"] == "filters"
    assert left() == before


def test_entities_are_listed(owner: Caller, stranger: Caller, ann: str) -> None:
    shown = {
        "id": ann,
        "name": "Ann",
        "canonical_name": "Ann",
        "type": "PERSON",
        "aliases": ["Annie"],
        "memory_count": 2,
        "confidence": 0.9,
    }
    page = {"entities": [shown], "total": 1, "next_cursor": None}
    empty = {"entities": [], "total": 0, "next_cursor": None}
    entities = "/api/v1/entities"
    everything = owner.get(f"{entities}?user_id=ann").json()
    assert [e["name"] for e in everything["entities"]] == ["dog", "Google", "Ann", "Oslo", "Ann"]
    assert owner.get(f"{entities}?user_id=ann&project_id=default&entity_type=person&query=AN").json() == page
    assert owner.get(f"{entities}?user_id=ann&project_id=default&type=ORG").json() == empty
    assert owner.get(f"{entities}?user_id=ann&project_id=home").json() == empty
    assert owner.get(entities).json() == empty
    assert stranger.get(f"{entities}?user_id=ann").json() == empty
    assert owner.get(f"{entities}?cursor=x").status_code == 400
    assert owner.get(f"{entities}?type=a&entity_type=b").status_code == 400


def test_a_receipt_can_be_read_again(owner: Caller, stranger: Caller, member: Caller, stored: dict[str, str]) -> None:
    receipt_id = owner.delete(f"{API}/{stored['Ann has a dog']}").json()["receipt_id"]
    receipt = owner.get(f"/api/v1/erasures/{receipt_id}").json()
    assert (receipt["id"], receipt["scope"]) == (receipt_id, {"kind": "memories", "named": 1})
    assert receipt["counts"]["memories"] == 1
    assert len(receipt["signature"]) == 64
    assert "dog" not in json.dumps(receipt)
    assert stranger.get(f"/api/v1/erasures/{receipt_id}").status_code == 404
    assert member.get(f"/api/v1/erasures/{receipt_id}").status_code == 404
    assert owner.get("/api/v1/erasures/ers_x").status_code == 404
    assert Caller("the-master-key-of-the-tests").get(f"/api/v1/erasures/{receipt_id}").json() == receipt


def test_an_embedding_is_shown_on_request(owner: Caller, stored: dict[str, str]) -> None:
    path = f"/v1/memories/{stored['Ann has a dog']}"
    assert "embedding" not in owner.get(path).json()["data"]
    shown = owner.get(f"{path}?include=embedding,history").json()["data"]
    assert len(shown["embedding"]) == 384
    assert sum(x * x for x in shown["embedding"]) == pytest.approx(1, abs=1e-2)
    assert len(shown["history"]) == 1
    assert owner.get(f"{path}?include=secrets").status_code == 400


def test_a_profile_says_what_is_known(owner: Caller, stored: dict[str, str]) -> None:
    owner.patch(f"{API}/{stored['Ann works at Google']}", {"pinned": True})
    profile = owner.get("/api/v1/users/ann/profile").json()
    assert (profile["user_id"], profile["total_memories"], profile["memories_last_7d"]) == ("ann", 3, 3)
    assert profile["memory_types"] == {"fact": 3}
    assert [f["content"] for f in profile["facts"]] == ["Ann works at Google", "Ann has a dog", "Ann lives in Oslo"]
    assert {"topic": "google", "count": 1} in profile["top_topics"]
    assert [(e["name"], e["type"], e["memory_count"]) for e in profile["top_entities"]] == [
        ("Ann", "PERSON", 2),
        ("Oslo", "LOCATION", 1),
        ("Ann", "PERSON", 1),
        ("Google", "ORG", 1),
        ("dog", "CONCEPT", 1),
    ]
    only = owner.get("/api/v1/users/ann/profile?project=work").json()
    assert [f["content"] for f in only["facts"]] == ["Ann works at Google"]
    nobody = owner.get("/api/v1/users/nobody/profile").json()
    assert (nobody["total_memories"], nobody["facts"], nobody["first_memory_at"]) == (0, [], None)
