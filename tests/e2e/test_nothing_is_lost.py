"""What was accepted is there exactly once, whatever dies."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from memproject.embedded import redis_server
from tests.e2e.running import Service, eventually

STORES = 200


def store_while(service: Service, user: str, disturb: object) -> list[str]:
    """Store 200 texts from eight clients, call `disturb` after a third of them, and give the texts."""
    texts = [f"The access code of locker {n} in hall {user} is {n * 7919}" for n in range(STORES)]
    done = threading.Semaphore(0)

    def one(text: str) -> int:
        status = service.store(text, user)
        done.release()
        return status

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(one, text) for text in texts]
        for _ in range(STORES // 3):
            done.acquire()
        disturb()
        assert {r.result() for r in running} <= {201, 202}
    return texts


def all_there_once(service: Service, user: str, texts: list[str]) -> None:
    eventually(lambda: service.pending() == 0, 90)
    assert sorted(service.texts(user)) == sorted(texts)


def test_a_killed_worker_loses_nothing(service: Service) -> None:
    texts = store_while(service, "killed-worker", lambda: service.kill("worker-pipeline"))
    all_there_once(service, "killed-worker", texts)


def test_a_killed_and_emptied_redis_loses_nothing(service: Service) -> None:
    before = service.child("redis").pid
    texts = store_while(service, "killed-redis", lambda: service.kill("redis"))
    eventually(lambda: service.child("redis").process is not None and service.child("redis").pid != before)
    assert redis_server.wait_until_ready(redis_server.url(service.child("redis").log.parent.parent))
    all_there_once(service, "killed-redis", texts)


def test_without_a_worker_stores_are_accepted_and_recall_goes_on(service: Service) -> None:
    user = "no-worker"
    assert service.store("The gate opens at dawn", user) == 201
    names = ("worker-pipeline", "worker-long")
    for name in names:
        service.child(name).stop(patience=8)
    try:
        with ThreadPoolExecutor(50) as pool:
            stores = [pool.submit(service.store, f"The gate number {n} opens at {n}", user) for n in range(50)]
            recalls = [
                service.call("POST", "/api/v1/memories/recall", {"query": "When does the gate open?", "user_id": user})
                for _ in range(20)
            ]
            assert {s.result() for s in stores} == {202}
        assert {status for status, _, _ in recalls} == {200}
        assert all(body["memories"] for _, body, _ in recalls)
        # What is pending is found already, by its words.
        _, found, _ = service.call(
            "POST", "/api/v1/memories/recall", {"query": "gate number 42", "user_id": user, "threshold": 0, "limit": 50}
        )
        assert "The gate number 42 opens at 42" in [m["content"] for m in found["memories"]]
    finally:
        for name in names:
            service.child(name).start()
    eventually(lambda: service.pending() == 0, 90)
    assert len(service.texts(user)) == 51
