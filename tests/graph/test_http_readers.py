"""Over HTTP nobody can tell whether Neo4j or PostgreSQL found the way, even while Neo4j is behind."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.clock import iso, now
from core.ids import ENTITY, public
from entities.graph import client, drain
from tests import build
from tests.build import Caller
from tests.graph.worlds import MOMENTS, written
from tests.graph_data import World
from tests.neo4j import Graph

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(autouse=True)
def patient(graph: Graph, settings: Any) -> None:
    """A server that has just started plans slowly, and whoever gives it up asks PostgreSQL."""
    settings.NEO4J_TIMEOUT_SECONDS = 60


def ent(key: uuid.UUID) -> str:
    return public(ENTITY, key)


def asked(caller: Caller, path: str, **query: Any) -> tuple[int, Any]:
    response = caller.get(f"/api/v1/{path}?{urlencode(query)}")
    return response.status_code, response.json()


def of_both(caller: Caller, settings: Any, path: str, **query: Any) -> list[tuple[int, Any]]:
    """The answer that Neo4j was asked for, and the one without it."""
    assert client.is_healthy()
    found = [asked(caller, path, **query)]
    assert client.is_healthy()  # it was not given up
    uri, settings.NEO4J_URI = settings.NEO4J_URI, ""
    found.append(asked(caller, path, **query))
    settings.NEO4J_URI = uri
    return found


@given(data=st.data())
@examples(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_readers_answer_alike(settings: Any, data: st.DataObject) -> None:
    (world, nodes), _ = written(data), written(data)
    drain.drain()
    caller = build.caller(world.tenant)
    moment = data.draw(st.none() | MOMENTS)
    then = {} if moment is None else {"as_of": iso(moment.system_time), "valid_at": iso(moment.valid_time)}
    near = {"depth": data.draw(st.integers(1, 3)), "limit": data.draw(st.sampled_from([2, 50]))}
    one, other = of_both(caller, settings, f"entities/{ent(nodes[0])}/neighbors", **near, **then)
    assert one == other
    assert {node["id"] for node in one[1]["nodes"]} <= set(map(ent, nodes))
    ends = {"from": ent(nodes[0]), "to": ent(nodes[1]), "max_depth": near["depth"]}
    one, other = of_both(caller, settings, "graph/path", **ends, **then)
    assert one == other


def test_what_neo4j_has_not_unlearned_yet_is_not_shown(settings: Any) -> None:
    """An erased entity, a relation that ended, and a way that is no more beside one that is longer."""
    world = World()
    caller = build.caller(world.tenant)
    ann, bob, cleo, dan = (world.entity(name) for name in ("Ann", "Bob", "Cleo", "Dan"))
    ended = world.relation(ann, "LIKES", dan)
    for one, other in ((ann, bob), (ann, cleo), (bob, cleo), (cleo, dan)):
        world.relation(one, "FRIEND_OF", other)
    drain.drain()
    world.retire(ended, at=now())
    world.erase_entity(bob)
    near = of_both(caller, settings, f"entities/{ent(ann)}/neighbors")
    assert near[0] == near[1]
    assert [node["name"] for node in near[0][1]["nodes"]] == ["Ann", "Cleo"]
    way = of_both(caller, settings, "graph/path", **{"from": ent(ann), "to": ent(dan)})
    assert way[0] == way[1]
    assert [node["name"] for node in way[0][1]["nodes"]] == ["Ann", "Cleo", "Dan"]


def test_odd_names_are_data_in_neo4j(settings: Any) -> None:
    world = World()
    odd = world.entity('O\'Brien "`{$name}`"\n}) DETACH DELETE n //')
    other = world.entity("`}) MATCH (n) DETACH DELETE n //")
    world.relation(odd, "LIKES`]-() DELETE r //", other, properties={"`role`": "}'"})
    drain.drain()
    one, without = of_both(build.caller(world.tenant), settings, f"entities/{ent(odd)}/neighbors")
    assert one == without
    assert len(one[1]["nodes"]) == 2
    assert one[1]["edges"][0]["properties"] == {"`role`": "}'"}
