"""One key can't stop the others: texts that are hostile, or that hang, and another tenant's stores meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.e2e import running
from tests.e2e.hanging.apps import DEAF, HANGS
from tests.e2e.running import Service, eventually

NOW = "UPDATE memories_writequeue SET due_at = now() WHERE due_at IS NOT NULL AND lease_until IS NULL"
HOSTILE = {
    "newlines": "\n" * 49_000 + "x",
    "abbreviations": "Mr. " * 12_000,
    "brackets": "[" * 49_000,
    "parentheses": "(" * 49_000,
    "digits": "7" * 49_000,
    "word": "a" * 49_000,
    "dates": "on 2024-01-01 " * 3_500,
    "domains": "a.b.c." * 8_000,
    "quotes": '"' * 49_000,
    "backticks": "`" * 49_000,
    "marks": "e" + "\u0301" * 49_000,
}


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that some texts hang, with short time limits."""
    started = running.start(
        tmp_path_factory.mktemp("hanging"),
        DJANGO_SETTINGS_MODULE="tests.e2e.hanging.settings",
        STORE_TIME_LIMIT_SECONDS="2",
        WRITE_TIME_LIMIT_SECONDS="3",
        STORE_WAIT_SECONDS="2",
    )
    yield started
    running.stop(started)


def works_while(other: Service, user: str, goes_on: Callable[[], bool], least: int) -> None:
    """Store and recall as `other` while that goes on, `least` times at the least."""
    texts: list[str] = []
    while len(texts) < least or goes_on():
        texts.append(f"The access code of gate {len(texts)} is {len(texts) * 7919}")
        other.store(texts[-1], user)
        status, found, _ = other.call(
            "POST", "/api/v1/memories/recall", {"query": "access code of gate 0", "user_id": user, "threshold": 0}
        )
        assert status == 200
        assert found["memories"]
    eventually(lambda: sorted(other.texts(user)) == sorted(texts), 120)


@pytest.mark.timeout(300)
def test_a_write_that_hangs_is_set_aside_and_stops_nobody(hanging: Service) -> None:
    _, other = running.another_tenant(hanging, "bystander")
    accepted = [
        hanging.call("POST", "/api/v1/memories", {"content": f"{text} number {n}", "user_id": "hostile"})
        for n, text in enumerate((HANGS, DEAF))
    ]
    assert [status for status, _, _ in accepted] == [202] * 2

    def event(number: int) -> dict[str, object]:
        return dict(hanging.call("GET", f"/api/v1/events/{accepted[number][1]['event_id']}")[1])

    def pending() -> bool:
        with psycopg.connect(hanging.database, autocommit=True) as connection:
            connection.execute(NOW)  # nobody has the patience to wait for the next attempt
        return any(event(number)["status"] in ("pending", "running") for number in range(2))

    works_while(other, "bystander", pending, 20)
    errors = [(event(number)["status"], event(number)["error"]) for number in range(2)]
    assert errors == [("failed", "timed_out"), ("failed", "worker_lost")]
    _, found, _ = hanging.call(
        "POST", "/api/v1/memories/recall", {"query": "endless scroll number 0", "user_id": "hostile", "threshold": 0}
    )
    assert f"{HANGS} number 0" in [memory["content"] for memory in found["memories"]]


@pytest.mark.timeout(300)
def test_hostile_texts_stop_nobody(service: Service) -> None:
    """With the time limits that everybody has."""
    _, other = running.another_tenant(service, "neighbour")
    done: list[int] = []

    def post(text: str) -> None:
        done.append(service.call("POST", "/api/v1/memories", {"content": text, "user_id": "hostile"})[0])

    with ThreadPoolExecutor(4) as pool:
        for text in HOSTILE.values():
            pool.submit(post, text)
        works_while(other, "neighbour", lambda: len(done) < len(HOSTILE), 20)
    assert set(done) <= {201, 202}
    # What is not read yet is dropped, so that it is in no other test's way.
    assert service.call("DELETE", "/api/v1/memories", {"all": True, "user_id": "hostile"})[0] == 200
