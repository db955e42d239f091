"""What memories mention, wherever a memory is shown; the memories of an entity; a profile's entities."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.clock import iso, now
from core.ids import ENTITY, MEMORY, new_id, parse, public
from core.postgres import fetch
from tests import build
from tests.build import Caller
from tests.graph_data import World, day

pytestmark = pytest.mark.usefixtures("eager")

TEXT = "the kettle in the kitchen is red"
ODD = 'O\'Brien "`{$name}`"\n})'


@dataclass
class Told:
    """A user's world, and a caller who stores."""

    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.caller = build.caller(self.world.tenant)

    def memory(self, content: str, *entities: uuid.UUID, **fields: Any) -> str:
        stored = self.caller.store(content, user_id=self.world.user_id, **fields)
        self.world.mention(key(stored["id"]), *entities)
        return str(stored["id"])

    def get(self, path: str, status: int = 200) -> dict[str, Any]:
        response = self.caller.get(path)
        assert response.status_code == status, response.content
        body = dict(response.json())
        return dict(body["data"]) if path.startswith("/v1") and status == 200 else body


def key(memory_id: str) -> uuid.UUID:
    found = parse(MEMORY, memory_id)
    assert found is not None
    return found


@pytest.fixture
def told(eager: None) -> Told:
    return Told()


def test_a_memory_names_its_entities_wherever_it_is_shown(told: Told) -> None:
    ann, acme = told.world.entity("Ann"), told.world.entity(ODD, "ORG")
    shown = told.memory(TEXT, ann, acme)
    works = told.world.relation(ann, "WORKS_AT", acme, confidence=0.8)
    told.world.states(key(shown), works)
    names = ["Ann", ODD]
    relationships = [
        {"type": "mentions", "entity": "Ann", "confidence": 1.0},
        {"type": "mentions", "entity": ODD, "confidence": 1.0},
        {"type": "WORKS_AT", "entity": ODD, "confidence": 0.8},
    ]
    user = told.world.user_id
    assert told.get(f"/api/v1/memories/{shown}")["entities"] == names
    assert [m["entities"] for m in told.get(f"/api/v1/memories?user_id={user}")["memories"]] == [names]
    refs = [
        {"id": public(ENTITY, ann), "canonical_name": "Ann", "name": "Ann", "type": "PERSON", "confidence": 1.0},
        {"id": public(ENTITY, acme), "canonical_name": ODD, "name": ODD, "type": "ORG", "confidence": 1.0},
    ]
    assert told.caller.recall("kettle", user_id=user)["entities"] == refs
    for memory in (
        told.get(f"/v1/memories/{shown}"),
        *told.get(f"/v1/memories/search?query=kettle&user_id={user}")["results"],
        *told.get(f"/v1/memories/user/{user}")["results"],
        told.caller.patch(f"/v1/memories/{shown}", {"pinned": True}).json()["data"],
    ):
        assert memory["metadata"]["entities"] == names
        assert memory["relationships"] == relationships
    changed = told.caller.patch(f"/api/v1/memories/{shown}", {"pinned": False}).json()
    assert changed["updated_entities"] == refs


def test_a_callers_own_metadata_wins(told: Told) -> None:
    shown = told.memory(TEXT, told.world.entity("Ann"), metadata={"entities": ["mine"]})
    assert told.get(f"/v1/memories/{shown}")["metadata"]["entities"] == ["mine"]


def test_recall_names_each_entity_once_and_only_those_of_its_hits(told: Told) -> None:
    ann, bob, cleo = (told.world.entity(name) for name in ("Ann", "Bob", "Cleo"))
    told.memory("the kettle in the kitchen is red", ann)
    told.memory("the kettle in the garden is blue", ann, bob)
    told.memory("it rains on the moon", cleo)
    found = told.caller.recall("kettle", user_id=told.world.user_id, limit=2)
    assert sorted(e["canonical_name"] for e in found["entities"]) == ["Ann", "Bob"]


def test_recall_tells_entities_of_one_name_apart_and_gives_the_surest_mention(told: Told) -> None:
    first, second = told.world.entities("John", "John")
    user = told.world.user_id
    for number, (entity, confidence) in enumerate(((first, 0.4), (second, 0.6), (first, 0.9), (first, 0.5))):
        stored = told.caller.store(f"the kettle of house {number} is red", user_id=user)
        told.world.mention(key(stored["id"]), entity, confidence=confidence)
    found = told.caller.recall("kettle", user_id=user)
    assert found["total"] == 4
    assert {e["id"]: (e["canonical_name"], e["confidence"]) for e in found["entities"]} == {
        public(ENTITY, first): ("John", 0.9),
        public(ENTITY, second): ("John", 0.6),
    }
    assert len(found["entities"]) == 2


def test_names_are_those_of_the_moment(told: Told) -> None:
    ann, smith, acme = told.world.entity("Ann"), told.world.entity("Ann Smith"), told.world.entity("Acme", "ORG")
    shown = told.memory(TEXT, ann)
    works = told.world.relation(ann, "WORKS_AT", acme)
    told.world.states(key(shown), works)
    stored = now()
    told.world.rename(acme, "Apex", at=now())
    renamed = now()
    told.world.merge(ann, smith, at=now())
    then = told.get(f"/v1/memories/{shown}?as_of={iso(stored)}")
    assert [(r["type"], r["entity"]) for r in then["relationships"]] == [("mentions", "Ann"), ("WORKS_AT", "Acme")]
    then = told.get(f"/v1/memories/{shown}?as_of={iso(renamed)}")
    assert [(r["type"], r["entity"]) for r in then["relationships"]] == [("mentions", "Ann"), ("WORKS_AT", "Apex")]
    assert told.get(f"/v1/memories/{shown}")["metadata"]["entities"] == ["Ann Smith"]


def test_a_page_takes_one_statement_and_no_memory_none(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    records = fetch.records
    monkeypatch.setattr(fetch, "records", lambda make, sql, values: asked.append(sql) or records(make, sql, values))

    def about_mentions(path: str) -> int:
        asked.clear()
        told.get(path)
        return sum("entities_mention" in sql for sql in asked)

    assert about_mentions("/api/v1/memories?user_id=nobody") == 0
    for number in range(5):
        told.memory(f"the kettle of house {number} is red", told.world.entity(f"Ann {number}"))
    assert about_mentions(f"/api/v1/memories?user_id={told.world.user_id}") == 1
    assert about_mentions(f"/v1/memories/search?query=kettle&user_id={told.world.user_id}") == 1


# --- the memories of an entity ---------------------------------------------------------------------------------------
def about(told: Told, entity: uuid.UUID, status: int = 200, query: str = "") -> dict[str, Any]:
    return told.get(f"/api/v1/entities/{public(ENTITY, entity)}/memories{query}", status)


def ids(page: dict[str, Any]) -> list[str]:
    return [m["id"] for m in page["memories"]]


def test_the_memories_of_an_entity_newest_first_by_pages(told: Told) -> None:
    ann, bob = told.world.entity("Ann"), told.world.entity("Bob")
    made = [told.memory(f"the kettle of house {number} is red", ann) for number in range(3)]
    told.memory("it rains", bob)
    whole = about(told, ann)
    assert (ids(whole), whole["total"], whole["next_cursor"]) == (made[::-1], 3, None)
    assert whole["memories"][0]["entities"] == ["Ann"]
    first = about(told, ann, query="?limit=2")
    assert (ids(first), first["total"]) == (made[:0:-1], 3)
    rest = about(told, ann, query=f"?limit=2&cursor={first['next_cursor']}")
    assert (ids(rest), rest["total"], rest["next_cursor"]) == (made[:1], 3, None)
    assert about(told, ann, 400, "?cursor=nonsense")["error"]["details"]["field"] == "cursor"


def test_only_live_memories_of_an_entity_are_shown(told: Told) -> None:
    ann = told.world.entity("Ann")
    outdated, erased = told.memory(TEXT, ann), told.memory("it rains", ann)
    before = now()
    path = f"/api/v1/memories/{outdated}/supersede"
    assert told.caller.post(path, {"content": "the kettle is blue now"}).status_code == 201
    told.caller.delete(f"/api/v1/memories/{erased}")
    assert about(told, ann) == {"memories": [], "total": 0, "next_cursor": None}
    assert ids(about(told, ann, query=f"?as_of={iso(before)}")) == [outdated]
    assert about(told, ann, 404, f"?as_of={iso(day(-1))}")["error"]["code"] == "not_found"


def test_a_mention_ends_and_the_past_remembers(told: Told) -> None:
    john, smith = told.world.entity("John"), told.world.entity("John Smith")
    shown = told.memory(TEXT, john)
    before = now()
    told.world.merge(john, smith, at=now())
    assert ids(about(told, smith)) == ids(about(told, john)) == [shown]
    assert ids(about(told, smith, query=f"?as_of={iso(before)}")) == []
    assert ids(about(told, john, query=f"?as_of={iso(before)}")) == [shown]


def test_the_memories_of_a_foreign_entity_are_unknown(told: Told) -> None:
    ann = told.world.entity("Ann")
    told.memory(TEXT, ann)
    unknown = public(ENTITY, new_id())
    for stranger in (
        build.caller(build.tenant()),
        build.caller(told.world.tenant, user_id="bob"),
        build.caller(told.world.tenant, project_ids=["other"]),
    ):
        foreign = stranger.get(f"/api/v1/entities/{public(ENTITY, ann)}/memories")
        assert foreign.status_code == 404
        missing = stranger.get(f"/api/v1/entities/{unknown}/memories")
        assert foreign.content.decode().replace(public(ENTITY, ann), unknown) == missing.content.decode()


# --- the profile -----------------------------------------------------------------------------------------------------
def profile(caller: Caller, query: str = "") -> dict[str, Any]:
    return dict(caller.get(f"/api/v1/users/ann/profile{query}").json())


def test_a_profile_shows_whom_most_memories_mention(told: Told) -> None:
    ann, acme, bob = told.world.entity("Ann"), told.world.entity("Acme", "ORG"), told.world.entity("Bob")
    first = told.memory(TEXT, ann, acme)
    told.memory("it rains", acme)
    told.world.states(key(first), told.world.relation(ann, "WORKS_AT", acme))
    other = World(tenant=told.world.tenant, project="other")
    other.memory(other.entity("Acme", "ORG"))
    found = profile(told.caller, "?project=default")
    assert found["top_entities"] == [
        {"id": public(ENTITY, acme), "name": "Acme", "type": "ORG", "memory_count": 2},
        {"id": public(ENTITY, ann), "name": "Ann", "type": "PERSON", "memory_count": 1},
    ]
    assert {fact["content"]: fact.get("predicate") for fact in found["facts"]} == {TEXT: "WORKS_AT", "it rains": None}
    assert len(profile(told.caller)["top_entities"]) == 3
    told.world.merge(ann, bob, at=now())
    assert [e["name"] for e in profile(told.caller, "?project=default")["top_entities"]] == ["Acme", "Bob"]
    assert profile(told.caller, f"?as_of={iso(day(-1))}")["top_entities"] == []
    assert told.get("/v1/memories/user/ann?project=default")["stats"]["entities"] == 2
    assert told.get("/v1/memories/user/ann")["stats"]["entities"] == 3
