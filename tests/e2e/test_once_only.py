"""Two hundred at once: one write, and one answer two hundred times."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from tests.e2e.running import Service

TWINS = 200


def post(service: Service, path: str, body: Any, key: str | None) -> tuple[int, Any]:
    """The answer of a client that does as it is told: on 409 with Retry-After it comes again."""
    headers = {"X-API-Key": service.key, "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    while True:
        request = urllib.request.Request(service.url + path, json.dumps(body).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            told = json.load(error)
            if error.code != 409 or "Retry-After" not in error.headers:
                return error.code, told
            threading.Event().wait(float(error.headers["Retry-After"]))


def at_once(call: Callable[[], tuple[int, Any]]) -> list[tuple[int, Any]]:
    with ThreadPoolExecutor(TWINS) as pool:
        return [found.result() for found in [pool.submit(call) for _ in range(TWINS)]]


def finished(service: Service, answer: tuple[int, Any]) -> dict[str, Any]:
    """The result of a store; that of a 202 is read from its event."""
    status, body = answer
    assert status in (201, 202), answer
    if status == 201:
        return {m["id"]: m["action"] for m in body["memories"]}
    while (event := service.call("GET", f"/api/v1/events/{body['event_id']}")[1])["status"] in ("pending", "running"):
        threading.Event().wait(0.05)
    assert event["status"] == "succeeded", event
    return {m["id"]: m["action"] for m in event["memories"]}


def sources(service: Service, user: str) -> int:
    with psycopg.connect(service.database) as connection:
        row = connection.execute("SELECT count(*) FROM memories_source WHERE user_id = %s", [user]).fetchone()
    assert row is not None
    return int(row[0])


def test_one_key_is_one_write_and_one_answer(service: Service) -> None:
    body = {"content": "Ann lives in Oslo", "user_id": "twins"}
    answers = at_once(lambda: post(service, "/api/v1/memories", body, "the-same-key"))
    assert sources(service, "twins") == 1
    assert service.texts("twins") == ["Ann lives in Oslo"]
    results = {json.dumps(finished(service, answer)) for answer in answers}
    assert len(results) == 1
    assert list(json.loads(results.pop()).values()) == ["ADD"]
    assert len({json.dumps(body, sort_keys=True) for status, body in answers if status == 201}) == 1


def test_without_a_key_one_is_stored_and_the_rest_are_duplicates(service: Service) -> None:
    body = {"content": "Bob lives in Rome", "user_id": "many"}
    results = [finished(service, answer) for answer in at_once(lambda: post(service, "/api/v1/memories", body, None))]
    assert service.texts("many") == ["Bob lives in Rome"]
    assert sorted(action for result in results for action in result.values()) == ["ADD"] + ["NOOP"] * (TWINS - 1)
    assert len({memory for result in results for memory in result}) == 1
