"""A Redis that is stopped (SIGSTOP): each process waits for it once, and nothing accepted is lost."""

from __future__ import annotations

import signal
import time

from tests.e2e.running import Service, eventually, hang

USER = "hanging-redis"


def test_stores_and_recalls_go_on_while_redis_hangs(service: Service) -> None:
    assert service.store("The ferry to Bergen leaves at nine", USER) == 201
    texts = [f"The ferry number {n} carries {n * 13} cars" for n in range(10)]
    try:
        hang(service.child("redis").pid)
        begun = time.monotonic()
        assert {service.store(text, USER) for text in texts} == {202}
        for _ in range(10):
            status, body, _ = service.call("POST", "/api/v1/memories/recall", {"query": "ferry", "user_id": USER})
            assert (status, len(body["memories"]) > 0) == (200, True)
        assert time.monotonic() - begun < 30  # ten stores alone took 130 s when each waited for itself
        status, body, _ = service.call("GET", "/health")
        assert (status, body["status"], body["dependencies"]["redis"]) == (200, "degraded", "unhealthy")
    finally:
        service.child("redis").signal(signal.SIGCONT)
    eventually(service.healthy)
    eventually(lambda: service.pending() == 0)
    assert set(texts) <= set(service.texts(USER))
    # In each web process; later tests expect it.
    eventually(lambda: {service.store("The ferry to Oslo leaves at ten", USER) for _ in range(10)} == {201})
