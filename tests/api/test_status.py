"""Health for load balancers, status for operators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings

from core import __version__, redis
from core.clock import now
from core.supervision import SupervisorReport
from memories.errors import ProviderUnavailable
from memproject.status import components
from tests.build import Caller, caller
from tests.llm_server import MODEL, LLMServer

COMPONENTS = {
    *("database", "disk", "redis", "workers", "queues", "writes", "sweeps", "embedder", "graph", "llm", "processes"),
}


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    components.embedder.forget()
    components._llm.forget()
    yield
    components.embedder.forget()
    components._llm.forget()


@pytest.fixture
def two_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [{"store@here": {"ok": "pong"}}, {"rest@here": {"ok": "pong"}}]
    monkeypatch.setattr("core.monitoring.probes.current_app.control.ping", lambda **_: answers)
    redis.note_sweep(now())


@pytest.mark.parametrize("path", ["/health", "/v1/health", "/api/v1/health"])
def test_health_needs_no_key(eager: None, path: str) -> None:
    body = Client().get(path).json()
    assert set(body) == {"status", "version", "timestamp", "database", "vector_store", "dependencies"}
    assert (body["status"], body["database"], body["vector_store"]) == ("healthy", "healthy", "healthy")
    assert body["dependencies"] == {"redis": "healthy", "processes": "disabled", "disk": "disabled"}


def test_health_without_redis_is_degraded(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.monitoring.probes.cache", lambda: 1 / 0)
    response = Client().get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")


def test_health_without_a_database_is_unhealthy(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.monitoring.probes.database", lambda: 1 / 0)
    response = Client().get("/health")
    assert (response.status_code, response.json()["status"]) == (503, "unhealthy")


def test_a_process_that_cannot_be_kept_running_is_degraded(
    viewer: Caller, two_workers: None, tmp_path: Path, settings: Any
) -> None:
    """The supervisor writes, the web processes read: the state follows it both ways."""
    settings.SUPERVISOR_REPORT = str(tmp_path / "supervisor.json")
    report = SupervisorReport(tmp_path / "supervisor.json")
    seen = []
    for failing in (None, [], ["worker", "beat"], []):
        if failing is not None:
            report.update(failing)
        health, status = Client().get("/health"), viewer.get("/status").json()["data"]
        assert health.status_code == 200
        assert health.json()["dependencies"] == {
            "redis": "healthy",
            "processes": status["processes"]["status"],
            "disk": "disabled",
        }
        assert health.json()["status"] == status["status"]
        seen.append((status["status"], status["processes"]["failing"]))
    assert seen == [("healthy", []), ("healthy", []), ("degraded", ["beat", "worker"]), ("healthy", [])]
    assert [path.name for path in tmp_path.iterdir()] == ["supervisor.json"]


@pytest.mark.parametrize("path", ["/status", "/v1/status"])
def test_status_names_every_component(viewer: Caller, two_workers: None, path: str) -> None:
    body = viewer.get(path).json()
    data = body["data"]
    assert (body["success"], body["message"]) == (True, "Status retrieved")
    assert set(data) == {"status", "version", "uptime_seconds"} | COMPONENTS
    assert (data["status"], data["version"]) == ("healthy", __version__)
    assert data["uptime_seconds"] >= 0
    assert data["database"]["pgvector"]
    assert data["queues"]["queues"] == {"store": 0, "bulk": 0, "long": 0, "deliver": 0, "graph": 0, "maintenance": 0}
    assert data["workers"]["workers"] == 2
    assert {k: data["writes"][k] for k in ("pending", "failed", "oldest_seconds")} == {
        "pending": 0,
        "failed": 0,
        "oldest_seconds": 0.0,
    }
    assert {k: data["embedder"][k] for k in ("status", "provider", "model", "dimensions")} == {
        "status": "healthy",
        "provider": "local",
        "model": "all-MiniLM-L6-v2",
        "dimensions": 384,
    }
    off = {"disk", "graph", "llm", "processes"}
    assert all(data[name] == {"status": "disabled"} for name in off)
    assert all(data[name]["latency_ms"] >= 0 for name in COMPONENTS - off)


@pytest.mark.parametrize("provider", ["openai_compatible", "ollama"])
def test_a_language_model_shows_without_being_asked(
    viewer: Caller, two_workers: None, llm: LLMServer, provider: str
) -> None:
    with override_settings(**llm.settings(provider)):
        data = viewer.get("/status").json()["data"]
    assert data["llm"].pop("latency_ms") >= 0
    assert data["llm"] == {"status": "healthy", "provider": provider, "model": MODEL}
    assert llm.calls == []


def test_a_language_model_that_is_away_degrades(viewer: Caller, two_workers: None, llm: LLMServer) -> None:
    with override_settings(**llm.settings()):
        llm.close()
        data = viewer.get("/status").json()["data"]
    assert data["status"] == "degraded"
    assert (data["llm"]["status"], data["llm"]["error"]) == ("unhealthy", "ModelUnavailable")


def test_pending_and_failed_writes_show(no_worker: None, two_workers: None) -> None:
    owner = caller()
    assert owner.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 202
    writes = owner.get("/status").json()["data"]["writes"]
    assert (writes["pending"], writes["failed"]) == (1, 0)
    assert writes["oldest_seconds"] > 0


def test_a_part_that_is_away_is_named_and_says_nothing_more(
    owner: Caller, two_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise ProviderUnavailable("the server at http://10.0.0.7 said something")

    monkeypatch.setattr("memproject.status.components.embedding.probe", away)
    response = owner.get("/status")
    data = response.json()["data"]
    assert data["status"] == "degraded"
    assert data["embedder"].pop("latency_ms") >= 0
    assert data["embedder"] == {"status": "unhealthy", "error": "ProviderUnavailable"}
    assert b"10.0.0.7" not in response.content


def test_without_workers_the_service_is_degraded(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.monitoring.probes.current_app.control.ping", lambda **_: None)
    data = owner.get("/status").json()["data"]
    assert data["status"] == "degraded"
    assert (data["workers"]["status"], data["workers"]["workers"]) == ("unhealthy", 0)


def test_the_embedder_is_not_asked_at_every_look(
    owner: Caller, two_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("memproject.status.components.embedding.probe", lambda: asked.append(1) or {})
    for _ in range(3):
        owner.get("/status")
    assert len(asked) == 1


def test_status_needs_a_key(eager: None) -> None:
    for path in ("/status", "/v1/status"):
        refused = Client().get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert Caller(django_settings.MASTER_KEY).get("/status").status_code == 200
