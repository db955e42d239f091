"""What an operator sees of the graph: the admin, `/status` and `/metrics`."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client

from entities.graph import drain
from entities.models import GraphOutbox
from tests.build import Caller
from tests.graph_data import World
from tests.neo4j import Graph

LIST = "/admin/entities/graphoutbox/"


def gauges() -> dict[str, float]:
    page = Client().get("/metrics", headers={"Authorization": f"Bearer {django_settings.MASTER_KEY}"}).content.decode()
    lines = [line.rpartition(" ") for line in page.splitlines() if line.startswith("memproject_graph_")]
    return {name.removeprefix("memproject_graph_"): float(value) for name, _, value in lines}


def test_an_operator_lets_dead_changes_be_tried_again(eager: None) -> None:
    world = World()
    world.entities("Ann", "Bob")
    dead, waiting = GraphOutbox.objects.filter(tenant=world.tenant).order_by("version")
    GraphOutbox.objects.filter(tenant=world.tenant, id=dead.id).update(state="dead", attempts=8, failure="Neo.X")
    operator = Client()
    operator.force_login(get_user_model().objects.create_superuser("op", password="pw"))
    page = operator.get(f"{LIST}?state=dead").content.decode()
    assert str(dead.object_id) in page
    assert str(waiting.object_id) not in page
    form = {"action": "retry", "_selected_action": [str(dead.id), str(waiting.id)]}
    assert "1 change(s) will be retried." in operator.post(LIST, form, follow=True).content.decode()
    now = GraphOutbox.objects.get(tenant=world.tenant, id=dead.id)
    assert (now.state, now.attempts, now.failure) == ("pending", 0, "")
    assert operator.get(f"{LIST}{dead.id}/change/").status_code == 200


def test_status_and_metrics_tell_how_far_it_is_behind(graph: Graph, viewer: Caller) -> None:
    world = World()
    world.entities("Ann", "Bob", "Cleo")
    rows = GraphOutbox.objects.filter(tenant=world.tenant)
    rows.filter(version=min(rows.values_list("version", flat=True))).update(state="dead")
    found = viewer.get("/status").json()["data"]["graph"]
    assert (found["status"], found["waiting"], found["dead"]) == ("healthy", 2, 1)
    assert found["seconds"] >= 0
    assert gauges().keys() == {"waiting", "lag_seconds", "dead"}
    assert (gauges()["waiting"], gauges()["dead"]) == (2, 1)
    assert drain.drain() == 2
    found = viewer.get("/status").json()["data"]["graph"]
    assert (found["waiting"], found["seconds"]) == (0, 0.0)


def test_a_graph_that_is_away_degrades_the_service(viewer: Caller, settings: Any) -> None:
    settings.NEO4J_URI = "bolt://127.0.0.1:9"
    World().entity("Ann")
    body = viewer.get("/status").json()["data"]
    assert body["graph"]["status"] == "unhealthy"
    assert body["status"] == "degraded"
    assert viewer.get("/v1/memories/search?query=x").status_code == 200


def test_nothing_is_told_when_it_is_off(viewer: Caller) -> None:
    assert viewer.get("/status").json()["data"]["graph"] == {"status": "disabled"}
    assert gauges() == {}
