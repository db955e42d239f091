"""Owners in the dialect of mem0's clients: those of an added memory, of a list in a query, and their deletion."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.api.test_platform import TEA, add, everything, post, send
from tests.api.test_refusals import assert_nothing_written
from tests.build import Caller

ADD = ("/v3/memories/add/", "/v1/memories/")
AND = "must be an AND of user_id, agent_id, app_id, run_id, each with one id"
NO_OWNER = "is no owner; there are user_id, agent_id, app_id, run_id"
ONE = "must be the id of one owner"
ENTITY = "/v2/entities/{}/{}/"


def message(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": TEA}], "infer": False, **fields}


def entities(caller: Caller, query: str = "") -> list[tuple[str, str]]:
    found = send(caller, "GET", f"/v1/entities/{query}").json()
    return [(one["type"], one["name"]) for one in found["results"]]


# --- add -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ADD)
@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"user_id": "*"}, "user_id", ONE),
        ({"user_id": "ann", "app_id": "*"}, "app_id", ONE),
        ({"user_id": "."}, "user_id", "must not be . or .."),
        ({"agent_id": ".."}, "agent_id", "must not be . or .."),
        ({"user_id": "x" * 129}, "user_id", "must have at most 128 characters"),
        ({"user_id": "carol", "filters": {"user_id": "dave"}}, "user_id", "must be the same id as in filters"),
        (
            {"filters": {"AND": [{"user_id": "a9"}, {"user_id": "b9"}]}},
            "filters.AND.1.user_id",
            "must be the same id everywhere",
        ),
        ({"filters": {"user_id": {"in": ["a", "b"]}}}, "filters.user_id", "must be a string"),
        ({"filters": {"user_id": {"ne": "a"}}}, "filters.user_id", "must be a string"),
        ({"filters": {"user_id": {}}}, "filters.user_id", "must be a string"),
        ({"filters": {"user_id": 7}}, "filters.user_id", "must be a string"),
        ({"filters": {"user_id": ""}}, "filters.user_id", "must not be empty"),
        ({"filters": {"user_id": "*"}}, "filters.user_id", ONE),
        ({"filters": {"run_id": ".."}}, "filters.run_id", "must not be . or .."),
        ({"filters": {"user_id": "a\x00"}}, "filters.user_id", None),
        ({"filters": {"OR": [{"user_id": "a"}, {"user_id": "b"}]}}, "filters.OR", AND),
        ({"filters": {"OR": [{"user_id": "a"}]}}, "filters.OR", AND),
        ({"filters": {"NOT": {"user_id": "a"}}}, "filters.NOT", AND),
        ({"filters": {"user_id": "a", "created_at": {"gte": "2020-01-01"}}}, "filters.created_at", NO_OWNER),
        ({"filters": {"AND": [{"user_id": "a"}, {"metadata": {"k": 1}}]}}, "filters.AND.1.metadata", NO_OWNER),
        ({"filters": {"AND": []}}, "filters.AND", AND),
        ({"filters": {"AND": [{}]}}, "filters.AND.0", AND),
        ({"filters": {"AND": [[]]}}, "filters.AND.0", AND),
        ({"filters": []}, "filters", AND),
        ({"filters": "user_id"}, "filters", AND),
    ],
)
def test_owners_that_are_not_one_id_each_are_refused(
    owner: Caller, path: str, fields: dict[str, Any], field: str, expected: str | None
) -> None:
    refused = post(owner, path, message(**fields), 400)
    assert refused["details"]["field"] == field
    assert expected is None or refused["detail"] == f"{field}: {expected}"
    assert_nothing_written()


def test_a_filter_of_many_levels_is_refused(owner: Caller) -> None:
    filters: dict[str, Any] = {"user_id": "a"}
    for _ in range(300):
        filters = {"AND": [filters]}
    assert post(owner, ADD[0], message(filters=filters), 400)["detail"].endswith(AND)
    assert_nothing_written()


@pytest.mark.parametrize("path", ADD)
@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": "ann", "agent_id": "bot", "app_id": "shop", "run_id": "r1"},
        {"filters": {"user_id": "ann", "agent_id": "bot", "app_id": "shop", "run_id": "r1"}},
        {"filters": {"AND": [{"user_id": "ann", "agent_id": "bot"}, {"AND": [{"app_id": "shop"}, {"run_id": "r1"}]}]}},
        {"user_id": "ann", "agent_id": "bot", "filters": {"user_id": {"eq": "ann"}, "app_id": "shop", "run_id": "r1"}},
        {"user_id": None, "agent_id": "bot", "filters": {"user_id": "ann", "agent_id": None, "app_id": "shop"}}
        | {"run_id": "r1"},
    ],
)
def test_owners_beside_the_messages_and_in_filters(owner: Caller, path: str, fields: dict[str, Any]) -> None:
    post(owner, path, message(**fields))
    assert entities(owner) == [("user", "ann"), ("agent", "bot"), ("app", "shop"), ("run", "r1")]


@pytest.mark.parametrize("filters", [None, {}])
def test_without_an_owner_the_user_is_the_default_one(owner: Caller, filters: Any) -> None:
    post(owner, ADD[0], message(filters=filters))
    assert entities(owner) == [("user", "default")]


# --- deletion by a path ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    "name", ["a/profile", "/profile", "a/profile/profile", "a/b", "/a", "a/", "a//b", "..a", "%2e"]
)
def test_an_owner_with_any_id_is_deleted(owner: Caller, version: str, name: str) -> None:
    add(owner, "1", user_id=name)
    add(owner, "2", user_id="a")
    path = ENTITY.format("user", quote(name, safe="")).replace("v2", version)
    assert send(owner, "DELETE", path).json() == {"message": "Entity deleted successfully!"}
    assert everything(owner) == ["2"]


def test_the_profile_of_a_user_whose_id_ends_like_the_path(owner: Caller) -> None:
    add(owner, "1", user_id="a/profile")
    found = send(owner, "GET", "/v2/entities/user/a%2Fprofile/profile/").json()
    assert (found["entity_id"], found["profile"]["total_memories"]) == ("a/profile", 1)


@pytest.mark.parametrize("path", [ENTITY.format("user", "a%2Fprofile"), ENTITY.format("user", "ann")])
@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("user_id=bob", "user_id: is not known here; there are org_id, project_id"),
        ("project=p1", "project: is not known here; there are org_id, project_id"),
        ("project_id=p1&project_id=p2", "project_id: must be named once"),
        ("project_id=", "project_id: must not be empty"),
        ("project_id=%00", "project_id: must not hold NUL or other control characters, nor broken Unicode"),
        (f"org_id=ten_{'0' * 32}", "org_id: must be the organization of the key"),
    ],
)
def test_a_wrong_parameter_deletes_nothing(owner: Caller, path: str, query: str, detail: str) -> None:
    add(owner, "1", user_id="ann")
    add(owner, "2", user_id="a/profile")
    answer = send(owner, "DELETE", f"{path}?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (400, f"{detail}; nothing was deleted")
    assert everything(owner) == ["1", "2"]


def test_the_organization_of_the_key_may_be_named(owner: Caller) -> None:
    add(owner, "1", user_id="ann")
    org = send(owner, "GET", "/v1/ping/").json()["org_id"]
    assert send(owner, "DELETE", f"/v2/entities/user/ann/?org_id={org}&project_id=default").status_code == 200
    assert everything(owner) == []


# --- lists by a query ------------------------------------------------------------------------------------------------
def listed(caller: Caller, query: dict[str, str]) -> list[str]:
    found = send(caller, "GET", f"/v1/memories/?{urlencode(query)}").json()
    return sorted(memory["memory"] for memory in found)


@pytest.mark.parametrize("write", [json.dumps, repr])
def test_filters_of_a_list_in_a_query(owner: Caller, write: Any) -> None:
    add(owner, "1", user_id="alice", agent_id="bot")
    add(owner, "2", user_id="alice")
    add(owner, "3", user_id="bob", agent_id="bot")
    assert listed(owner, {"filters": write({"user_id": "alice"})}) == ["1", "2"]
    assert listed(owner, {"filters": write({"OR": [{"user_id": "bob"}, {"text": {"contains": "2"}}]})}) == ["2", "3"]
    assert listed(owner, {"filters": write({"agent_id": "bot"}), "user_id": "alice"}) == ["1"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("user_id=alice&user_id=bob", "user_id: must be named once"),
        ("user_id=alice&page=1&page=2", "page: must be named once"),
        ("filters=%7B%7D", "filters: must have at least one condition"),
        ("filters=nothing", "filters: must be a JSON object or a Python dictionary"),
        ("filters=%7B%27user%27%3A+1%7D", None),
    ],
)
def test_a_wrong_query_of_a_list_is_refused(owner: Caller, query: str, detail: str | None) -> None:
    answer = send(owner, "GET", f"/v1/memories/?{query}")
    assert answer.status_code == 400
    assert detail is None or answer.json()["detail"] == detail


@pytest.mark.parametrize("path", ["/v1/entities/", "/v1/events/"])
def test_a_repeated_parameter_is_refused(owner: Caller, path: str) -> None:
    assert send(owner, "GET", f"{path}?page=1&page=2").json()["detail"] == "page: must be named once"
    assert post(owner, "/v3/memories/?page=1&page=2", {}, 400)["detail"] == "page: must be named once"
