"""What is counted, who may read it, and how. Counts go on through the whole suite: tests look at differences."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import ConnectionError as RedisGone

from apikeys.scopes import Role
from core.monitoring import metrics
from memories.models import Source
from memproject.status import metrics_report
from tests.build import Caller, caller, tenant

TOKEN = "a-token-for-the-numbers"


@pytest.fixture(autouse=True)
def nothing_remembered(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(metrics, "_tenants", set())  # other tests may have had more tenants than are told apart
    for known in (metrics_report._backlog, metrics_report._workers):
        known.forget()


@pytest.fixture
def master(eager: None) -> Caller:
    return Caller(django_settings.MASTER_KEY)


def scrape() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = Caller(TOKEN).get("/metrics")
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(response.content.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(name: str, **labels: str) -> float:
    return scrape().get((f"memproject_{name}", frozenset(labels.items())), 0.0)


class Grew:
    """By how much a sample grew since the test began to look."""

    def __init__(self, name: str, **labels: str) -> None:
        self.name, self.labels = name, labels
        self.before = value(name, **labels)

    def by(self) -> float:
        return value(self.name, **self.labels) - self.before


# --- who may read ----------------------------------------------------------------------------------------------------
def test_the_text_format_is_for_the_master_key_and_the_token_alone(master: Caller) -> None:
    assert Caller(TOKEN).get("/metrics").status_code == 200
    assert Client().get("/metrics", headers={"X-API-Key": TOKEN}).status_code == 200
    assert master.get("/metrics").status_code == 200
    for key in (caller(role=Role.ADMIN), caller(), caller(role=Role.VIEWER)):
        refused = key.get("/metrics")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    for refused in (Client().get("/metrics"), Caller(TOKEN + "x").get("/metrics")):
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "UNAUTHORIZED")
        assert refused["WWW-Authenticate"].startswith("Bearer")


def test_json_is_the_services_or_the_tenants(master: Caller) -> None:
    for key in (master, Caller(TOKEN)):
        answer = key.get("/v1/metrics").json()
        assert (answer["success"], answer["data"]["scope"]) == (True, "service")
    admin = caller(tenant(), role=Role.ADMIN)
    data = admin.get("/v1/metrics").json()["data"]
    assert (data["scope"], data["tenant_id"]) == ("tenant", f"ten_{admin.row.tenant_id.hex}")
    assert Client().get("/v1/metrics").status_code == 401
    for key in (caller(), caller(role=Role.VIEWER), caller(role=Role.ADMIN, user_id="ann"),
                caller(role=Role.ADMIN, project_ids=["one"])):  # fmt: skip
        assert key.get("/v1/metrics").status_code == 403


def test_the_token_opens_nothing_else(eager: None) -> None:
    token = Caller(TOKEN)
    for path in ("/status", "/v1/status", "/api/v1/memories", "/v1/memories/user/ann", "/api/v1/memories/mem_x"):
        assert token.get(path).status_code == 401
    assert token.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 401
    assert Source.objects.filter(tenant=tenant("default")).count() == 0


def test_without_a_token_in_the_settings_an_empty_one_is_none(eager: None, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert Caller("").get("/metrics").status_code == 401
    assert Caller(TOKEN).get("/metrics").status_code == 401


@pytest.mark.parametrize("name", ["MASTER_KEY", "API_KEY"])
def test_the_token_is_no_other_key(settings: Any, name: str) -> None:
    assert "memproject.E004" not in [e.id for e in run_checks()]
    setattr(settings, name, TOKEN)
    assert "memproject.E004" in [e.id for e in run_checks()]


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text;version=1.0.0", "text/html", "*/*"])
def test_scrapers_may_ask_for_any_format(eager: None, accept: str) -> None:
    assert Caller(TOKEN).get("/metrics", Accept=accept).status_code == 200
    refused = Client().get("/metrics", headers={"Accept": accept})
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/json")


# --- what is counted -------------------------------------------------------------------------------------------------
def test_requests_are_counted_by_route_method_and_status(owner: Caller) -> None:
    route = {"method": "GET", "route": "/api/v1/memories/<str:memory_id>"}
    found, missing = (
        Grew("http_requests_total", **route, status="200"),
        Grew("http_requests_total", **route, status="404"),
    )
    took = Grew("http_request_seconds_count", **route)
    stored = owner.store("I live in Oslo")
    owner.get(f"/api/v1/memories/{stored['id']}")
    owner.get("/api/v1/memories/mem_" + "0" * 32)
    assert (found.by(), missing.by(), took.by()) == (1, 1, 2)


def test_made_up_methods_and_paths_make_no_series(eager: None) -> None:
    before = set(scrape())
    for n in range(3):
        Caller("nobody").request(f"BREW{n}", "/api/v1/memories")
        Caller("nobody").get(f"/nowhere/{n}")
    new = {name for name in set(scrape()) - before if not name[0].startswith("memproject_http_request_seconds_bucket")}
    assert {dict(labels)["route"] for _, labels in new} <= {"/-", "/metrics", "/api/v1/memories"}
    assert {dict(labels).get("method") for _, labels in new} <= {"other", "GET"}


def test_a_tenants_numbers_are_its_own(eager: None) -> None:
    mine, other = tenant(), tenant()
    admin, editor = caller(mine, role=Role.ADMIN), caller(mine)
    editor.store("I live in Oslo", user_id="ann")
    editor.store("I live in Rome", user_id="bob")
    editor.recall("Where?", user_id="ann")
    caller(other).store("I live in Bonn", user_id="cid")
    data = admin.get("/v1/metrics").json()["data"]
    assert (data["memories"], data["users"]) == (2, 2)
    assert data["writes"] == {"pending": 0, "failed": 0, "oldest_seconds": 0.0, "due_owners": 0}
    assert {name: found["count"] for name, found in data["operations"].items()} == {"store": 2, "recall": 1}
    for found in data["operations"].values():
        assert 0 < found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"]


def test_operations_have_the_names_of_acts(owner: Caller) -> None:
    admin = caller(tenant(), role=Role.ADMIN)
    memory = admin.store("I live in Oslo", user_id="ann")["id"]
    path = f"/v1/memories/{memory}"
    admin.get("/v1/memories/search?query=Oslo&user_id=ann")
    admin.get(path)
    admin.patch(path, {"pinned": True})
    admin.get(path + "/history")
    admin.get("/v1/memories/user/ann")
    admin.get("/api/v1/memories?user_id=ann")
    admin.delete(path)
    counted = admin.get("/v1/metrics").json()["data"]["operations"]
    assert {name: found["count"] for name, found in counted.items()} == {
        "store": 1, "recall": 1, "get": 1, "update": 1, "history": 1, "list": 2, "forget": 1,
    }  # fmt: skip


def test_a_tenants_pending_writes_show(no_worker: None) -> None:
    mine = tenant()
    caller(mine).post("/api/v1/memories", {"content": "I live in Oslo"})
    caller(tenant()).post("/api/v1/memories", {"content": "I live in Rome"})
    data = caller(mine, role=Role.ADMIN).get("/v1/metrics").json()["data"]
    assert (data["memories"], data["writes"]["pending"]) == (0, 1)
    assert value("writes_pending") == 2
    assert value("oldest_pending_write_seconds") > 0


def test_the_text_names_no_tenant_user_key_or_text(eager: None) -> None:
    mine = tenant()
    editor = caller(mine)
    memory = editor.store("I live in Reykjavik", user_id="gudrun")["id"]
    editor.get(f"/v1/memories/user/gudrun?memory={memory}")
    page = Caller(TOKEN).get("/metrics").content.decode()
    for said in (mine.slug, str(mine.id), mine.id.hex, "gudrun", "Reykjavik", memory, editor.secret, "tenant="):
        assert said not in page
    assert 'memproject_operation_seconds_count{operation="store"}' in page


def test_runs_and_decisions_of_the_pipeline(owner: Caller) -> None:
    runs, took = (
        Grew("pipeline_runs_total", kind="store", outcome="applied"),
        Grew("pipeline_run_seconds_count", kind="store"),
    )
    added, known = Grew("memories_total", decision="ADD"), Grew("memories_total", decision="NOOP")
    changed = Grew("memories_total", decision="UPDATE")
    stored = owner.store("I live in Oslo. I work at Acme")
    owner.store("I live in Oslo")
    owner.put(f"/api/v1/memories/{stored['id']}", {"content": "I live in Rome"})
    assert (runs.by(), took.by()) == (2, 2)
    assert (added.by(), known.by(), changed.by()) == (2, 1, 1)


def test_a_run_that_is_tried_again_is_counted_so(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    applied, retried = (Grew("pipeline_runs_total", kind="store", outcome=o) for o in ("applied", "retried"))
    monkeypatch.setattr("memories.pipeline.writes.extract", lambda *_, **__: 1 / 0)
    assert owner.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 202
    assert (applied.by(), retried.by()) == (0, 1)


def test_calls_to_the_embedder(owner: Caller) -> None:
    calls = Grew("embedding_seconds_count", provider="local", outcome="answered")
    owner.store("I live in Oslo")
    owner.recall("Where do I live, said the embedder's test?")
    owner.recall("Where do I live, said the embedder's test?")  # remembered
    assert calls.by() == 2


def test_refused_requests(owner: Caller, settings: Any) -> None:
    settings.RATE_LIMITS_ENABLED = True
    settings.RATE_LIMITS = dict.fromkeys(("v1", "burst", "store", "recall", "delete", "other"), "1/h")
    api, v1 = Grew("rate_limited_total", dialect="api_v1"), Grew("rate_limited_total", dialect="v1")
    for path in ("/api/v1/memories", "/v1/memories/user/ann"):
        assert [owner.get(path).status_code for _ in range(3)] == [200, 429, 429]
    assert (api.by(), v1.by()) == (2, 2)


def test_redis_unavailable(owner: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS_ENABLED = True

    def gone(*_: Any, **__: Any) -> None:
        raise RedisGone

    monkeypatch.setattr("apikeys.api.throttles.ratelimit.count", gone)
    through, refused = (
        Grew("rate_limit_redis_unavailable_total", outcome=o) for o in ("read_let_through", "write_refused")
    )
    assert owner.get("/api/v1/memories").status_code == 200
    assert owner.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 503
    assert (through.by(), refused.by()) == (1, 1)


def test_webhook_deliveries_have_an_instrument(eager: None) -> None:
    delivered = Grew("webhook_deliveries_total", outcome="delivered")
    metrics.webhook_attempted("delivered")
    assert delivered.by() == 1


def test_gauges_are_read_at_the_scrape(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "core.monitoring.probes.current_app.control.ping", lambda **_: [{"a@h": {}}, {"b@h": {}}, {"c@h": {}}]
    )
    page = scrape()
    assert page["memproject_workers", frozenset()] == 3
    queues = {dict(labels)["queue"]: number for (name, labels), number in page.items() if name.endswith("queue_depth")}
    assert queues == {"store": 0, "bulk": 0, "long": 0, "deliver": 0, "graph": 0, "maintenance": 0}


def test_what_cannot_be_told_is_left_out(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise RedisGone

    monkeypatch.setattr("memproject.status.metrics_report.probes.queue_depths", gone)
    assert not any(name.endswith("queue_depth") for name, _ in scrape())
    data = Caller(TOKEN).get("/v1/metrics").json()["data"]
    assert (data["queues"], data["writes"]["pending"]) == (None, 0)


def test_the_service_as_json(owner: Caller) -> None:
    owner.store("I live in Oslo")
    data = Caller(TOKEN).get("/v1/metrics").json()["data"]
    assert set(data) == {
        "scope", "requests", "operations", "pipeline", "memories", "embedding", "rate_limits", "webhook_deliveries",
        "writes", "disk_free_bytes", "queues", "workers",
    }  # fmt: skip
    assert data["requests"]["total"] == sum(data["requests"]["by_status"].values())
    (stores,) = [r for r in data["requests"]["routes"] if (r["method"], r["route"]) == ("POST", "/api/v1/memories")]
    assert 0 < stores["p50_ms"] <= stores["p99_ms"] <= 60_000
    assert data["pipeline"]["runs"]["store"]["applied"] >= 1
    assert data["memories"]["ADD"] >= 1


def test_beyond_many_tenants_one_name_stands_for_the_others(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "TENANTS", 0)
    monkeypatch.setattr(metrics, "_tenants", set())
    stranger = uuid.uuid4()
    metrics.operation_done(stranger, "store", 0.01)
    found = metrics.Snapshot().latencies(metrics.OPERATION_SECONDS, "tenant")
    assert (str(stranger),) not in found
    assert found[metrics.OTHER,].count >= 1


def test_a_full_disk_is_nobodys_error(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    for instrument in (metrics.REQUESTS, metrics.REQUEST_SECONDS, metrics.PIPELINE_RUNS, metrics.DECISIONS):
        monkeypatch.setattr(instrument, "labels", full)
    assert owner.store("I live in Oslo")["status"] == "success"
