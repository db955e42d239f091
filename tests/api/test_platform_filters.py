"""Filters of mem0's clients: what each finds and deletes, and what is refused without a deletion."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from core.clock import now
from tests.api.test_platform import add, everything, post, send
from tests.build import Caller

DAY = dt.timedelta(days=1)


def day(offset: int) -> str:
    return (now() + offset * DAY).date().isoformat()


@pytest.fixture
def kept(owner: Caller) -> dict[str, str]:
    """Three memories of a user; the names tell when they expire, their app and their categories."""
    made = {
        "five": {"expiration_date": day(5), "app_id": "shop", "metadata": {"categories": ["food", "art"], "n": 1}},
        "six": {"expiration_date": day(6), "run_id": "r1", "metadata": {"categories": "party"}},
        "never": {"metadata": {"n": 2}},
    }
    return {name: add(owner, f"memory {name}", user_id="alice", **fields) for name, fields in made.items()}


def listed(owner: Caller, **filters: Any) -> list[str]:
    found = post(owner, "/v3/memories/", {"filters": {"user_id": "alice", **filters}})["results"]
    return sorted(memory["memory"].removeprefix("memory ") for memory in found)


def delete_all(owner: Caller, filters: Any) -> tuple[int, Any]:
    answer = send(owner, "DELETE", "/v1/memories/?" + urlencode({"filters": repr(filters)}))
    return answer.status_code, answer.json()


FOUND: list[tuple[dict[str, Any], list[str]]] = [
    ({"expiration_date": None}, ["never"]),
    ({"expiration_date": {"ne": None}}, ["five", "six"]),
    ({"expiration_date": "*"}, ["five", "six"]),
    ({"expiration_date": {"ne": "*"}}, ["never"]),
    ({"expiration_date": {"in": [5]}}, ["five"]),
    ({"expiration_date": {"in": [5, 6]}}, ["five", "six"]),
    ({"expiration_date": {"nin": [6]}}, ["five", "never"]),
    ({"expiration_date": {"lte": "9999-12-31"}}, ["five", "six"]),
    ({"app_id": "*"}, ["five"]),
    ({"app_id": {"ne": "*"}}, ["never", "six"]),
    ({"run_id": {"ne": "*"}}, ["five", "never"]),
    ({"categories": "*"}, ["five", "six"]),
    ({"categories": {"ne": "*"}}, ["never"]),
    ({"categories": {"contains": "art"}}, ["five"]),
    ({"categories": {"nin": ["food"]}}, ["never", "six"]),
    ({"metadata": {"n": "*"}}, ["five", "never"]),
    ({"metadata": {"n": {"ne": "*"}}}, ["six"]),
    ({"text": "*"}, ["five", "never", "six"]),
    ({"memory_ids": "*"}, ["five", "never", "six"]),
    ({"keywords": {"ne": "FIVE"}}, ["never", "six"]),
    ({"keywords": {"nin": ["five", "six"]}}, ["never"]),
    ({"created_at": {"gte": 0}}, ["five", "never", "six"]),
    ({"created_at": {"gte": 1_577_836_800_000, "lt": "4102444800"}}, ["five", "never", "six"]),
    ({"created_at": {"gte": "2020-01-01T00:00:00+20:00"}}, ["five", "never", "six"]),
]


def dated(filters: Any) -> Any:
    """With the days that numbers in a list of days stand for."""
    return json.loads(json.dumps(filters), object_hook=_dates)


def _dates(found: dict[str, Any]) -> dict[str, Any]:
    days = found.get("expiration_date")
    if isinstance(days, dict):
        found["expiration_date"] = {o: [day(n) for n in v] if isinstance(v, list) else v for o, v in days.items()}
    return found


@pytest.mark.parametrize(("filters", "names"), FOUND, ids=[json.dumps(filters) for filters, _ in FOUND])
def test_it_finds_and_deletes_the_same(
    owner: Caller, kept: dict[str, str], filters: dict[str, Any], names: list[str]
) -> None:
    filters = dated(filters)
    assert listed(owner, **filters) == names
    assert delete_all(owner, {"user_id": "alice", **filters})[0] == 200
    assert listed(owner) == sorted(kept.keys() - set(names))


REFUSED: list[Any] = [
    {"expiration_date": {"bogus": None}},
    {"expiration_date": {"lt": None}},
    {"expiration_date": {"in": None}},
    {"expiration_date": {"gt": "*"}},
    {"expiration_date": {"in": []}},
    {"expiration_date": {"in": ["*"]}},
    {"app_id": {"in": ["*"]}},
    {"app_id": {"contains": "*"}},
    {"app_id": 5},
    {"app_id": ["shop"]},
    {"app_id": {"in": ["shop", 5]}},
    {"agent_id": {"lt": "*"}},
    {"categories": {"bogus": "*"}},
    {"categories": {"gt": "food"}},
    {"keywords": {"lt": "five"}},
    {"keywords": {"ne": 5}},
    {"text": {"in": ["*"]}},
    {"created_at": {"gte": "0"}},
    {"created_at": {"gte": "2026-01-01T00:00:00+99:00"}},
    {"created_at": {"gte": "0001-01-01T00:00:00+20:00"}},
    {"metadata": {"$app_id": "shop"}},
    {"metadata": {"$feedback": {"ne": "x"}}},
    {"metadata": {"eq": {"$app_id": "shop"}}},
    {"$app_id": "shop"},
    {"metadata": {"\ud800": 1}},
    {"metadata": {"n": {"\ud800": 1}}},
    {"metadata": {"a\0": 1}},
    {"\ud800": "alice"},
    {"AND": [{"OR": [{"\udfff": 1}]}]},
]


@pytest.mark.parametrize("filters", REFUSED, ids=[json.dumps(one) for one in REFUSED])
def test_a_refused_filter_finds_and_deletes_nothing(owner: Caller, kept: dict[str, str], filters: Any) -> None:
    filters = {"user_id": "alice", **filters}
    for path, body in (
        ("/v3/memories/", {}),
        ("/v3/memories/search/", {"query": "x"}),
        ("/v1/exports/", {"schema": "s"}),
    ):
        refused = send(owner, "POST", path, {**body, "filters": filters})
        assert refused.status_code == 400, (path, refused.content)
        assert refused.json()["detail"].startswith("filters")
    status, body = delete_all(owner, filters)
    assert (status, body["detail"].endswith("nothing was deleted")) == (400, True)
    assert len(everything(owner)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "{1: 'a'}",
        "{None: 'a'}",
        "{'user_id': {1: 'x'}}",
        *(
            f"{{'user_id': 'alice', 'metadata': {{'k': {value}}}}}"
            for value in ("{1, 2}", "b'x'", "1j", "...", "{1: 2}")
        ),
        "{'user_id': 'alice', 'metadata': {'k': (1, 2)}, 1: 2}",
        "{'user_id': 'alice', 'metadata': {'n': 1e999}}",
    ],
)
def test_python_that_is_no_json_deletes_nothing(owner: Caller, kept: dict[str, str], text: str) -> None:
    refused = send(owner, "DELETE", "/v1/memories/?" + urlencode({"filters": text}))
    assert refused.status_code == 400, refused.content
    assert refused.json()["detail"].endswith("nothing was deleted")
    assert len(everything(owner)) == 3


@pytest.mark.parametrize("filters", [{"\ud800": 1}, {"metadata.\ud800": 1}, {"a\0": 1}, {"$app_id": "x"}])
def test_the_other_dialects_refuse_such_names_too(owner: Caller, kept: dict[str, str], filters: Any) -> None:
    refused = owner.post("/api/v1/memories/recall", {"filters": filters, "user_id": "alice"})
    assert (refused.status_code, refused.json()["error"]["details"]["field"].partition(".")[0]) == (400, "filters")
    time = {"created_at": {"gte": "2020-01-01T00:00:00+20:00"}}
    found = owner.post("/api/v1/memories/recall", {"filters": time, "user_id": "alice"})
    assert found.json()["total"] == 3
