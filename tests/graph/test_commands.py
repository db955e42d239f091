"""`graph_schema`, `rebuild_graph` and `check_graph`."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.tenancy import across_tenants
from entities.graph import client, drain
from entities.models import GraphOutbox
from entities.services import graph as service
from tests.graph_data import World
from tests.neo4j import Graph

pytestmark = pytest.mark.django_db(transaction=True)


def same() -> bool:
    return list(service.differences(sample=None)) == []


def test_the_check_finds_what_differs(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    ann, bob = world.entities("Ann", "Bob")
    world.relation(ann, "LIKES", bob)
    drain.drain()
    call_command("check_graph")
    client.write([("MATCH (e:Entity {name: 'Bob'}) SET e.name = 'Rob'", {})])
    client.write([("MATCH (:Entity)-[r:LIKES]->() DELETE r", {})])
    with pytest.raises(CommandError, match="3 differences"):
        call_command("check_graph")
    said = capsys.readouterr().out
    assert f"entity {bob}: name differ" in said
    assert "LIKES: 1 in PostgreSQL, 0 in the graph" in said
    assert "Rob" not in said


def test_a_rebuild_mends_everything(graph: Graph) -> None:
    worlds = [World(), World()]
    for world in worlds:
        ann, bob = world.entities("Ann", "Bob")
        world.relation(ann, "LIKES", bob)
        world.memory(ann, bob)
    drain.drain()
    stray = {"tenant": str(worlds[0].tenant.id), "id": str(uuid.uuid4())}
    client.write([("CREATE (:Entity {tenant: $tenant, id: $id, version: 1})", stray)])
    client.write([("MATCH (e:Entity {name: 'Bob'}) SET e.name = 'Rob', e.version = 10000000", {})])
    assert not same()
    call_command("rebuild_graph")
    assert same()


def test_a_killed_rebuild_goes_on(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    keys = world.entities(*(f"Name {i}" for i in range(7)))
    world.relations([{"source_key": keys[0], "type": "LIKES", "target_key": key} for key in keys[1:]])
    with across_tenants("a test"):
        GraphOutbox.objects.all().delete()
    monkeypatch.setattr("entities.graph.rebuild.BATCH_SIZE", 2)
    told: list[tuple[str, int]] = []

    def die(what: str, done: int, of: int) -> None:
        told.append((what, done))
        if what == "noted" and done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.rebuild(die)
    assert len(list(GraphOutbox.objects.filter(tenant=world.tenant))) == 6
    assert service.rebuild() == 13 - 6
    assert same()
    assert service.rebuild() == 13  # a new one begins at the beginning
    assert same()


@pytest.mark.parametrize("command", ["graph_schema", "rebuild_graph", "check_graph"])
def test_the_commands_say_that_the_graph_is_off_or_away(command: str, settings: Any) -> None:
    with pytest.raises(CommandError, match="NEO4J_URI is not set"):
        call_command(command)
    settings.NEO4J_URI = "bolt://127.0.0.1:9"
    with pytest.raises(CommandError, match="ServiceUnavailable"):
        call_command(command)
    client.close()
