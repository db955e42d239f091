"""Limits per key, with their headers; a window begins where the test says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from redis.exceptions import ConnectionError as RedisGone

from apikeys.models import Tenant
from core.ids import KEY, TENANT, public
from memories.models import Source
from tests.build import Caller, caller, tenant

DOCUMENTED = {"v1": "100/m", "burst": "20/10s", "store": "30/m", "recall": "60/m", "delete": "10/m", "other": "120/m"}

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


def test_all_paths_of_mem0s_clients_share_the_limits_of_the_first_dialect(
    clock: time_machine.Coordinates, owner: Caller
) -> None:
    project = f"/api/v1/orgs/organizations/{public(TENANT, owner.row.tenant_id)}/projects/default/"
    answers = [
        owner.request("GET", path, Authorization=f"Token {owner.secret}")
        for path in ("/v1/ping/", project, "/v1/entities/")
    ]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2]["X-RateLimit-Limit"] == "2"
    assert int(answers[2]["Retry-After"]) >= 1
    assert answers[2].json()["code"] == "rate_limited"
    assert owner.get("/v1/memories/search?query=x").status_code == 429
    assert owner.get("/api/v1/memories").status_code == 200


def test_without_redis_reads_go_on_and_writes_are_refused(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise RedisGone

    monkeypatch.setattr("core.http.ratelimit.get_usage", lambda *_, **__: gone())
    assert owner.get("/api/v1/memories").status_code == 200
    assert Caller(django_settings.MASTER_KEY).get("/api/v1/keys").status_code == 200
    assert owner.post("/api/v1/memories/recall", {"query": "x"}).status_code == 200
    for refused in (owner.post("/api/v1/memories", {"content": "I live in Oslo"}), owner.delete("/v1/memories/user/x")):
        assert refused.status_code == 503
        assert refused["Retry-After"] == "1"
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 0


def test_switched_off_there_are_no_headers(owner: Caller, settings: object) -> None:
    settings.RATE_LIMITS_ENABLED = False
    assert "X-RateLimit-Limit" not in owner.get("/api/v1/memories")


# --- the documented numbers ------------------------------------------------------------------------------------------
def remaining(caller: Caller, path: str) -> tuple[int, str, str]:
    answer = caller.get(path)
    return answer.status_code, answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]


def test_the_101st_request_of_a_minute_is_refused(clock: time_machine.Coordinates, settings: Any) -> None:
    settings.RATE_LIMITS = {**DOCUMENTED, "burst": "1000/10s"}
    agent = caller()
    answers = [agent.get("/v1/memories/user/ann") for _ in range(101)]
    assert [a.status_code for a in answers] == [200] * 100 + [429]
    assert [int(a["X-RateLimit-Remaining"]) for a in answers] == [*range(99, -1, -1), 0]
    assert {a["X-RateLimit-Limit"] for a in answers} == {"100"}
    last = answers[-1]
    assert 1 <= int(last["Retry-After"]) == int(last["X-RateLimit-Reset"]) - int(START.timestamp()) <= 61
    clock.move_to(dt.datetime.fromtimestamp(int(last["X-RateLimit-Reset"]), dt.UTC))
    assert remaining(agent, "/v1/memories/user/ann") == (200, "100", "99")


def test_the_21st_request_of_ten_seconds_is_refused(clock: time_machine.Coordinates, settings: Any) -> None:
    settings.RATE_LIMITS = DOCUMENTED
    agent = caller()
    answers = [agent.get("/v1/memories/user/ann") for _ in range(21)]
    assert [a.status_code for a in answers] == [200] * 20 + [429]
    last = answers[-1]
    assert (last["X-RateLimit-Limit"], last["X-RateLimit-Remaining"]) == ("20", "0")
    assert 1 <= int(last["Retry-After"]) <= 11
    clock.move_to(dt.datetime.fromtimestamp(int(last["X-RateLimit-Reset"]), dt.UTC))
    assert agent.get("/v1/memories/user/ann").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "most"),
    [
        ("POST", "/api/v1/memories", {"content": ""}, 30),
        ("POST", "/api/v1/memories/recall", {"query": "x"}, 60),
        ("DELETE", "/api/v1/memories/mem_none", None, 10),
        ("GET", "/api/v1/memories", None, 120),
        ("PATCH", "/api/v1/memories/mem_none", {"content": "x"}, 120),
    ],
)
def test_each_act_has_its_documented_number(
    clock: time_machine.Coordinates, settings: Any, method: str, path: str, body: Any, most: int
) -> None:
    settings.RATE_LIMITS = DOCUMENTED
    agent = caller()
    statuses = [agent.request(method, path, body).status_code for _ in range(most + 1)]
    assert (statuses.index(429), statuses.count(429)) == (most, 1)


# --- tiers, tenants and keys with limits of their own ----------------------------------------------------------------
def test_a_tier_changes_the_limits_that_it_names(clock: time_machine.Coordinates, settings: Any) -> None:
    settings.RATE_LIMITS = RATES | {"burst": "9/10s"}
    settings.RATE_LIMIT_TIERS = {"free": {"v1": "1/m"}, "premium": {"store": "9/m"}}
    free, premium = caller(tier="free"), caller(tier="premium")
    assert remaining(free, "/v1/memories/user/ann") == (200, "1", "0")
    assert remaining(free, "/v1/memories/user/ann")[0] == 429
    assert remaining(free, "/api/v1/memories") == (200, "3", "2")
    assert premium.post("/api/v1/memories", {"content": "I live in Oslo"})["X-RateLimit-Limit"] == "9"
    settings.RATE_LIMIT_TIERS = {}
    assert remaining(free, "/v1/memories/user/ann")[0] == 200


def test_a_tenants_limits_are_each_of_its_keys(clock: time_machine.Coordinates) -> None:
    home = tenant()
    Tenant.objects.filter(id=home.id).update(rate_limits={"other": "8/m", "recall": "7/m"})
    one, other = caller(home), caller(home, limits={"other": "9/m"})
    assert remaining(one, "/api/v1/memories") == (200, "8", "7")
    assert remaining(other, "/api/v1/memories") == (200, "9", "8")
    assert other.post("/api/v1/memories/recall", {"query": "x"})["X-RateLimit-Limit"] == "7"
    assert remaining(caller(), "/api/v1/memories") == (200, "3", "2")


def test_a_keys_own_limits_come_from_the_operators_and_count_at_once(clock: time_machine.Coordinates) -> None:
    agent = caller()
    assert remaining(agent, "/api/v1/memories") == (200, "3", "2")
    path = f"/api/v1/keys/{public(KEY, agent.row.id)}"
    assert Caller(django_settings.MASTER_KEY).patch(path, {"rate_limits": {"other": "50/m"}}).status_code == 200
    assert remaining(agent, "/api/v1/memories")[:2] == (200, "50")


# --- what a request counts for ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("items", "cost"), [(1, 1), (10, 1), (11, 2), (100, 10)])
def test_a_batch_counts_for_every_ten_items_begun(
    clock: time_machine.Coordinates, settings: Any, items: int, cost: int
) -> None:
    settings.RATE_LIMITS = DOCUMENTED
    answer = caller().post("/api/v1/memories/batch", {"items": [{"content": ""}] * items})
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("30", str(30 - cost))


def test_a_batch_that_costs_too_much_is_refused_whole(clock: time_machine.Coordinates, owner: Caller) -> None:
    items = [{"content": f"The code of locker {n} is {n}"} for n in range(21)]
    refused = owner.post("/api/v1/memories/batch", {"items": items})
    assert (refused.status_code, refused["X-RateLimit-Limit"]) == (429, "2")
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 0


def test_a_body_that_cannot_be_read_counts_and_says_why(clock: time_machine.Coordinates, owner: Caller) -> None:
    answer = owner.request("POST", "/api/v1/memories/batch", '{"items": ')
    assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (400, "1")
    assert answer.json()["detail"].startswith("The body is not valid JSON")
