"""`verify_erasure` looks into the graph as well, where it is on."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from core.ids import ENTITY, RECEIPT, public
from entities.graph import client, drain
from memories.models import Erasure
from memories.pipeline import erase, erase_tenant
from tests.graph_data import World
from tests.neo4j import Graph

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_the_graph_still_holds_is_found(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    gone, kept = world.entities("Zyxomak", "Bob")
    world.relation(gone, "LIKES", kept)
    drain.drain()
    receipt = public(RECEIPT, erase.by_ids(world.tenant.id, [], actor="test").id)
    ids, words = [public(ENTITY, gone)], ["ZYXOMAK"]
    world.erase_entity(gone)
    with pytest.raises(CommandError, match="Erased data was found"):
        call_command("verify_erasure", receipt, ids=ids)
    assert "graph: 1 objects hold what was erased" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Erased data was found"):
        call_command("verify_erasure", receipt, words=words)
    assert "graph: 1 objects hold what was erased" in capsys.readouterr().out
    drain.drain()
    call_command("verify_erasure", receipt, ids=ids, words=words)
    assert "graph: ok" in capsys.readouterr().out


def test_a_graph_that_is_away_proves_nothing(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    receipt = public(RECEIPT, erase.by_ids(world.tenant.id, [], actor="test").id)

    def away(*_: object) -> None:
        raise client.GraphUnavailable("away")

    monkeypatch.setattr(client, "write", away)
    with pytest.raises(CommandError, match="Neo4j does not answer: away"):
        call_command("verify_erasure", receipt, words=["Zyxomak"])


def nodes(world: World) -> int:
    return int(client.read("MATCH (n {tenant: $tenant}) RETURN count(n) AS n", tenant=str(world.tenant.id))[0]["n"])


def test_a_tenants_graph_goes_with_the_tenant(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    world, other = World(), World()
    for each in (world, other):
        ann, bob = each.entities("Ann", "Bob")
        each.relation(ann, "LIKES", bob)
        each.memory(ann)
    drain.drain()
    before = nodes(other)
    with transaction.atomic():
        receipt = erase_tenant.begin(world.tenant.id, actor="test")

    def away(*_: object) -> None:
        raise client.GraphUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(client, "write", away)
        erase_tenant.run(world.tenant.id)
    assert Erasure.objects.get(tenant=world.tenant, id=receipt.id).completed_at is None
    erase_tenant.run(world.tenant.id)
    done = Erasure.objects.get(tenant=world.tenant, id=receipt.id)
    assert done.completed_at is not None
    assert done.counts["graph_nodes"] >= 3
    assert (nodes(world), nodes(other)) == (0, before)
