"""A Redis that lets everybody in and answers nobody: one call waits for it, and all other users do without."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from django.test import Client

from core import enqueue, redis
from core.clock import now
from core.ids import new_id
from memories.models import Source
from memories.pipeline import recall_counters
from tests.build import caller

pytestmark = pytest.mark.usefixtures("no_worker")


class HangingRedis:
    """Counts the connections that are made to it."""

    def __init__(self, server: socket.socket) -> None:
        self.url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        self._server, self._clients = server, []
        self._seen = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with self._seen:
                self._clients.append(client)
                self._seen.notify_all()

    @property
    def connections(self) -> int:
        """So many were made. One more of our own is waited for first, so that none of the others is on its way."""
        with socket.create_connection(self._server.getsockname()) as last, self._seen:
            mine = last.getsockname()
            assert self._seen.wait_for(lambda: any(c.getpeername() == mine for c in self._clients), 30)
            self._clients = [c for c in self._clients if c.getpeername() != mine]
            return len(self._clients)


@pytest.fixture
def hanging(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingRedis]:
    caches = (redis.client, redis.fast_client, redis._pinging)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        found = HangingRedis(server)
        settings.REDIS_URL = found.url
        settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": found.url}}
        for each in caches:
            each.cache_clear()
        yield found
        server.shutdown(socket.SHUT_RDWR)
    for each in caches:
        each.cache_clear()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that reached the broker's client."""
    found: list[str] = []
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async", lambda task, *_, **__: found.append(task.name), raising=True
    )
    return found


def first_timeout(hanging: HangingRedis) -> int:
    """One user waits for Redis; → the connections that were made: its own, and the PING's."""
    recall_counters.count_recalled(new_id(), [new_id()], now())
    recall_counters.send()
    made = hanging.connections
    assert made == 2
    return made


def test_after_one_timeout_no_user_of_redis_asks_it(hanging: HangingRedis, published: list[str]) -> None:
    made = first_timeout(hanging)
    recall_counters.count_recalled(new_id(), [new_id()], now())
    recall_counters.send()
    redis.publish_result([new_id()])
    assert redis.await_result(new_id(), 10) is False
    assert recall_counters.flush() == 0
    with pytest.raises(redis.RedisUnavailable):
        cache.get("x")
    with pytest.raises(redis.RedisUnavailable):
        redis.fast_client().ping()
    enqueue.enqueue_on_commit("memories.tasks.run_owner", new_id(), new_id(), queue="store")
    assert published == []
    assert hanging.connections == made
    redis.breaker.reset()
    enqueue.enqueue_on_commit("memories.tasks.run_owner", new_id(), new_id(), queue="store")
    assert published == ["memories.tasks.run_owner"]


@pytest.mark.parametrize("user", ["cache", "wait", "announce"])
def test_each_user_opens_the_circuit_for_the_others(hanging: HangingRedis, user: str) -> None:
    if user == "cache":
        with pytest.raises(redis.redis.TimeoutError):
            cache.get("x")
    elif user == "wait":
        assert redis.await_result(new_id(), 10) is False
    else:
        redis.publish_result([new_id()])
    assert hanging.connections == 2
    with pytest.raises(redis.RedisUnavailable):
        redis.fast_client().ping()
    assert hanging.connections == 2


def test_an_enqueue_that_times_out_opens_the_circuit(hanging: HangingRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kombu wraps it: an OperationalError that was raised from Redis' own."""
    app = current_app._get_current_object()
    task = app.tasks["memories.tasks.run_owner"]
    with app.connection(hanging.url, transport_options=app.conf.broker_transport_options) as connection:
        monkeypatch.setattr(
            type(task), "apply_async", lambda self, **_: connection.default_channel.client.ping(), raising=True
        )
        enqueue.enqueue_on_commit("memories.tasks.run_owner", new_id(), new_id(), queue="store")
    with pytest.raises(redis.RedisUnavailable):
        redis.fast_client().ping()


def test_a_store_is_pending_and_a_recall_answers(hanging: HangingRedis, published: list[str]) -> None:
    owner = caller()
    made = first_timeout(hanging)
    assert owner.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 202
    assert owner.recalled("Where do I live?") == ["I live in Oslo"]
    assert published == []
    assert hanging.connections == made
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 1


def test_with_rate_limits_reads_go_on_and_writes_are_refused(
    hanging: HangingRedis, published: list[str], settings: Any
) -> None:
    owner = caller()
    settings.RATE_LIMITS_ENABLED = True
    made = first_timeout(hanging)
    assert owner.post("/api/v1/memories/recall", {"query": "x"}).status_code == 200
    assert owner.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 503
    assert hanging.connections == made
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 0


def test_health_is_degraded_while_the_circuit_is_open(hanging: HangingRedis) -> None:
    made = first_timeout(hanging)
    response = Client().get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["dependencies"]["redis"] == "unhealthy"
    assert hanging.connections == made
