"""The requests that Remembra's TypeScript client sends, as its public source has them, and the fields that it reads.

This is not the client itself: its package (npm: `remembra`) was not to be had from the registry when this was written.
The requests go through Node's `fetch`, which is what it sends them with: a JSON content type without a body included.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine

from tests import leaks
from tests.build import Caller
from tests.e2e.running import Service

NODE = Path(sys.executable).parent / "node"
FETCH = Path(__file__).parent / "fetch.mjs"
MEMORIES = "/api/v1/memories"
OSLO = "Ann lives in Oslo"
TEA = "Ann drinks green tea"
UNKNOWN = "mem_" + "0" * 32
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def requests(service: Service) -> Callable[[str], Call]:
    """→ what sends requests with a key, as the client does."""

    def with_key(key: str) -> Call:
        def send(method: str, path: str, body: Any = None, **params: str) -> tuple[int, Any]:
            leaks.net.remember(key, body, params)
            headers = {"Content-Type": "application/json", "User-Agent": "remembra-js/0.1.0", "X-API-Key": key}
            url = service.url + path + (f"?{urlencode(params)}" if params else "")
            init = {"url": url, "method": method, "headers": headers}
            if body is not None:
                init["body"] = json.dumps(body)
            done = subprocess.run(
                [NODE, FETCH], input=json.dumps(init), capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr
            answer = json.loads(done.stdout)
            return answer["status"], answer["body"]

        return send

    return with_key


@pytest.fixture
def call(requests: Callable[[str], Call], bound_key: str) -> Call:
    return requests(bound_key)


@pytest.fixture
def unbound(requests: Callable[[str], Call], service: Service) -> Call:
    return requests(service.key)


@pytest.fixture
def scope(user: str) -> dict[str, str]:
    """What the client sends along wherever it names a user: its options' defaults."""
    return {"user_id": user, "project_id": "default"}


def stored(call: Call, scope: dict[str, str], content: str, **fields: Any) -> dict[str, Any]:
    status, answer = call("POST", MEMORIES, {**scope, "content": content, "metadata": {}, **fields})
    assert status == 201, answer
    return dict(answer)


def recalled(call: Call, scope: dict[str, str], query: str) -> dict[str, Any]:
    status, answer = call("POST", f"{MEMORIES}/recall", {**scope, "query": query, "limit": 5, "threshold": 0.4})
    assert status == 200, answer
    return dict(answer)


def known(call: Call, scope: dict[str, str], *names: str) -> list[dict[str, Any]]:
    """These entities as an answer refers to them, with the ids of the list of entities."""
    status, answer = call("GET", "/api/v1/entities", **scope)
    assert status == 200
    listed = {entity["name"]: entity for entity in answer["entities"]}
    fields = ("id", "canonical_name", "name", "type", "confidence")
    return [{field: listed[name][field] for field in fields} for name in names]


def refused(answer: tuple[int, Any]) -> tuple[int, str]:
    """The status, and the `detail` that becomes the message of the client's exception."""
    status, body = answer
    assert isinstance(body["detail"], str)
    return status, body["detail"]


def test_store_get_and_recall(call: Call, scope: dict[str, str], user: str) -> None:
    before = dt.datetime.now(dt.UTC)
    made = stored(call, scope, OSLO, metadata={"source": "settings"}, ttl="30d")
    entities = known(call, scope, "Ann", "Oslo")
    assert (made["extracted_facts"], made["entities"]) == ([OSLO], entities)
    life = dt.datetime.fromisoformat(made["expires_at"]) - before
    assert dt.timedelta(days=30) <= life < dt.timedelta(days=30, minutes=2)
    status, memory = call("GET", f"{MEMORIES}/{made['id']}")
    assert status == 200
    assert (memory["content"], memory["user_id"], memory["project"]) == (OSLO, user, "default")
    assert memory["metadata"] == {"source": "settings"}
    found = recalled(call, scope, "Where does Ann live?")
    assert (found["context"], found["entities"]) == (f"{OSLO}.", entities)
    (best,) = found["memories"]
    assert (best["id"], best["content"], best["metadata"]) == (made["id"], OSLO, {"source": "settings"})
    assert 0.4 <= best["relevance"] <= 1.0
    assert best["created_at"] == memory["created_at"]


def test_one_memory_is_forgotten(call: Call, scope: dict[str, str]) -> None:
    gone, kept = stored(call, scope, OSLO)["id"], stored(call, scope, TEA)["id"]
    status, answer = call("DELETE", MEMORIES, memory_id=gone)
    counts = {key: answer[key] for key in ("deleted_memories", "deleted_entities", "deleted_relationships")}
    assert (status, counts) == (200, {"deleted_memories": 1, "deleted_entities": 1, "deleted_relationships": 1})
    assert call("GET", f"{MEMORIES}/{gone}")[0] == 404
    assert call("GET", f"{MEMORIES}/{kept}")[0] == 200


def test_all_is_forgotten_of_a_bound_keys_user_alone(call: Call, unbound: Call, scope: dict[str, str]) -> None:
    mine = stored(call, scope, OSLO)["id"]
    others = stored(unbound, {"user_id": "default", "project_id": "default"}, OSLO)["id"]
    status, answer = call("DELETE", MEMORIES, all_memories="true")
    assert (status, answer["deleted_memories"]) == (200, 1)
    assert call("GET", f"{MEMORIES}/{mine}")[0] == 404
    assert unbound("GET", f"{MEMORIES}/{others}")[0] == 200


@pytest.mark.parametrize("target", [{"all_memories": "true"}, {"entity": "Ann"}])
def test_an_unbound_key_deletes_many_of_nobody(unbound: Call, target: dict[str, str]) -> None:
    kept = stored(unbound, {"user_id": "default", "project_id": "default"}, OSLO)["id"]
    status, detail = refused(unbound("DELETE", MEMORIES, **target))
    assert (status, detail.split(":")[0]) == (400, "user_id")
    assert unbound("GET", f"{MEMORIES}/{kept}")[0] == 200


def test_an_entity_that_no_memory_mentions_is_refused(call: Call, scope: dict[str, str]) -> None:
    """The client reads the version in /health first: it would send nothing to a service before 0.16.1."""
    kept = stored(call, scope, OSLO)["id"]
    status, health = call("GET", "/health")
    assert status == 200
    assert [int(part) for part in health["version"].split(".")] >= [0, 16, 1]
    for more in ({}, {"project_id": "default"}):
        assert refused(call("DELETE", MEMORIES, entity="Nobody", **more))[0] == 400
    assert call("GET", f"{MEMORIES}/{kept}")[0] == 200


def test_a_conversation_is_taken_in(call: Call, scope: dict[str, str]) -> None:
    said = [{"role": "user", "content": OSLO}, {"role": "assistant", "content": "Nice to meet you, Ann!"}]
    options = {"extract_from": "user", "min_importance": 0.5, "dedupe": True, "store": True, "infer": True}
    status, answer = call(
        "POST", "/api/v1/ingest/conversation", {**scope, "messages": said, "session_id": "s-1", "options": options}
    )
    assert (status, answer["session_id"]) == (201, "s-1")
    assert answer["entities"] == known(call, scope, "Ann", "Oslo")
    (fact,) = answer["facts"]
    expected = {
        "content": OSLO,
        "confidence": 0.9,
        "importance": 0.8,
        "source_message_index": 0,
        "speaker": "user",
        "stored": True,
        "memory_id": fact["memory_id"],
        "action": "add",
    }
    assert expected.items() <= fact.items()
    assert call("GET", f"{MEMORIES}/{fact['memory_id']}")[1]["content"] == OSLO
    assert (answer["stats"]["facts_extracted"], answer["stats"]["facts_stored"]) == (1, 1)


def test_entities_are_listed_for_the_user_and_project(call: Call, scope: dict[str, str]) -> None:
    stored(call, scope, OSLO)
    status, answer = call("GET", "/api/v1/entities", **scope)
    assert (status, {e["canonical_name"] for e in answer["entities"]}) == (200, {"Ann", "Oslo"})


def test_every_refusal_has_a_detail_that_is_a_string(
    call: Call, requests: Callable[[str], Call], scope: dict[str, str]
) -> None:
    body = {**scope, "content": OSLO, "metadata": {}}
    assert refused(requests("not-a-key-of-anybody")("POST", MEMORIES, body))[0] == 401
    assert refused(call("POST", MEMORIES, {**body, "user_id": "somebody-else"}))[0] == 403
    assert refused(call("GET", f"{MEMORIES}/{UNKNOWN}")) == (404, f"Memory with ID '{UNKNOWN}' not found")
    status, detail = refused(call("POST", MEMORIES, {**body, "ttl": "30m"}))
    assert (status, detail.split(":")[0]) == (400, "ttl")
    assert call("GET", MEMORIES)[1]["total"] == 0


def test_a_rate_limit_says_how_long_to_wait(owner: Caller, settings: Any) -> None:
    """Without Retry-After the client would wait a minute; it reads a whole number of seconds."""
    settings.RATE_LIMITS_ENABLED = True
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "store": "1/m"}
    with time_machine.travel(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), tick=False):
        owner.store(OSLO)
        answer = owner.post(MEMORIES, {"content": TEA})
        listed = owner.get(MEMORIES).json()
    assert refused((answer.status_code, answer.json()))[0] == 429
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert [memory["content"] for memory in listed["memories"]] == [OSLO]
