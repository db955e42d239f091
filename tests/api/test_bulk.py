"""Many at once: batches, conversations, and the clean-up of what has expired."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.tenancy import across_tenants
from memories import tasks
from memories.models import Memory, Source, WriteQueue
from memories.pipeline import write_queue
from tests.build import Caller, caller

API = "/api/v1"
TALK = [
    {"role": "user", "content": "My wife Suzan and I are planning a trip to Japan. Hello!"},
    {"role": "assistant", "content": "Kyoto is lovely in April."},
    {"role": "user", "content": "We leave in April.", "name": "Tom"},
    {"role": "system", "content": "You are a helpful assistant."},
]


def memories() -> int:
    with across_tenants("a test"):
        return Memory.objects.count()


def sources() -> int:
    with across_tenants("a test"):
        return Source.objects.count()


# --- batches ---------------------------------------------------------------------------------------------------------
def test_each_item_of_a_batch_stands_for_itself(owner: Caller) -> None:
    items: list[Any] = [
        {"content": "Ann lives in Oslo", "user_id": "ann"},
        {"content": ""},
        {"content": "Bob lives in Rome", "ttl": "1m"},
        {"content": "Ann lives in Oslo", "user_id": "ann"},
        "text",
    ]
    answer = owner.post(f"{API}/memories/batch", {"items": items})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["total"], body["succeeded"], body["failed"]) == (5, 2, 3)
    assert [r["success"] for r in body["results"]] == [True, False, False, True, False]
    assert [r["index"] for r in body["results"]] == [0, 1, 2, 3, 4]
    assert body["results"][0]["response"]["memories"][0]["content"] == "Ann lives in Oslo"
    assert body["results"][1]["error"]["details"] == {"field": "content"}
    assert body["results"][2]["error"]["details"] == {"field": "ttl"}
    assert body["results"][3]["response"]["status"] == "duplicate"
    assert body["results"][4]["error"]["code"] == "validation_error"
    assert (memories(), sources()) == (1, 2)


def test_a_bound_key_may_not_store_for_others_in_a_batch(member: Caller) -> None:
    items = [{"content": "I live in Oslo"}, {"content": "Ann lives in Oslo", "user_id": "ann"}]
    body = member.post(f"{API}/memories/batch", {"items": items}).json()
    assert [r["success"] for r in body["results"]] == [True, False]
    assert body["results"][1]["error"]["code"] == "permission_denied"
    assert sources() == 1


@pytest.mark.parametrize("items", [[], [{"content": "a b"}] * 101, "x", None])
def test_a_wrong_batch_stores_nothing(owner: Caller, items: Any) -> None:
    answer = owner.post(f"{API}/memories/batch", {"items": items})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"field": "items"}
    assert sources() == 0


def test_a_batch_that_nobody_works_on_is_accepted(no_worker: None) -> None:
    answer = caller().post(f"{API}/memories/batch", {"items": [{"content": "Ann lives in Oslo"}] * 2})
    assert answer.status_code == 202
    assert [r["response"]["status"] for r in answer.json()["results"]] == ["pending", "pending"]
    assert sources() == 2


@pytest.mark.parametrize("items", [1, 20])
def test_the_states_of_many_pending_writes_take_one_statement(no_worker: None, items: int) -> None:
    with CaptureQueriesContext(connection) as sent:
        answer = caller().post(f"{API}/memories/batch", {"items": [{"content": "Ann lives in Oslo"}] * items})
    assert [r["response"]["status"] for r in answer.json()["results"]] == ["pending"] * items
    assert sum("lease_until" in q["sql"] and q["sql"].startswith("SELECT") for q in sent.captured_queries) == 1


def test_only_the_writes_of_a_claimed_owner_are_running(no_worker: None) -> None:
    items = [{"content": "I live in Oslo", "user_id": user} for user in ("ann", "bob")]
    owner = caller()
    events = [
        r["response"]["event_id"] for r in owner.post(f"{API}/memories/batch", {"items": items}).json()["results"]
    ]
    with across_tenants("a test"):
        queue = WriteQueue.objects.get(user_id="ann")
    assert write_queue.claim(queue.tenant_id, queue.id) is not None
    states = [owner.get(f"{API}/events/{event}").json()["status"] for event in events]
    assert states == ["running", "pending"]


def test_a_batch_may_be_larger_than_other_bodies(owner: Caller, settings: LazySettings) -> None:
    settings.MAX_BODY_SIZE, settings.MAX_BATCH_BODY_SIZE = 100, 1000
    body = {"items": [{"content": "Ann lives in Oslo" + " and so on" * 10}]}
    assert owner.post(f"{API}/memories/batch", body).status_code == 201
    assert owner.post(f"{API}/memories", body["items"][0]).status_code == 413
    assert owner.post(f"{API}/memories/batch", {"items": [{"content": "x" * 1000}]}).status_code == 413


# --- conversations ---------------------------------------------------------------------------------------------------
def test_a_conversation_is_taken_in(owner: Caller) -> None:
    answer = owner.post(f"{API}/ingest/conversation", {"messages": TALK, "session_id": "trip", "user_id": "tom"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["session_id"]) == ("ok", "trip")
    assert [(e["canonical_name"], e["type"], e["confidence"]) for e in body["entities"]] == [
        ("user", "PERSON", 0.9),
        ("Suzan", "PERSON", 0.9),
        ("Japan", "LOCATION", 0.9),
        ("Kyoto", "LOCATION", 0.9),
    ]
    assert [
        (f["content"], f["source_message_index"], f["speaker"], f["action"], f["stored"]) for f in body["facts"]
    ] == [
        ("User's wife Suzan and User are planning a trip to Japan", 0, "user", "add", True),
        ("Kyoto is lovely in April", 1, "assistant", "add", True),
        ("We leave in April", 2, "Tom", "add", True),
    ]
    took = body["stats"].pop("processing_time_ms")
    assert 0 <= took < 60_000
    assert body["stats"] == {
        "messages_processed": 4,
        "facts_extracted": 3,
        "facts_stored": 3,
        "facts_updated": 0,
        "facts_deduped": 0,
        "facts_skipped": 0,
        "entities_found": 4,
    }
    again = owner.post(f"{API}/ingest/conversation", {"messages": TALK, "session_id": "trip", "user_id": "tom"}).json()
    assert [f["action"] for f in again["facts"]] == ["noop"] * 3
    assert (again["stats"]["facts_deduped"], again["stats"]["facts_stored"]) == (3, 0)
    assert memories() == 3


@pytest.mark.parametrize(
    ("options", "contents"),
    [
        ({"extract_from": "user"}, [0, 2]),
        ({"extract_from": "assistant"}, [1]),
        ({"min_importance": 0.9}, []),
        ({"infer": False}, [0, 1, 2]),
    ],
)
def test_options_choose_what_is_taken(owner: Caller, options: dict[str, Any], contents: list[int]) -> None:
    body = owner.post(f"{API}/ingest/conversation", {"messages": TALK, "options": options}).json()
    assert [f["source_message_index"] for f in body["facts"]] == contents
    assert body["stats"]["facts_skipped"] == (3 if "min_importance" in options else 0)
    assert memories() == len(contents)


def test_a_dry_run_stores_nothing(owner: Caller) -> None:
    owner.store("We leave in April")
    answer = owner.post(f"{API}/ingest/conversation", {"messages": TALK, "options": {"store": False}})
    assert answer.status_code == 200
    assert [(f["action"], f["stored"]) for f in answer.json()["facts"]] == [
        ("add", False),
        ("add", False),
        ("noop", False),
    ]
    assert (memories(), sources()) == (1, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "x" * 50_001}]}, "messages.0.content"),
        ({"messages": TALK, "options": {"extract_from": "all"}}, "options.extract_from"),
        ({"messages": TALK, "options": {"min_importance": 2}}, "options.min_importance"),
        ({"messages": [{"role": "user", "content": "a b", "timestamp": "soon"}]}, "messages.0.timestamp"),
    ],
)
def test_a_wrong_conversation_names_its_field(owner: Caller, body: dict[str, Any], field: str) -> None:
    answer = owner.post(f"{API}/ingest/conversation", body)
    assert (answer.status_code, answer.json()["error"]["details"]) == (400, {"field": field})
    assert sources() == 0


def test_the_same_words_said_twice_are_two_turns(owner: Caller) -> None:
    said = {"role": "user", "content": "Yes, please do"}
    owner.post("/v1/memories", {"messages": [said, said], "run_id": "r", "infer": False})
    assert memories() == 2
    owner.post("/v1/memories", {"messages": [said, said], "run_id": "r", "infer": False})
    assert memories() == 2
    later = said | {"timestamp": "2026-01-01T00:00:00Z"}
    owner.post("/v1/memories", {"messages": [later], "run_id": "r", "infer": False})
    assert memories() == 3


# --- what has expired ------------------------------------------------------------------------------------------------
def expiring(owner: Caller, **fields: Any) -> dict[str, Any]:
    return owner.store("The code of the door is 4711", ttl="1h", **fields)


def test_the_clean_up_erases_what_has_expired(owner: Caller, stranger: Caller) -> None:
    expiring(owner)
    expiring(owner, user_id="ann", project="work")
    expiring(stranger)
    owner.store("Ann lives in Oslo")
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=2), tick=True):
        cleanup = f"{API}/memories/cleanup-expired"
        assert owner.post(cleanup, {"dry_run": True}).json() == {"deleted": 0, "would_delete": 2, "dry_run": True}
        assert owner.post(f"{cleanup}?dry_run=true", {}).json()["would_delete"] == 2
        assert memories() == 4
        assert owner.request("POST", cleanup).json() == {"deleted": 2, "would_delete": 2, "dry_run": False}
        assert memories() == 2
        assert owner.post(cleanup, {}).json()["deleted"] == 0
        tasks.clean_expired()
        assert memories() == 1
        with across_tenants("a test"):
            assert list(Source.objects.exclude(text="").values_list("text", flat=True)) == ["Ann lives in Oslo"]


def test_a_bound_key_cleans_its_own(owner: Caller, member: Caller) -> None:
    expiring(owner)
    expiring(member)
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=2), tick=True):
        assert member.post(f"{API}/memories/cleanup-expired", {}).json()["deleted"] == 1
    assert memories() == 1


def test_a_memory_whose_expiry_was_moved_stays(owner: Caller) -> None:
    memory = expiring(owner)["id"]
    owner.patch(f"{API}/memories/{memory}", {"expires_at": None})
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=2), tick=True):
        tasks.clean_expired()
        assert owner.get(f"{API}/memories/{memory}").json()["content"] == "The code of the door is 4711"


def test_a_pending_write_expires_too(no_worker: None) -> None:
    owner = caller()
    answer = owner.post(f"{API}/memories", {"content": "The code of the door is 4711", "ttl": "1h"})
    assert answer.status_code == 202
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=2), tick=True):
        assert owner.get(f"{API}/memories/{answer.json()['id']}").status_code == 404
        assert owner.post(f"{API}/memories/cleanup-expired", {}).json()["deleted"] == 1
    with across_tenants("a test"):
        assert Source.objects.get().text == ""


@pytest.mark.parametrize(("strict", "status"), [(True, 410), (False, 404)])
def test_strict_mode_tells_expired_from_unknown(
    owner: Caller, stranger: Caller, settings: LazySettings, strict: bool, status: int
) -> None:
    settings.STRICT_MODE = strict
    memory = expiring(owner)["id"]
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=2), tick=True):
        plain, enveloped = owner.get(f"{API}/memories/{memory}"), owner.get(f"/v1/memories/{memory}")
        assert (plain.status_code, enveloped.status_code) == (status, status)
        if strict:
            assert plain.json()["error"]["code"] == "memory_expired"
            assert enveloped.json()["error"]["code"] == "MEMORY_EXPIRED"
        assert stranger.get(f"{API}/memories/{memory}").status_code == 404
        tasks.clean_expired()
        assert owner.get(f"{API}/memories/{memory}").status_code == 404


@pytest.mark.parametrize("said", [["a" * 20_001], ["Ann likes tea. " * 700, "Ben likes rye. " * 700]])
def test_a_preview_reads_at_most_20000_characters(owner: Caller, said: list[str]) -> None:
    messages = [{"role": "user", "content": content} for content in said]
    refused = owner.post(f"{API}/ingest/conversation", {"messages": messages, "options": {"store": False}})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"]["field"] == "messages"
    assert "20000 characters" in refused.json()["error"]["message"]
    assert not Source.objects.filter(tenant=owner.row.tenant_id).exists()
    fits = [{"role": "user", "content": "Ann likes tea. " + "a" * 19_985}]
    shown = owner.post(f"{API}/ingest/conversation", {"messages": fits, "options": {"store": False}})
    assert (shown.status_code, shown.json()["facts"][0]["content"]) == (200, "Ann likes tea")
    assert owner.post(f"{API}/ingest/conversation", {"messages": messages}).status_code == 201
