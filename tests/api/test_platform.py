"""The dialect of mem0's clients, over HTTP without the clients: wrong requests, dialects, owners, events.

`tests/clients/test_mem0_python.py` and `test_mem0_javascript.py` test each method with the published clients.
"""

from __future__ import annotations

import json
import random
import string
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apikeys.scopes import Role
from tests import build, leaks
from tests.build import Caller

TEA = "Green tea at five"
OWNERS = ("user_id", "agent_id", "app_id", "run_id")


def send(caller: Caller, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
    return caller.request(method, path, body, Authorization=f"Token {caller.secret}", **headers)


def post(caller: Caller, path: str, body: Any, status: int = 200) -> Any:
    answer = send(caller, "POST", path, body)
    assert answer.status_code == status, answer.content
    return answer.json()


def add(caller: Caller, text: str, **owners: str) -> str:
    said = {"messages": [{"role": "user", "content": text}], "infer": False, **owners}
    return str(post(caller, "/v3/memories/add/", said)["results"][0]["id"])


def everything(caller: Caller) -> list[str]:
    found = post(caller, "/v3/memories/", {"filters": {"user_id": "*"}})
    return sorted(memory["memory"] for memory in found["results"])


# --- delete_all ------------------------------------------------------------------------------------------------------
def wrong_parameters(dice: random.Random) -> str:
    """A query of delete_all that must delete nothing."""
    name = dice.choice(OWNERS)
    word = "".join(dice.choices(string.ascii_letters, k=dice.randint(1, 8)))
    value = dice.choice(["alice", "bot", "shop", "r1"])
    made: list[list[tuple[str, str]]] = [
        [],
        [(name, "")],
        [(name, " ")],
        [(name, "*")],
        [(name, value), (name, value)],
        [(name, value), (name, "another")],
        [(name, value), (word + "_", value)],
        [(name.upper(), value)],
        [(name.removesuffix("_id"), value)],
        [(name, "x" * 129)],
        [(name, f"{value}\nmore")],
        [(name, f"{value}\x00")],
        [(name, value), ("org_id", "ten_" + "0" * 32)],
        [("project_id", "default")],
        [("metadata", value), ("page", "1")],
        [("filters", "")],
        [("filters", "{}")],
        [("filters", "[]")],
        [("filters", "None")],
        [("filters", word)],
        [("filters", f"{{'{name}': '{value}'")],
        [("filters", f"{{'{name}': ''}}")],
        [("filters", f"{{'{name}': None}}")],
        [("filters", f"{{'{name}': 7}}")],
        [("filters", f"{{'{name}': '*'}}")],
        [("filters", f"{{'{name}': ['{value}']}}")],
        [("filters", f"{{'{name}': {{'ne': '{value}'}}}}")],
        [("filters", f"{{'{name}': {{'in': ['{value}']}}}}")],
        [("filters", f"{{'NOT': [{{'{name}': '{word}'}}]}}")],
        [("filters", f"{{'OR': [{{'{name}': '{value}'}}, {{'user_id': 'bob'}}]}}")],
        [("filters", f"{{'{word}_': '{value}'}}")],
        [("filters", f"{{'{name}': '{value}', '{word}_': 1}}")],
        [("filters", f"{{'AND': [{{'{name}': '{value}'}}, {{'{word}_': 1}}]}}")],
        [("filters", "{'metadata': {'a': 1}}")],
        [("filters", "{'created_at': {'gte': '2020-01-01'}}")],
        [("filters", f"__import__('os').getenv('{word}')")],
        [("filters", "(" * dice.randint(50, 5_000))],
        [("filters", f"{{'{name}': '{value}'}}" * 2)],
        [("filters", json.dumps({name: value}) + " x")],
        [("filters", json.dumps({name: value})), ("filters", json.dumps({name: value}))],
    ]
    return urlencode(dice.choice(made), quote_via=quote)


def test_200_wrong_parameters_delete_nothing(owner: Caller) -> None:
    dice = random.Random(19)
    add(owner, "1", user_id="alice", agent_id="bot", app_id="shop", run_id="r1")
    add(owner, "2", user_id="bob")
    queries = {wrong_parameters(dice) for _ in range(1_000)}
    while len(queries) < 200:
        queries.add(wrong_parameters(dice))
    for query in sorted(queries)[:400]:
        answer = send(owner, "DELETE", f"/v1/memories/?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["detail"].endswith("nothing was deleted"), query
    assert everything(owner) == ["1", "2"]


def test_a_body_names_nobody(owner: Caller) -> None:
    add(owner, TEA, user_id="alice")
    assert send(owner, "DELETE", "/v1/memories/", {"user_id": "alice"}).status_code == 400
    assert everything(owner) == [TEA]


def test_deletion_stays_in_the_project(owner: Caller) -> None:
    add(owner, "here", user_id="alice")
    add(owner, "there", user_id="alice", project_id="another")
    assert send(owner, "DELETE", "/v1/memories/?user_id=alice").status_code == 200
    assert everything(owner) == []
    found = post(owner, "/v3/memories/", {"filters": {"user_id": "alice"}, "project_id": "another"})
    assert [memory["memory"] for memory in found["results"]] == ["there"]
    assert send(owner, "DELETE", "/v1/memories/?user_id=alice&project_id=another").status_code == 200


@pytest.mark.parametrize("text", ["{'user_id': 'alice'}", '{"user_id": "alice"}', '{"AND": [{"user_id": "alice"}]}'])
def test_filters_as_python_or_json(owner: Caller, text: str) -> None:
    add(owner, "1", user_id="alice")
    add(owner, "2", user_id="bob")
    assert send(owner, "DELETE", f"/v1/memories/?{urlencode({'filters': text})}").status_code == 200
    assert everything(owner) == ["2"]


def test_pending_writes_are_deleted_too(no_worker: None) -> None:
    owner = build.caller()
    said = {"messages": [{"role": "user", "content": TEA}], "user_id": "alice", "agent_id": "bot"}
    pending = post(owner, "/v3/memories/add/", said, 202)
    assert send(owner, "DELETE", "/v1/memories/?agent_id=bot").status_code == 200
    assert send(owner, "GET", f"/v1/event/{pending['event_id']}/").json()["status"] == "FAILED"


# --- events ----------------------------------------------------------------------------------------------------------
def test_a_write_that_waits_is_pending_and_can_be_polled(no_worker: None) -> None:
    owner = build.caller()
    said = {"messages": [{"role": "user", "content": "I live in Oslo"}], "user_id": "alice"}
    added = post(owner, "/v3/memories/add/", said, 202)
    assert (added["status"], added["results"]) == ("PENDING", [])
    event = send(owner, "GET", f"/v1/event/{added['event_id']}/").json()
    assert (event["id"], event["status"], event["results"]) == (added["event_id"], "PENDING", [])
    build.work(build.source_of(added))
    event = send(owner, "GET", f"/v1/event/{added['event_id']}/").json()
    assert (event["status"], [one["memory"] for one in event["results"]]) == ("SUCCEEDED", ["User lives in Oslo"])


def test_a_repeat_with_an_idempotency_key(owner: Caller) -> None:
    said = {"messages": [{"role": "user", "content": "I live in Oslo"}], "user_id": "alice"}
    answers = [send(owner, "POST", "/v3/memories/add/", said, Idempotency_Key="k1") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(everything(owner)) == 1


# --- dialects --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "authorization", "keys"),
    [
        ("/v1/memories/none", "Token x", {"detail", "error", "code", "details"}),
        ("/v1/memories/none/", "Token x", {"detail", "error", "code", "details"}),
        ("/v1/memories/none/", "Bearer x", {"detail", "error", "code", "details"}),
        ("/v3/nothing/", "", {"detail", "error", "code", "details"}),
        ("/api/v1/memories/none", "Token x", {"detail", "error", "code", "details"}),
        ("/v1/memories/none", "Bearer x", {"success", "error", "timestamp"}),
        ("/v1/memories/none", "", {"success", "error", "timestamp"}),
        ("/api/v1/memories/none", "Bearer x", {"detail", "error"}),
    ],
)
def test_scheme_and_slash_tell_the_dialect(owner: Caller, path: str, authorization: str, keys: set[str]) -> None:
    leaks.net.remember(authorization)
    answer = Client().get(path, headers={"Authorization": authorization} if authorization else {})
    assert answer.status_code in (401, 404)
    assert set(answer.json()) == keys
    if "detail" in keys:
        assert isinstance(answer.json()["detail"], str)


def test_the_token_scheme_opens_no_other_dialect(owner: Caller) -> None:
    for path in ("/v1/memories/user/alice", "/api/v1/memories"):
        assert send(owner, "GET", path).status_code == 401
    assert send(owner, "GET", "/v1/ping/").status_code == 200
    assert owner.get("/v1/ping/").status_code == 200  # a bearer


def test_redirects_are_never_sent(owner: Caller) -> None:
    assert owner.get("/v3/memories").status_code == 404
    assert owner.get("/v1/ping").status_code == 404


# --- owners in the other dialects ------------------------------------------------------------------------------------
def test_an_owner_in_a_filter_of_the_other_dialects_is_the_owner(owner: Caller) -> None:
    owner.store("Alice drinks tea", user_id="alice", skip_extraction=True, metadata={"user_id": "metadata"})
    owner.store("Bob drinks tea", user_id="bob", skip_extraction=True)
    assert owner.recalled("tea", filters={"user_id": "alice"}) == ["Alice drinks tea"]
    assert sorted(owner.recalled("tea", filters={"user_id": {"in": ["alice", "bob"]}})) == [
        "Alice drinks tea",
        "Bob drinks tea",
    ]
    assert owner.recalled("tea", user_id="bob", filters={"user_id": "alice"}) == []
    assert owner.recalled("tea", user_id="alice", filters={"metadata.user_id": "metadata"}) == ["Alice drinks tea"]
    query = urlencode({"filters": json.dumps({"user_id": "bob"})})
    listed = owner.get(f"/api/v1/memories?{query}").json()["memories"]
    assert [memory["content"] for memory in listed] == ["Bob drinks tea"]
    searched = owner.get(f"/v1/memories/search?query=tea&{query}").json()["data"]["results"]
    assert [memory["content"] for memory in searched] == ["Bob drinks tea"]


def test_a_deletion_by_the_owner_in_a_filter(owner: Caller) -> None:
    owner.store("Alice drinks tea", user_id="alice", skip_extraction=True)
    owner.store("Bob drinks tea", user_id="bob", skip_extraction=True)
    either = {"filters": {"OR": [{"user_id": "alice"}, {"user_id": "bob"}]}}
    assert owner.delete("/api/v1/memories", either).status_code == 400
    assert owner.delete("/api/v1/memories", {"filters": {"user_id": "alice"}}).status_code == 200
    assert everything(owner) == ["Bob drinks tea"]


def test_a_bound_key_reaches_no_other_user_by_a_filter(owner: Caller, member: Caller) -> None:
    owner.store("Alice drinks tea", user_id="alice", skip_extraction=True)
    member.store("Tea is good", skip_extraction=True)
    for filters in ({"user_id": {"ne": "member"}}, {"OR": [{"user_id": "alice"}, {"memory_type": "turn"}]}):
        assert set(member.recalled("tea", filters=filters)) <= {"Tea is good"}
    answer = member.post("/api/v1/memories/recall", {"query": "tea", "filters": {"user_id": "alice"}})
    assert answer.status_code == 403


def test_the_app_is_metadata_that_nobody_sets_or_sees(owner: Caller) -> None:
    key = add(owner, TEA, user_id="alice", app_id="shop")
    memory = owner.get(f"/api/v1/memories/{key}").json()
    assert memory["metadata"] == {}
    assert owner.recalled("tea", user_id="alice", filters={"app_id": "shop"}) == [TEA]
    assert owner.recalled("tea", user_id="alice", filters={"app_id": "other"}) == []
    for name in ("$app_id", "$feedback"):
        answer = owner.patch(f"/api/v1/memories/{key}", {"metadata": {name: "other"}})
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            f"metadata: must not hold {name}, which the service sets",
        )
    assert owner.patch(f"/api/v1/memories/{key}", {"metadata": {"a": 1}}).status_code == 200
    assert send(owner, "GET", f"/v1/memories/{key}/").json()["app_id"] == "shop"


# --- statements and the language model -------------------------------------------------------------------------------
@pytest.mark.parametrize("filters", [{"user_id": "alice"}, {"user_id": "alice", "agent_id": "bot"}, {"user_id": "*"}])
def test_a_search_takes_no_more_statements_than_a_recall(owner: Caller, filters: dict[str, str]) -> None:
    add(owner, TEA, user_id="alice", agent_id="bot")
    recall = {"query": "tea", "user_id": "alice", "threshold": 0.1, "filters": {"memory_type": "turn"}}
    owner.recall(**recall)
    with CaptureQueriesContext(connection) as recalled:
        owner.recall(**recall)
    body = {"query": "tea", "filters": filters}
    post(owner, "/v3/memories/search/", body)
    with CaptureQueriesContext(connection) as searched:
        found = post(owner, "/v3/memories/search/", body)
    assert [memory["memory"] for memory in found["results"]] == [TEA]
    assert len(searched) <= len(recalled)


def test_a_search_of_all_users_finds_every_memory(owner: Caller) -> None:
    for number in range(30):
        add(owner, f"tea number {number}", user_id=f"user {number % 7}", agent_id="bot")
    other = build.caller(build.tenant(), Role.ADMIN)
    add(other, "tea of another tenant", user_id="user 1", agent_id="bot")
    found = post(
        owner,
        "/v3/memories/search/",
        {"query": "tea number", "filters": {"agent_id": "bot"}, "top_k": 1000, "threshold": 0},
    )["results"]
    assert sorted(memory["memory"] for memory in found) == sorted(f"tea number {number}" for number in range(30))
