"""The graph as callers see it: relationships, neighbours, paths and a user's whole graph, now and then."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine

from core.clock import iso, now
from core.ids import ENTITY, RELATION, new_id, public
from tests import build
from tests.build import Caller
from tests.graph_data import World, day

pytestmark = pytest.mark.usefixtures("eager")

ODD = 'O\'Brien "`{$name}`"\n}) DETACH DELETE n //'


def ent(key: uuid.UUID) -> str:
    return public(ENTITY, key)


def ask(caller: Caller, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
    response = caller.get(f"/api/v1/{path}" + ("?" + urlencode(query) if query else ""))
    assert response.status_code == status, response.content
    return dict(response.json())


def names(found: dict[str, Any]) -> list[str]:
    return [node["name"] for node in found["nodes"]]


def triples(relationships: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(r["source"], r["type"], r["target"]) for r in relationships]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reader(world: World) -> Caller:
    return build.caller(world.tenant)


# --- relationships ---------------------------------------------------------------------------------------------------
def test_the_relations_of_an_entity(world: World, reader: Caller) -> None:
    ann, acme, bob = world.entity("Ann"), world.entity("Acme", "ORG"), world.entity("Bob")
    works = world.relation(
        ann, "WORKS_AT", acme, properties={"role": "engineer"}, confidence=0.9, valid_from=day(-10), recorded_at=day(1)
    )
    knows = world.relation(bob, "FRIEND_OF", ann, recorded_at=day(2))
    world.relation(bob, "WORKS_AT", acme)
    found = ask(reader, f"entities/{ent(ann)}/relationships")
    assert found["truncated"] is False
    assert found["relationships"] == [
        {
            "id": public(RELATION, knows),
            "source": "Bob",
            "target": "Ann",
            "source_id": ent(bob),
            "target_id": ent(ann),
            "type": "FRIEND_OF",
            "properties": {},
            "confidence": 1.0,
            "valid_from": None,
            "valid_to": None,
            "is_current": True,
        },
        {
            "id": public(RELATION, works),
            "source": "Ann",
            "target": "Acme",
            "source_id": ent(ann),
            "target_id": ent(acme),
            "type": "WORKS_AT",
            "properties": {"role": "engineer"},
            "confidence": 0.9,
            "valid_from": iso(day(-10)),
            "valid_to": None,
            "is_current": True,
        },
    ]
    some = ask(reader, f"entities/{ent(ann)}/relationships", limit=1)
    assert (triples(some["relationships"]), some["truncated"]) == ([("Bob", "FRIEND_OF", "Ann")], True)


@pytest.fixture
def career(world: World) -> uuid.UUID:
    """On day 5 it is told that Ann went from Acme to Initech on day 4, and on day 7 that Acme is called Apex."""
    ann, acme, initech = world.entity("Ann"), world.entity("Acme", "ORG"), world.entity("Initech", "ORG")
    old = world.relation(ann, "WORKS_AT", acme, recorded_at=day(1), valid_from=day(1))
    world.retire(old, at=day(5))
    world.relation(ann, "WORKS_AT", acme, recorded_at=day(5), valid_from=day(1), valid_to=day(4))
    world.relation(ann, "WORKS_AT", initech, recorded_at=day(5), valid_from=day(4))
    world.rename(acme, "Apex", at=day(7))
    return ann


@pytest.mark.parametrize(
    ("query", "employers"),
    [
        ({}, ["Initech"]),
        ({"valid_at": iso(day(2))}, ["Apex"]),
        ({"valid_at": iso(day(3_000))}, ["Initech"]),
        ({"valid_at": iso(day(0))}, []),
        ({"as_of": iso(day(0))}, []),
        ({"as_of": iso(day(1))}, ["Acme"]),
        ({"as_of": iso(day(4))}, ["Acme"]),
        ({"as_of": iso(day(5))}, ["Initech"]),
        ({"as_of": iso(day(6)), "valid_at": iso(day(2))}, ["Acme"]),
        ({"as_of": iso(day(7)), "valid_at": iso(day(2))}, ["Apex"]),
        ({"as_of": "2026-01-02T05:30:00+05:30"}, ["Acme"]),
        ({"as_of": "2026-01-02T05:29:59+05:30"}, []),
        ({"as_of": "2026-01-02"}, ["Acme"]),
    ],
)
def test_what_was_known_and_what_was_true(
    world: World, reader: Caller, career: uuid.UUID, query: dict[str, str], employers: list[str]
) -> None:
    for path, of in (("relationships", "relationships"), ("neighbors", "edges")):
        found = ask(reader, f"entities/{ent(career)}/{path}", **query)[of]
        assert [r["target"] for r in found] == employers
        assert all(r["is_current"] for r in found)
    assert [e["target"] for e in ask(reader, "graph", user_id=world.user_id, **query)["edges"]] == employers


def test_an_offset_may_come_as_a_url_leaves_it(reader: Caller, career: uuid.UUID) -> None:
    response = reader.get(f"/api/v1/entities/{ent(career)}/relationships?as_of=2026-01-02T05:30:00+05:30")
    assert [r["target"] for r in response.json()["relationships"]] == ["Acme"]


def test_history_shows_what_held_once(reader: Caller, career: uuid.UUID) -> None:
    found = ask(reader, f"entities/{ent(career)}/relationships", include_history="true")["relationships"]
    assert [(r["target"], r["valid_to"], r["is_current"]) for r in found] == [
        ("Initech", None, True),
        ("Apex", iso(day(4)), False),
    ]
    then = ask(reader, f"entities/{ent(career)}/relationships", include_history="true", as_of=iso(day(4)))
    assert [(r["target"], r["valid_to"], r["is_current"]) for r in then["relationships"]] == [("Acme", None, True)]


PATHS = ["entities", "graph", "entities/{}/relationships", "entities/{}/neighbors", "graph/path?from={}&to={}"]


@pytest.mark.parametrize("path", PATHS)
def test_as_of_lies_in_the_past_but_for_a_fast_clock(reader: Caller, career: uuid.UUID, path: str) -> None:
    url = "/api/v1/" + path.format(*[ent(career)] * 2) + ("&" if "?" in path else "?")
    with time_machine.travel(now(), tick=False):
        for seconds, status in ((60, 200), (61, 400)):
            later = iso(now() + dt.timedelta(seconds=seconds))
            assert reader.get(f"{url}as_of={later}").status_code == status
        assert reader.get(f"{url}as_of=yesterday").json()["error"]["details"]["field"] == "as_of"
    if path != "entities":
        assert reader.get(f"{url}valid_at=2999-01-01").status_code == 200


# --- neighbours, paths, all ------------------------------------------------------------------------------------------
@pytest.fixture
def chain(world: World) -> list[uuid.UUID]:
    """Ann – Bob – Cleo – Dan – Eve."""
    keys = [world.entity(name) for name in ("Ann", "Bob", "Cleo", "Dan", "Eve")]
    for one, other in itertools.pairwise(keys):
        world.relation(one, "FRIEND_OF", other)
    return keys


def test_neighbours_to_a_depth(reader: Caller, chain: list[uuid.UUID]) -> None:
    path = f"entities/{ent(chain[0])}/neighbors"
    assert ask(reader, path)["nodes"] == [
        {"id": ent(chain[0]), "name": "Ann", "type": "PERSON", "distance": 0},
        {"id": ent(chain[1]), "name": "Bob", "type": "PERSON", "distance": 1},
    ]
    three = ask(reader, path, depth=3)
    assert [(n["name"], n["distance"]) for n in three["nodes"]] == [("Ann", 0), ("Bob", 1), ("Cleo", 2), ("Dan", 3)]
    assert triples(three["edges"]) == [
        (a, "FRIEND_OF", b) for a, b in (("Ann", "Bob"), ("Bob", "Cleo"), ("Cleo", "Dan"))
    ]
    assert three["truncated"] is False
    two = ask(reader, path, depth=3, limit=2)
    assert (names(two), triples(two["edges"]), two["truncated"]) == (
        ["Ann", "Bob"],
        [("Ann", "FRIEND_OF", "Bob")],
        True,
    )


def test_the_shortest_path(reader: Caller, chain: list[uuid.UUID]) -> None:
    ends = {"from": ent(chain[3]), "to": ent(chain[1])}
    found = ask(reader, "graph/path", **ends)
    assert found["found"] is True
    assert found["nodes"] == [
        {"id": ent(key), "name": name, "type": "PERSON"}
        for key, name in zip(chain[3:0:-1], ("Dan", "Cleo", "Bob"), strict=True)
    ]
    assert triples(found["edges"]) == [("Cleo", "FRIEND_OF", "Dan"), ("Bob", "FRIEND_OF", "Cleo")]
    assert ask(reader, "graph/path", **ends, max_depth=1) == {"found": False, "nodes": [], "edges": []}
    itself = ask(reader, "graph/path", **{"from": ent(chain[0]), "to": ent(chain[0])})
    assert (itself["found"], names(itself), itself["edges"]) == (True, ["Ann"], [])


def test_the_whole_graph_shows_the_best_connected_first(world: World, reader: Caller, chain: list[uuid.UUID]) -> None:
    world.relation(chain[2], "LIKES", chain[0])
    world.entity("Zoe")
    other = World(tenant=world.tenant, project="other")
    other.relation(other.entity("Far"), "LIKES", other.entity("Away"))
    found = ask(reader, "graph", user_id=world.user_id, project="default")
    assert names(found) == ["Cleo", "Ann", "Bob", "Dan", "Eve", "Zoe"]
    assert len(found["edges"]) == 5
    assert found["truncated"] is False
    assert len(ask(reader, "graph", user_id=world.user_id)["nodes"]) == 8
    two = ask(reader, "graph", user_id=world.user_id, project_id="default", limit=2)
    assert (names(two), triples(two["edges"]), two["truncated"]) == (
        ["Cleo", "Ann"],
        [("Cleo", "LIKES", "Ann")],
        True,
    )
    assert names(ask(reader, "graph", user_id=world.user_id, as_of=iso(day(-1)))) == []
    assert names(ask(reader, "graph", user_id="nobody")) == []


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("entities/{}/neighbors", {"depth": 4}, "depth"),
        ("entities/{}/neighbors", {"depth": 0}, "depth"),
        ("entities/{}/neighbors", {"limit": 0}, "limit"),
        ("entities/{}/relationships", {"include_history": "yes"}, "include_history"),
        ("entities/{}/relationships", {"valid_at": "soon"}, "valid_at"),
        ("graph/path", {"to": "{}"}, "from"),
        ("graph/path", {"from": "{}"}, "to"),
        ("graph/path", {"from": "{}", "to": "{}", "max_depth": 7}, "max_depth"),
        ("graph", {"limit": 1001}, "limit"),
        ("graph", {"project": "a", "project_id": "b"}, "project"),
    ],
)
def test_what_is_wrong_is_named(world: World, reader: Caller, path: str, query: dict[str, Any], field: str) -> None:
    id_ = ent(world.entity("Ann"))
    sent = {name: str(value).format(id_) for name, value in query.items()}
    assert ask(reader, path.format(id_), 400, **sent)["error"]["details"]["field"] == field


# --- who may see it --------------------------------------------------------------------------------------------------
def test_a_shared_name_leads_nowhere(world: World, reader: Caller) -> None:
    """Another tenant, another user and another project, each with an Acme of its own."""
    ann, acme = world.entity("Ann"), world.entity("Acme", "ORG")
    world.relation(ann, "WORKS_AT", acme)
    others = World(), World(tenant=world.tenant, user_id="bob"), World(tenant=world.tenant, project="other")
    for other in others:
        other.relation(other.entity("Zoe"), "WORKS_AT", other.entity("Acme", "ORG"))
    near = ask(reader, f"entities/{ent(acme)}/neighbors", depth=3)
    assert (names(near), triples(near["edges"])) == (["Acme", "Ann"], [("Ann", "WORKS_AT", "Acme")])
    assert names(ask(reader, "graph", user_id=world.user_id, project="default")) == ["Ann", "Acme"]


def test_a_foreign_entity_is_unknown(world: World) -> None:
    ann = world.entity("Ann")
    callers = {
        "another tenant": build.caller(build.tenant()),
        "another user": build.caller(world.tenant, user_id="bob"),
        "another project": build.caller(world.tenant, project_ids=["other"]),
    }
    mine = build.caller(world.tenant, user_id="ann", project_ids=["default"])
    unknown = ent(new_id())
    for path in ("entities/{}/relationships", "entities/{}/neighbors", "graph/path?from={}&to={}"):
        assert mine.get("/api/v1/" + path.format(ent(ann), ent(ann))).status_code == 200
        for caller in callers.values():
            answers = [
                caller.get("/api/v1/" + path.format(key, key)).content.decode().replace(key, "<id>")
                for key in (ent(ann), unknown, "nonsense")
            ]
            assert answers == [answers[1]] * 3
            assert ask(caller, path.format(ent(ann), ent(ann)), 404)["error"]["code"] == "not_found"
    for name, value in (("user_id", "bob"), ("project", "other")):
        assert ask(mine, "graph", 403, **{name: value})["error"]["details"]["field"] == name


def test_two_scopes_are_never_connected(world: World, reader: Caller) -> None:
    other = World(tenant=world.tenant, project="other")
    ends = {"from": ent(world.entity("Ann")), "to": ent(other.entity("Ann"))}
    assert ask(reader, "graph/path", **ends) == {"found": False, "nodes": [], "edges": []}


# --- merged, not known yet, erased -----------------------------------------------------------------------------------
def test_a_merged_entity_is_what_it_became_and_was_itself_before(world: World, reader: Caller) -> None:
    john, smith, acme = world.entity("John"), world.entity("John Smith"), world.entity("Acme", "ORG")
    world.relation(john, "WORKS_AT", acme)
    world.merge(john, smith, at=day(3))
    for path, of in (("relationships", "relationships"), ("neighbors", "edges")):
        for key in (john, smith):
            now_ = ask(reader, f"entities/{ent(key)}/{path}")[of]
            assert triples(now_) == [("John Smith", "WORKS_AT", "Acme")]
        before = ask(reader, f"entities/{ent(john)}/{path}", as_of=iso(day(2)))[of]
        assert triples(before) == [("John", "WORKS_AT", "Acme")]
        assert ask(reader, f"entities/{ent(smith)}/{path}", as_of=iso(day(2)))[of] == []
    assert names(ask(reader, "graph", user_id=world.user_id)) == ["John Smith", "Acme"]
    assert names(ask(reader, "graph", user_id=world.user_id, as_of=iso(day(2)))) == ["John", "Acme", "John Smith"]


def test_what_was_not_known_yet_is_unknown(world: World, reader: Caller) -> None:
    ann = world.entity("Ann", at=day(5))
    for path in ("relationships", "neighbors"):
        ask(reader, f"entities/{ent(ann)}/{path}", as_of=iso(day(5)))
        ask(reader, f"entities/{ent(ann)}/{path}", 404, as_of=iso(day(4)))


def test_what_was_erased_is_gone_from_the_past(world: World, reader: Caller) -> None:
    ann, bob = world.entity("Ann"), world.entity("Bob")
    world.relation(ann, "FRIEND_OF", bob)
    world.erase_entity(bob)
    assert names(ask(reader, f"entities/{ent(ann)}/neighbors", as_of=iso(day(1)))) == ["Ann"]
    assert ask(reader, f"entities/{ent(ann)}/relationships", as_of=iso(day(1)))["relationships"] == []
    ask(reader, f"entities/{ent(bob)}/relationships", 404, as_of=iso(day(1)))


def test_odd_names_are_data(world: World, reader: Caller) -> None:
    odd, other = world.entity(ODD), world.entity("`}) MATCH (n) //", "ORG")
    world.relation(odd, "UNHEARD`OF", other, properties={"role": ODD})
    near = ask(reader, f"entities/{ent(odd)}/neighbors")
    assert names(near) == [ODD, "`}) MATCH (n) //"]
    assert [(e["type"], e["properties"]) for e in near["edges"]] == [("UNHEARD`OF", {"role": ODD})]
    assert names(ask(reader, "graph/path", **{"from": ent(odd), "to": ent(other)})) == names(near)


# --- the list as of a moment -----------------------------------------------------------------------------------------
def test_the_list_of_entities_as_of_a_moment(world: World, reader: Caller) -> None:
    ann, smith = world.entity("Ann", at=day(1)), world.entity("Ann Smith", at=day(2))
    world.memory(ann, at=day(1), retired_at=day(6))
    world.memory(ann, at=day(3))
    world.rename(ann, "Anna", at=day(4))
    world.merge(ann, smith, at=day(6))

    def listed(**query: str) -> list[tuple[str, int]]:
        found = ask(reader, "entities", user_id=world.user_id, **query)
        assert found["total"] == len(found["entities"])
        return [(e["name"], e["memory_count"]) for e in found["entities"]]

    assert listed() == [("Ann Smith", 1)]
    assert listed(as_of=iso(day(0))) == []
    assert listed(as_of=iso(day(1))) == [("Ann", 1)]
    assert listed(as_of=iso(day(3))) == [("Ann Smith", 0), ("Ann", 2)]
    assert listed(as_of=iso(day(5))) == [("Ann Smith", 0), ("Anna", 2)]
    assert listed(as_of=iso(day(5)), query="anna") == [("Anna", 2)]
