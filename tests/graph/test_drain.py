"""The graph follows PostgreSQL: nothing older overwrites what is newer, what was erased stays away, nothing is lost."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from core import clock
from entities.graph import client, drain, project, reader
from entities.graph.client import GraphRejected, GraphUnavailable
from entities.models import GraphOutbox
from entities.services import graph as service
from entities.types import GraphKind, PointInTime
from tests.graph_data import World, day, ids
from tests.neo4j import Graph

pytestmark = pytest.mark.django_db(transaction=True)

NODES = "MATCH (e:Entity {tenant: $tenant}) RETURN e.name AS name, e.type AS type ORDER BY name"
TOMBSTONES = "MATCH (g:Tombstone {tenant: $tenant}) RETURN count(g) AS number"
NAMES = ['O"Brien', "Ann's", "`back`", "{brace: $x}", "a\nb", "'}) DETACH DELETE (n) //", "\\u0027"]

EVIL = "A`]->() DETACH DELETE a //"


def nodes(world: World) -> list[dict[str, Any]]:
    return client.read(NODES, tenant=str(world.tenant.id))


def rows(world: World, **fields: Any) -> list[GraphOutbox]:
    return list(GraphOutbox.objects.filter(tenant=world.tenant, **fields).order_by("version"))


def same() -> bool:
    return list(service.differences(sample=None)) == []


def test_it_learns_entities_relations_and_mentions(graph: Graph) -> None:
    world = World()
    ann, acme = world.entity("Ann"), world.entity("Acme", "ORG")
    relation = world.relation(ann, "WORKS_AT", acme, valid_from=day(1), confidence=0.5)
    world.memory(ann, acme)
    assert drain.drain() == 4
    assert nodes(world) == [{"name": "Acme", "type": "ORG"}, {"name": "Ann", "type": "PERSON"}]
    assert same()
    assert rows(world, state="pending") == []
    world.retire(relation, at=day(3))
    world.rename(ann, "Anna", at=day(3))
    assert drain.drain() == 2
    assert nodes(world)[1] == {"name": "Anna", "type": "PERSON"}
    assert same()


def test_names_are_data_and_types_come_from_the_list(graph: Graph) -> None:
    world = World(user_id="'}) //")
    keys = world.entities(*NAMES)
    first = world.relation(keys[0], EVIL, keys[1])
    drain.drain()
    assert sorted(row["name"] for row in nodes(world)) == sorted(NAMES)
    assert same()
    found = client.read("MATCH (:Entity)-[r:RELATED_TO]->(:Entity) RETURN r.id AS id, r.type AS type")
    assert found == [{"id": str(first), "type": EVIL}]


def test_an_older_version_changes_nothing(graph: Graph) -> None:
    world = World()
    ann = world.entity("Ann")
    (late,) = rows(world)
    world.rename(ann, "Anna", at=day(1))
    batch = project._read([late])  # one drain has read the old row's state, and is slow
    batch[GraphKind.ENTITY][0][0]["values"]["name"] = "Ann"
    drain.drain()
    client.write(list(project._writes(batch)))
    assert nodes(world) == [{"name": "Anna", "type": "PERSON"}]


def test_what_was_erased_does_not_come_back(graph: Graph) -> None:
    world = World()
    ann, bob = world.entities("Ann", "Bob")
    relation, memory = world.relation(ann, "LIKES", bob), world.memory(ann)
    late = project._read(rows(world))
    drain.drain()
    world.erase_relation(relation)
    world.erase_memory(memory)
    world.erase_entity(ann)
    drain.drain()
    client.write(list(project._writes(late)))
    assert nodes(world) == [{"name": "Bob", "type": "PERSON"}]
    assert same()
    assert client.read(TOMBSTONES, tenant=str(world.tenant.id)) == [{"number": 3}]
    assert {row.object_id for row in rows(world, is_deleted=True)} == {ann, relation, memory}


def test_tombstones_go_after_a_day(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    ann, _ = world.entities("Ann", "Bob")
    drain.drain()
    world.erase_entity(ann)
    drain.drain()
    assert drain.prune() == 0
    monkeypatch.setattr(drain, "now", lambda: clock.now() + dt.timedelta(days=1, minutes=1))
    assert drain.prune() == 2
    assert client.read(TOMBSTONES, tenant=str(world.tenant.id)) == [{"number": 0}]
    assert rows(world) == []
    assert same()


def test_a_change_during_the_drain_is_drained_again(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    ann = world.entity("Ann")
    claimed = drain.claim()
    world.rename(ann, "Anna", at=day(1))
    drain.settle(claimed)
    assert [row.state for row in rows(world)] == ["pending"]
    assert drain.drain() == 1
    assert nodes(world) == [{"name": "Anna", "type": "PERSON"}]


def test_two_drains_never_claim_the_same(graph: Graph) -> None:
    World().entities(*(f"Name {i}" for i in range(5)))
    assert len(drain.claim()) == 5
    assert drain.claim() == []


def test_a_killed_drain_loses_nothing(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.entity("Ann")
    assert len(drain.claim()) == 1  # and dies
    assert drain.drain() == 0
    later = clock.now() + drain.LEASE + dt.timedelta(seconds=1)
    monkeypatch.setattr(drain, "now", lambda: later)
    assert drain.drain() == 1
    assert same()


@pytest.fixture
def refuses_bob(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A graph that won't take one entity, whatever comes with it."""
    write = client.write

    def refusing(statements: Any, **options: Any) -> Any:
        said = [row for _, values in statements for row in values.get("rows", [])]
        if any(row.get("values", {}).get("name") == "Bob" for row in said):
            raise GraphRejected("Neo.ClientError.Statement.ArgumentError")
        return write(statements, **options)

    monkeypatch.setattr(client, "write", refusing)
    yield
    monkeypatch.setattr(client, "write", write)


def test_what_is_refused_stays_alone_and_dies(graph: Graph, refuses_bob: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.entities("Ann", "Bob", "Cleo", "Dan")
    assert drain.drain() == 3
    assert [row["name"] for row in nodes(world)] == ["Ann", "Cleo", "Dan"]
    (left,) = rows(world, state="pending")
    assert (left.attempts, left.failure) == (1, "Neo.ClientError.Statement.ArgumentError")
    assert left.due_at > clock.now()
    for _ in range(drain.MAX_ATTEMPTS - 1):
        GraphOutbox.objects.filter(tenant=world.tenant, state="pending").update(due_at=clock.now())
        assert drain.drain() == 0
    (dead,) = rows(world, state="dead")
    assert (dead.id, dead.attempts) == (left.id, drain.MAX_ATTEMPTS)
    assert service.lag().dead == 1
    monkeypatch.undo()
    assert drain.retry(world.tenant.id, [dead.id]) == 1
    assert drain.retry(world.tenant.id, [dead.id]) == 0


def test_without_a_server_rows_wait_and_nobody_fails(graph: Graph, settings: Any) -> None:
    world = World()
    settings.NEO4J_URI = "bolt://127.0.0.1:9"
    ann = world.entity("Ann")
    assert drain.drain() == 0
    assert [(row.state, row.attempts) for row in rows(world)] == [("pending", 0)]
    moment = PointInTime(day(9), day(9))
    asked = reader.with_fallback(lambda r: r.neighbours(world.scope, ann, depth=3, limit=9, moment=moment))
    assert ids(asked) == [ann]
    settings.NEO4J_URI = graph.uri
    assert drain.drain() == 1
    assert same()


def test_when_it_is_off_the_rows_are_kept(settings: Any) -> None:
    world = World()
    world.entity("Ann")
    assert len(rows(world, state="pending")) == 1
    assert drain.drain() == 0
    assert drain.sweep() is False


def test_a_server_that_hangs_holds_nobody(graph: Graph, settings: Any) -> None:
    assert graph.server is not None
    settings.NEO4J_TIMEOUT_SECONDS = 0.2
    world = World()
    ann = world.entity("Ann")
    assert client.is_healthy()
    graph.server.signal(signal.SIGSTOP)
    try:
        with pytest.raises(GraphUnavailable):
            client.read("RETURN 1")
        assert not client.is_healthy()
        assert drain.drain() == 0
        moment = PointInTime(day(9), day(9))
        asked = reader.with_fallback(lambda r: r.neighbours(world.scope, ann, depth=3, limit=9, moment=moment))
        assert ids(asked) == [ann]
    finally:
        graph.server.signal(signal.SIGCONT)
    client.close()
    settings.NEO4J_TIMEOUT_SECONDS = 5
    assert drain.drain() == 1
