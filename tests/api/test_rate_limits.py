"""Limits per key, with their headers; a window begins where the test says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from redis.exceptions import ConnectionError as RedisGone

from memories.models import Source
from tests.build import Caller, caller

RATES = {"v1": "3/m", "burst": "2/10s", "store": "2/m", "recall": "3/m", "delete": "1/m", "other": "3/m"}
START = dt.datetime(2026, 3, 1, 10, 0, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def low_limits(settings: object) -> None:
    settings.RATE_LIMITS_ENABLED = True
    settings.RATE_LIMITS = RATES


@pytest.fixture
def clock(eager: None) -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


def test_the_third_store_of_a_minute_is_refused(clock: time_machine.Coordinates, owner: Caller) -> None:
    first = owner.post("/api/v1/memories", {"content": "I live in Oslo"})
    assert (first.status_code, first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == (201, "2", "1")
    reset = int(first["X-RateLimit-Reset"])
    assert START.timestamp() < reset <= START.timestamp() + 61
    assert owner.post("/api/v1/memories", {"content": "I live in Rome"})["X-RateLimit-Remaining"] == "0"
    refused = owner.post("/api/v1/memories", {"content": "I live in Bonn"})
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert refused["X-RateLimit-Remaining"] == "0"
    assert int(refused["Retry-After"]) == reset - int(START.timestamp())
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 2
    clock.move_to(dt.datetime.fromtimestamp(reset, dt.UTC))
    assert owner.post("/api/v1/memories", {"content": "I live in Bonn"}).status_code == 201


def test_acts_and_keys_are_counted_apart(clock: time_machine.Coordinates, owner: Caller) -> None:
    for _ in range(2):
        assert owner.get("/api/v1/memories").status_code == 200
    assert owner.post("/api/v1/memories/recall", {"query": "x"})["X-RateLimit-Remaining"] == "2"
    assert caller().get("/api/v1/memories")["X-RateLimit-Remaining"] == "2"


def test_the_first_dialect_has_a_burst_limit(clock: time_machine.Coordinates, owner: Caller) -> None:
    answers = [owner.get("/v1/memories/search?query=x") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2]["X-RateLimit-Limit"] == "2"
    assert answers[2].json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    clock.shift(71)
    assert owner.get("/v1/memories/search?query=x").status_code == 200


def test_without_redis_reads_go_on_and_writes_are_refused(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise RedisGone

    monkeypatch.setattr("memproject.web.ratelimit.get_usage", lambda *_, **__: gone())
    assert owner.get("/api/v1/memories").status_code == 200
    assert owner.post("/api/v1/memories/recall", {"query": "x"}).status_code == 200
    for refused in (owner.post("/api/v1/memories", {"content": "I live in Oslo"}), owner.delete("/v1/memories/user/x")):
        assert refused.status_code == 503
        assert refused["Retry-After"] == "1"
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 0


def test_switched_off_there_are_no_headers(owner: Caller, settings: object) -> None:
    settings.RATE_LIMITS_ENABLED = False
    assert "X-RateLimit-Limit" not in owner.get("/api/v1/memories")
