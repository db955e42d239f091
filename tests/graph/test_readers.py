"""Cypher and SQL give the same answers, on any graph, at any depth and moment; nobody walks into another tenant."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entities.graph import drain
from entities.graph.reader import CYPHER, SQL, GraphReader
from entities.types import Path, PointInTime, ReachedNode
from tests.graph.worlds import MOMENTS, written
from tests.graph_data import World, day, ids
from tests.neo4j import Graph

pytestmark = pytest.mark.django_db(transaction=True)

LATER = PointInTime(day(100), day(100))


@pytest.fixture(params=["sql", "cypher"])
def reader(request: pytest.FixtureRequest) -> GraphReader:
    if request.param == "cypher":
        request.getfixturevalue("graph")
    return {"sql": SQL, "cypher": CYPHER}[request.param]


def drained() -> None:
    drain.drain()


@pytest.fixture
def catch_up(reader: GraphReader) -> Callable[[], None]:
    """What a test does between writing and reading: the graph learns, PostgreSQL knows already."""
    return drained if reader is CYPHER else lambda: None


def test_it_walks_both_ways_to_a_depth(reader: GraphReader, catch_up: Callable[[], None]) -> None:
    world = World()
    ann, bob, cleo, dan, eve = (world.entity(name) for name in ("Ann", "Bob", "Cleo", "Dan", "Eve"))
    first = world.relation(ann, "FRIEND_OF", bob)
    second = world.relation(cleo, "MANAGES", bob)
    third = world.relation(cleo, "LIKES", dan)
    world.relation(dan, "LIKES", eve)
    catch_up()

    def near(depth: int, limit: int = 50) -> list[ReachedNode]:
        return reader.neighbours(world.scope, ann, depth=depth, limit=limit, moment=LATER)

    assert near(1) == [ReachedNode(ann, 0), ReachedNode(bob, 1)]
    assert near(2) == [ReachedNode(ann, 0), ReachedNode(bob, 1), ReachedNode(cleo, 2)]
    assert near(3) == [ReachedNode(ann, 0), ReachedNode(bob, 1), ReachedNode(cleo, 2), ReachedNode(dan, 3)]
    assert near(3, limit=2) == [ReachedNode(ann, 0), ReachedNode(bob, 1)]
    assert reader.edges(world.scope, ids(near(3)), moment=LATER) == [first, second, third]
    assert reader.path(world.scope, ann, dan, max_depth=6, moment=LATER) == Path(
        (ann, bob, cleo, dan), (first, second, third)
    )
    assert reader.path(world.scope, ann, dan, max_depth=2, moment=LATER) is None
    assert reader.path(world.scope, ann, ann, max_depth=2, moment=LATER) == Path((ann,), ())


def test_it_reads_the_past(reader: GraphReader, catch_up: Callable[[], None]) -> None:
    world = World()
    ann, acme, initech = world.entity("Ann"), world.entity("Acme", "ORG"), world.entity("Initech", "ORG")
    old = world.relation(ann, "WORKS_AT", acme, recorded_at=day(1), valid_from=day(1))
    world.retire(old, at=day(5))
    world.relation(ann, "WORKS_AT", acme, recorded_at=day(5), valid_from=day(1), valid_to=day(4))
    world.relation(ann, "WORKS_AT", initech, recorded_at=day(5), valid_from=day(4))
    catch_up()

    def employers(known: int, valid: int) -> list[uuid.UUID]:
        moment = PointInTime(day(known), day(valid))
        return ids(reader.neighbours(world.scope, ann, depth=1, limit=9, moment=moment))[1:]

    assert employers(0, 0) == []
    assert employers(2, 2) == employers(4, 4) == [acme]
    assert employers(5, 5) == employers(9, 9) == [initech]
    assert employers(9, 2) == [acme]


def test_memories_around_an_entity(reader: GraphReader, catch_up: Callable[[], None]) -> None:
    world = World()
    ann, bob, cleo = world.entity("Ann"), world.entity("Bob"), world.entity("Cleo")
    world.relation(ann, "FRIEND_OF", bob)
    both = world.memory(ann, bob)
    bobs = world.memory(bob)
    world.memory(cleo)
    retired = world.memory(ann, at=day(1), retired_at=day(3))
    catch_up()

    def around(depth: int, known: int, limit: int = 9) -> list[ReachedNode]:
        moment = PointInTime(day(known), day(known))
        return reader.memories(world.scope, ann, depth=depth, limit=limit, moment=moment)

    assert around(1, 9) == [ReachedNode(both, 0), ReachedNode(bobs, 1)]
    assert around(0, 9) == around(1, 9, limit=1) == [ReachedNode(both, 0)]
    assert around(0, 2) == [ReachedNode(both, 0), ReachedNode(retired, 0)]


def test_it_never_leaves_its_tenant_user_or_project(reader: GraphReader, catch_up: Callable[[], None]) -> None:
    mine = World()
    others = (World(), World(tenant=mine.tenant, user_id="bob"), World(tenant=mine.tenant, project="other"))
    ann = mine.entity("Ann")
    acme = mine.entity("Acme", "ORG")
    mine.relation(ann, "WORKS_AT", acme)
    mine.memory(acme)
    for world in others:
        theirs = world.entity("Acme", "ORG")
        zoe = world.entity("Zoe")
        world.relation(zoe, "WORKS_AT", theirs)
        world.memory(theirs, zoe)
    catch_up()
    assert ids(reader.neighbours(mine.scope, ann, depth=3, limit=50, moment=LATER)) == [ann, acme]
    assert len(reader.memories(mine.scope, ann, depth=3, limit=50, moment=LATER)) == 1
    for world in others:
        assert reader.path(world.scope, ann, acme, max_depth=6, moment=LATER) is None
        assert ids(reader.neighbours(world.scope, acme, depth=3, limit=50, moment=LATER)) == [acme]


# --- the two against each other --------------------------------------------------------------------------------------
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_answer_alike(graph: Graph, data: st.DataObject) -> None:
    """Beside a second tenant whose entities have the same names."""
    (world, nodes), _ = written(data), written(data)
    drain.drain()
    moment, limit = data.draw(st.just(LATER) | MOMENTS), data.draw(st.sampled_from([2, 50]))
    depth = data.draw(st.integers(1, 3))
    said = [
        (
            near := reader.neighbours(world.scope, nodes[0], depth=depth, limit=limit, moment=moment),
            reader.edges(world.scope, ids(near), moment=moment),
            reader.path(world.scope, nodes[0], nodes[1], max_depth=2 * depth, moment=moment),
            reader.memories(world.scope, nodes[0], depth=depth, limit=limit, moment=moment),
        )
        for reader in (SQL, CYPHER)
    ]
    assert said[0] == said[1]
    assert set(ids(said[0][0])) <= set(nodes)
