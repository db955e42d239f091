"""mem0's published Python clients (PyPI `mem0ai`), unmodified, against a service with the defaults.

Every test runs with the sync and the async client, in a project of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.clients.api_keys import create_key
from tests.clients.mem0_clients import Mem0, Mem0Process, Mem0Raised
from tests.e2e.running import Service

OSLO = "I live in Oslo."
LIVES = "User lives in Oslo"
TEA = "Green tea at five"
UNKNOWN = "mem_" + "0" * 32
ADDED = "Memories added successfully"
DELETED = {"message": "Memories deleted successfully!"}
ALICE: dict[str, Any] = {"filters": {"user_id": "alice"}}
NO_ENTITIES = {"count": 0, "next": None, "previous": None, "results": []}
NO_TOTALS = {"total_users": 0, "total_agents": 0, "total_apps": 0, "total_runs": 0}


def add(mem0: Mem0, text: str, **owners: Any) -> str:
    """Add a text word for word; → the id of its memory."""
    answer = mem0.add(text, infer=False, **(owners or {"user_id": "alice"}))
    (result,) = answer["results"]
    assert (answer["status"], result["memory"]) == ("SUCCEEDED", text)
    return str(result["id"])


def texts(answer: dict[str, Any]) -> list[str]:
    return [memory["memory"] for memory in answer["results"]]


def listed(mem0: Mem0, **filters: Any) -> list[str]:
    return texts(mem0.get_all(filters=filters or {"user_id": "alice"}))


def seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def raised(act: Any, *args: Any, **kwargs: Any) -> Mem0Raised:
    with pytest.raises(Mem0Raised) as error:
        act(*args, **kwargs)
    return error.value


# --- the constructor -------------------------------------------------------------------------------------------------
def test_the_constructor_reads_tenant_and_project(mem0: Mem0, project: str) -> None:
    identity = mem0.identity()
    assert (identity["project_id"], identity["user_email"]) == (project, None)
    assert identity["org_id"].startswith("ten_")


def test_the_constructor_refuses_a_wrong_key(mem0_process: Mem0Process) -> None:
    error = raised(Mem0(mem0_process, "mp_" + "x" * 43).get, UNKNOWN)
    assert error.kind == "ValueError"
    assert error.message.startswith("Error: ")
    assert "401" not in error.message


# --- add -------------------------------------------------------------------------------------------------------------
def test_add_a_text_extracts_its_statements(mem0: Mem0) -> None:
    answer = mem0.add(OSLO, user_id="alice", metadata={"source": "chat"})
    (result,) = answer.pop("results")
    event = answer.pop("event_id")
    assert event.startswith("evt_")
    assert answer == {"message": ADDED, "status": "SUCCEEDED", "skipped_parts": 0}
    assert result == {"id": result["id"], "event": "ADD", "memory": LIVES, "data": {"memory": LIVES}}
    memory = mem0.get(result["id"])
    assert memory["metadata"] == {"source": "chat"}
    assert memory["memory"] == LIVES


def test_add_one_message(mem0: Mem0) -> None:
    answer = mem0.add({"role": "user", "content": OSLO}, user_id="alice")
    assert texts(answer) == [LIVES]


def test_add_a_conversation(mem0: Mem0) -> None:
    said = [
        {"role": "system", "content": "You are a helpful assistant"},
        {"role": "user", "content": "My name is Alice and I like hiking"},
        {"role": "assistant", "content": "Nice to meet you!"},
    ]
    answer = mem0.add(said, user_id="alice")
    assert answer["status"] == "SUCCEEDED"
    assert len(answer["results"]) >= 1
    assert "hiking" in " ".join(listed(mem0))


def test_a_new_value_updates(mem0: Mem0) -> None:
    mem0.add("I live in Oslo", user_id="alice")
    answer = mem0.add("I live in Bergen now", user_id="alice")
    assert [result["event"] for result in answer["results"]] == ["UPDATE"]
    assert [text for text in listed(mem0) if "Oslo" in text] == []


def test_infer_false_stores_each_message_verbatim(mem0: Mem0) -> None:
    said = [
        {"role": "system", "content": "You are a helpful assistant"},
        {"role": "user", "content": "hello there"},
        {"role": "assistant", "content": "hello yourself"},
    ]
    answer = mem0.add(said, user_id="alice", infer=False)
    assert texts(answer) == ["hello there", "hello yourself"]
    assert [result["event"] for result in answer["results"]] == ["ADD", "ADD"]
    assert sorted(listed(mem0)) == ["hello there", "hello yourself"]


@pytest.mark.parametrize("infer", [True, False])
def test_the_same_text_twice_is_one_memory(mem0: Mem0, infer: bool) -> None:
    (first,) = mem0.add(OSLO, user_id="alice", infer=infer)["results"]
    (second,) = mem0.add(OSLO, user_id="alice", infer=infer)["results"]
    assert (second["id"], second["event"]) == (first["id"], "NOOP")
    assert len(listed(mem0)) == 1


def test_only_system_messages_add_nothing(mem0: Mem0) -> None:
    answer = mem0.add([{"role": "system", "content": "Be brief"}], user_id="alice")
    assert answer == {"message": ADDED, "status": "SUCCEEDED", "event_id": None, "results": [], "skipped_parts": 0}
    assert listed(mem0) == []


def test_owners_beside_the_messages(mem0: Mem0) -> None:
    key = add(mem0, TEA, user_id="alice", agent_id="bot", app_id="shop", run_id="r1")
    memory = mem0.get(key)
    owners = {name: memory[name] for name in ("user_id", "agent_id", "app_id", "run_id")}
    assert owners == {"user_id": "alice", "agent_id": "bot", "app_id": "shop", "run_id": "r1"}
    assert memory["metadata"] == {}


def test_owners_in_filters(mem0: Mem0) -> None:
    key = add(mem0, TEA, filters={"AND": [{"user_id": "alice"}, {"run_id": "r1"}]})
    memory = mem0.get(key)
    assert (memory["user_id"], memory["run_id"], memory["agent_id"]) == ("alice", "r1", None)


def test_without_an_owner_the_default_user(mem0: Mem0) -> None:
    key = add(mem0, TEA, agent_id="bot")
    memory = mem0.get(key)
    assert (memory["user_id"], memory["agent_id"]) == ("default", "bot")
    assert texts(mem0.get_all()) == [TEA]


def test_options_that_change_nothing(mem0: Mem0) -> None:
    answer = mem0.add(
        OSLO,
        user_id="alice",
        custom_categories=[{"places": "Places"}],
        custom_instructions="Only places",
        includes="places",
        excludes="people",
        immutable=True,
        output_format="v1.1",
        async_mode=True,
    )
    assert texts(answer) == [LIVES]


def test_expiration_date(mem0: Mem0) -> None:
    key = add(mem0, TEA, user_id="alice", expiration_date="2040-01-31")
    assert mem0.get(key)["expiration_date"] == "2040-01-31"
    error = raised(mem0.add, "x", user_id="alice", expiration_date="2020-01-31")
    assert (error.kind, error.message) == ("ValidationError", "expiration_date: must not lie in the past")
    assert listed(mem0) == [TEA]


def test_timestamp_is_when_it_was_said(mem0: Mem0) -> None:
    add(mem0, TEA, user_id="alice", timestamp=1_700_000_000)
    since = {"AND": [{"user_id": "alice"}, {"timestamp": {"gte": 1_699_999_999, "lte": 1_700_000_001}}]}
    assert texts(mem0.get_all(filters=since)) == [TEA]
    later = {"AND": [{"user_id": "alice"}, {"timestamp": {"gt": 1_700_000_001}}]}
    assert texts(mem0.get_all(filters=later)) == []


def test_parts_without_text_are_counted(mem0: Mem0) -> None:
    parts = [{"type": "text", "text": TEA}, {"type": "image_url", "image_url": {"url": "https://images.example/1"}}]
    answer = mem0.add([{"role": "user", "content": parts}], user_id="alice", infer=False)
    assert (texts(answer), answer["skipped_parts"]) == ([TEA], 1)


def test_an_unknown_owner_key_is_refused(mem0: Mem0) -> None:
    error = raised(mem0.add, TEA, filters={"team_id": "a"})
    assert error.kind == "ValidationError"
    assert error.message == "filters.team_id: is no owner; there are user_id, agent_id, app_id, run_id"
    assert error.details["details"] == {"field": "filters.team_id"}
    assert texts(mem0.get_all(filters={"user_id": "*"})) == []


# --- get, update, delete ---------------------------------------------------------------------------------------------
def test_get(mem0: Mem0) -> None:
    key = add(mem0, TEA, user_id="alice", metadata={"categories": ["drinks"], "n": 1})
    memory = mem0.get(key)
    assert abs(time.time() - seconds(memory.pop("created_at"))) < 300
    assert abs(time.time() - seconds(memory.pop("updated_at"))) < 300
    assert memory == {
        "id": key,
        "memory": TEA,
        "user_id": "alice",
        "agent_id": None,
        "app_id": None,
        "run_id": None,
        "metadata": {"categories": ["drinks"], "n": 1},
        "categories": ["drinks"],
        "expiration_date": None,
    }


@pytest.mark.parametrize("method", ["get", "history", "delete"])
def test_an_unknown_memory(mem0: Mem0, method: str) -> None:
    error = raised(getattr(mem0, method), UNKNOWN)
    assert (error.kind, error.message) == ("MemoryNotFoundError", f"Memory with ID '{UNKNOWN}' not found")
    assert error.details["error"] == "Memory not found!"


def test_an_id_with_a_slash_is_unknown(mem0: Mem0) -> None:
    assert raised(mem0.get, "a/b").kind == "MemoryNotFoundError"


def test_update_the_text(mem0: Mem0) -> None:
    key = add(mem0, TEA)
    memory = mem0.update(key, text="Black tea at five")
    assert (memory["id"], memory["memory"]) == (key, "Black tea at five")
    assert mem0.get(key) == memory
    assert listed(mem0) == ["Black tea at five"]


def test_update_metadata_and_expiration(mem0: Mem0) -> None:
    key = add(mem0, TEA, user_id="alice", metadata={"a": 1})
    memory = mem0.update(key, metadata={"b": 2}, expiration_date="2040-01-31")
    assert (memory["metadata"], memory["expiration_date"]) == ({"a": 1, "b": 2}, "2040-01-31")
    assert mem0.update(key, expiration_date=None)["expiration_date"] is None
    assert mem0.get(key)["memory"] == TEA


def test_update_to_the_text_of_another_memory(mem0: Mem0) -> None:
    key, other = add(mem0, TEA), add(mem0, "Coffee at six")
    error = raised(mem0.update, key, text="Coffee at six")
    assert (error.kind, error.message) == ("ValidationError", "Another memory holds this text already.")
    assert error.details["details"] == {"memory_id": other}
    assert mem0.get(key)["memory"] == TEA


def test_update_nothing_is_refused_by_the_client(mem0: Mem0) -> None:
    assert raised(mem0.update, add(mem0, TEA)).kind == "ValueError"


def test_update_an_unknown_memory(mem0: Mem0) -> None:
    assert raised(mem0.update, UNKNOWN, text="x").kind == "MemoryNotFoundError"


def test_delete(mem0: Mem0) -> None:
    key, kept = add(mem0, TEA), add(mem0, "Coffee at six")
    assert mem0.delete(key) == {"message": "Memory deleted successfully!"}
    assert raised(mem0.get, key).kind == "MemoryNotFoundError"
    assert mem0.get(kept)["memory"] == "Coffee at six"


def test_delete_with_the_memories_that_it_superseded(mem0: Mem0) -> None:
    (old,) = mem0.add("I live in Oslo", user_id="alice")["results"]
    (new,) = mem0.add("I live in Bergen now", user_id="alice")["results"]
    assert new["event"] == "UPDATE"
    assert mem0.get(old["id"])["memory"] == LIVES
    mem0.delete(new["id"], delete_linked=True)
    assert raised(mem0.get, new["id"]).kind == "MemoryNotFoundError"
    assert raised(mem0.get, old["id"]).kind == "MemoryNotFoundError"


def test_delete_keeps_the_memories_that_it_superseded(mem0: Mem0) -> None:
    (old,) = mem0.add("I live in Oslo", user_id="alice")["results"]
    (new,) = mem0.add("I live in Bergen now", user_id="alice")["results"]
    mem0.delete(new["id"])
    assert mem0.get(old["id"])["memory"] == LIVES


def test_history(mem0: Mem0) -> None:
    key = add(mem0, TEA)
    mem0.update(key, text="Black tea at five")
    first, second = mem0.history(key)
    assert (first["event"], first["old_memory"], first["new_memory"]) == ("ADD", None, TEA)
    assert first["input"] == [{"role": "user", "content": TEA}]
    assert (second["event"], second["old_memory"], second["new_memory"]) == ("UPDATE", TEA, "Black tea at five")
    assert {entry["memory_id"] for entry in (first, second)} == {key}
    assert {entry["user_id"] for entry in (first, second)} == {"alice"}
    assert first["id"] != second["id"]
    assert seconds(first["updated_at"]) < seconds(second["updated_at"])


def test_history_of_an_ended_memory(mem0: Mem0) -> None:
    (old,) = mem0.add("I live in Oslo", user_id="alice")["results"]
    mem0.add("I live in Bergen now", user_id="alice")
    events = [(entry["event"], entry["new_memory"]) for entry in mem0.history(old["id"])]
    assert events == [("ADD", LIVES), ("DELETE", None)]


# --- get_all ---------------------------------------------------------------------------------------------------------
def test_get_all(mem0: Mem0) -> None:
    keys = [add(mem0, f"note {number}") for number in range(3)]
    add(mem0, "of another user", user_id="bob")
    answer = mem0.get_all(**ALICE)
    assert {name: answer[name] for name in ("count", "next", "previous")} == {
        "count": 3,
        "next": None,
        "previous": None,
    }
    assert [memory["id"] for memory in answer["results"]] == keys[::-1]


def test_get_all_by_pages(mem0: Mem0, service: Service) -> None:
    for number in range(5):
        add(mem0, f"note {number}")
    answer = mem0.get_all(page=2, page_size=2, **ALICE)
    assert (texts(answer), answer["count"]) == (["note 2", "note 1"], 5)
    pages = [urllib.parse.urlsplit(answer[name]) for name in ("previous", "next")]
    assert [f"{p.scheme}://{p.netloc}{p.path}" for p in pages] == [service.url + "/v3/memories/"] * 2
    assert [p.query for p in pages] == ["page=1&page_size=2", "page=3&page_size=2"]
    last = mem0.get_all(page=3, page_size=2, **ALICE)
    assert (texts(last), last["next"]) == (["note 0"], None)
    assert texts(mem0.get_all(page=4, page_size=2, **ALICE)) == []
    assert raised(mem0.get_all, page_size=201, **ALICE).message == "page_size: must be at most 200"


def test_get_all_some_fields(mem0: Mem0) -> None:
    key = add(mem0, TEA)
    assert mem0.get_all(fields=["id", "memory"], **ALICE)["results"] == [{"id": key, "memory": TEA}]


def test_top_level_owners_are_refused_by_the_client(mem0: Mem0) -> None:
    assert raised(mem0.get_all, user_id="alice").kind == "ValueError"
    assert raised(mem0.search, "tea", user_id="alice").kind == "ValueError"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"user_id": "alice"}, ["a1", "a2"]),
        ({"user_id": "bob"}, ["b1"]),
        ({"user_id": "*"}, ["a1", "a2", "b1"]),
        ({"agent_id": "bot"}, ["a1", "b1"]),
        ({"app_id": "shop"}, ["a2"]),
        ({"run_id": "r1"}, ["a1"]),
        ({"agent_id": "*"}, ["a1", "b1"]),
        ({"OR": [{"run_id": "r1"}, {"user_id": "bob"}]}, ["a1", "b1"]),
        ({"AND": [{"user_id": "alice"}, {"NOT": [{"run_id": "r1"}]}]}, ["a2"]),
        ({"user_id": {"in": ["alice", "bob"]}}, ["a1", "a2", "b1"]),
        ({"user_id": {"ne": "alice"}}, ["b1"]),
        ({"user_id": "alice", "metadata": {"colour": "red"}}, ["a1"]),
        ({"user_id": "alice", "metadata": {"size": {"gt": 2}}}, ["a2"]),
        ({"user_id": "alice", "categories": {"in": ["drinks", "food"]}}, ["a2"]),
        ({"user_id": "alice", "categories": {"contains": "drinks"}}, ["a2"]),
        ({"user_id": "alice", "keywords": {"icontains": "A1"}}, ["a1"]),
        ({"user_id": "alice", "text": {"contains": "a1"}}, ["a1"]),
        ({"user_id": "alice", "created_at": {"gte": "2020-01-01"}}, ["a1", "a2"]),
        ({"user_id": "alice", "created_at": {"lt": "2020-01-01"}}, []),
        ({"user_id": "alice", "expiration_date": {"lte": "2040-01-31"}}, ["a2"]),
        ({"user_id": "alice", "expiration_date": {"gt": "2040-01-31"}}, []),
        ({"user_id": "alice", "expiration_date": None}, ["a1"]),
    ],
    ids=str,
)
def test_filters(mem0_processes: dict[str, Mem0Process], project_key: str, filters: Any, found: list[str]) -> None:
    mem0 = Mem0(mem0_processes["sync"], project_key)
    add(mem0, "a1", user_id="alice", agent_id="bot", run_id="r1", metadata={"colour": "red", "size": 1})
    said = {"metadata": {"categories": ["drinks"], "size": 3}, "expiration_date": "2040-01-31"}
    add(mem0, "a2", user_id="alice", app_id="shop", **said)
    add(mem0, "b1", user_id="bob", agent_id="bot")
    assert sorted(texts(mem0.get_all(filters=filters))) == found
    assert sorted(texts(mem0.search("a1 a2 b1", filters=filters, threshold=0.0))) == found


def test_filters_by_ids(mem0: Mem0) -> None:
    keys = [add(mem0, f"note {number}") for number in range(3)]
    assert texts(mem0.get_all(filters={"memory_ids": [keys[0], keys[2], UNKNOWN], "user_id": "alice"})) == [
        "note 2",
        "note 0",
    ]


def test_dates_beside_the_filters(mem0: Mem0) -> None:
    add(mem0, TEA)
    assert texts(mem0.get_all(start_date="2020-01-01", end_date="2099-01-01", **ALICE)) == [TEA]
    assert texts(mem0.get_all(start_date="2099-01-01", **ALICE)) == []


@pytest.mark.parametrize("filters", [{"colour": "red"}, {"AND": [{"colour": "red"}]}])
def test_an_unknown_key_of_a_filter(mem0: Mem0, filters: Any) -> None:
    for act in (mem0.get_all, lambda **said: mem0.search("tea", **said)):
        error = raised(act, filters=filters)
        assert error.kind == "ValidationError"
        assert "colour: is no key of a filter" in error.message


# --- search ----------------------------------------------------------------------------------------------------------
def test_search(mem0: Mem0) -> None:
    mem0.add(OSLO, user_id="alice")
    add(mem0, "The printer is broken")
    answer = mem0.search("Where do I live?", **ALICE)
    best = answer["results"][0]
    assert best["memory"] == LIVES
    assert 0.5 < best["score"] <= 1
    assert set(best["score_breakdown"]) == {"semantic", "bm25", "entity"}
    assert {"id", "user_id", "metadata", "categories", "created_at", "updated_at"} <= set(best)
    assert [memory["score"] for memory in answer["results"]] == sorted(
        (memory["score"] for memory in answer["results"]), reverse=True
    )


def test_search_limits(mem0: Mem0) -> None:
    for number in range(4):
        add(mem0, f"tea number {number}")
    assert len(mem0.search("tea", top_k=2, threshold=0.0, **ALICE)["results"]) == 2
    assert mem0.search("quantum chromodynamics", threshold=0.9, **ALICE) == {"results": []}
    assert raised(mem0.search, "tea", top_k=1001, **ALICE).message == "top_k: must be at most 1000"
    assert raised(mem0.search, "tea", threshold=2, **ALICE).message == "threshold: must be at most 1"


def test_search_options(mem0: Mem0) -> None:
    key = add(mem0, TEA, user_id="alice", metadata={"categories": ["drinks"]})
    options = {"rerank": True, "keyword_search": True, "latest_only": True, "show_expired": True}
    answer = mem0.search(
        "tea", fields=["id", "memory"], categories=["drinks"], reference_date="2026-01-01", **options, **ALICE
    )
    assert answer == {"results": [{"id": key, "memory": TEA}]}
    assert mem0.search("tea", categories=["food"], **ALICE) == {"results": []}


def test_search_stays_with_its_user(mem0: Mem0) -> None:
    mem0.add(OSLO, user_id="bob")
    assert mem0.search("Where do I live?", **ALICE) == {"results": []}


def test_search_of_an_agent_over_all_users(mem0: Mem0) -> None:
    add(mem0, "Alice drinks tea", user_id="alice", agent_id="bot")
    add(mem0, "Bob drinks tea", user_id="bob", agent_id="bot")
    add(mem0, "Carl drinks tea", user_id="carl", agent_id="another")
    found = texts(mem0.search("Who drinks tea?", filters={"agent_id": "bot"}, threshold=0.0))
    assert sorted(found) == ["Alice drinks tea", "Bob drinks tea"]


def test_an_empty_query_is_refused_by_the_client(mem0: Mem0) -> None:
    assert raised(mem0.search, "  ", **ALICE).kind == "ValueError"


# --- delete_all ------------------------------------------------------------------------------------------------------
def test_delete_all_of_a_user(mem0: Mem0) -> None:
    add(mem0, TEA)
    add(mem0, "of another user", user_id="bob")
    assert mem0.delete_all(user_id="alice") == DELETED
    assert listed(mem0, user_id="*") == ["of another user"]


def test_delete_all_by_several_owners(mem0: Mem0) -> None:
    add(mem0, "1", user_id="alice", agent_id="bot")
    add(mem0, "2", user_id="alice")
    add(mem0, "3", user_id="bob", agent_id="bot")
    assert mem0.delete_all(user_id="alice", agent_id="bot") == DELETED
    assert sorted(listed(mem0, user_id="*")) == ["2", "3"]
    assert mem0.delete_all(agent_id="bot") == DELETED
    assert listed(mem0, user_id="*") == ["2"]


def test_delete_all_of_an_app_and_a_run(mem0: Mem0) -> None:
    add(mem0, "1", app_id="shop")
    add(mem0, "2", run_id="r1")
    add(mem0, "3", app_id="other", run_id="r2")
    assert mem0.delete_all(app_id="shop") == DELETED
    assert mem0.delete_all(run_id="r1") == DELETED
    assert listed(mem0, user_id="*") == ["3"]


def test_delete_all_by_filters(mem0: Mem0) -> None:
    add(mem0, TEA)
    add(mem0, "of another user", user_id="bob")
    assert mem0.delete_all(filters={"user_id": "alice"}) == DELETED
    assert listed(mem0, user_id="*") == ["of another user"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"filters": {}},
        {"filters": {"metadata": {"a": 1}}},
        {"filters": {"OR": [{"user_id": "alice"}, {"user_id": "bob"}]}},
        {"filters": {"NOT": [{"user_id": "bob"}]}},
        {"filters": {"user": "alice"}},
        {"user_id": ""},
        {"user_id": "*"},
        {"user_id": ["alice", "bob"]},
        {"user": "alice"},
        {"metadata": "a"},
        {"user_id": "alice", "team_id": "a"},
    ],
    ids=str,
)
def test_delete_all_of_nothing_named(mem0: Mem0, said: dict[str, Any]) -> None:
    add(mem0, TEA)
    error = raised(mem0.delete_all, **said)
    assert error.kind == "ValidationError"
    assert error.message.endswith("nothing was deleted")
    assert listed(mem0, user_id="*") == [TEA]


# --- users, delete_users, reset --------------------------------------------------------------------------------------
def test_users(mem0: Mem0) -> None:
    assert mem0.users() == NO_ENTITIES | NO_TOTALS
    add(mem0, "1", user_id="alice", agent_id="bot", app_id="shop", run_id="r1")
    add(mem0, "2", user_id="bob", agent_id="bot")
    answer = mem0.users()
    counted = [(entity["type"], entity["name"], entity["total_memories"]) for entity in answer["results"]]
    assert counted == [
        ("user", "alice", 1),
        ("user", "bob", 1),
        ("agent", "bot", 2),
        ("app", "shop", 1),
        ("run", "r1", 1),
    ]
    totals = {name: answer[name] for name in ("count", *NO_TOTALS)}
    assert totals == {"count": 5, "total_users": 2, "total_agents": 1, "total_apps": 1, "total_runs": 1}
    first = answer["results"][0]
    assert (first["id"], first["owner"], first["metadata"]) == ("alice", "self", {})
    assert seconds(first["created_at"]) <= seconds(first["updated_at"])


@pytest.mark.parametrize(
    ("owner", "left"),
    [
        ({"user_id": "al ice"}, ["2", "3", "4"]),
        ({"agent_id": "bot"}, ["1", "3", "4"]),
        ({"app_id": "shop"}, ["1", "2", "4"]),
        ({"run_id": "a/b"}, ["1", "2", "3"]),
    ],
    ids=str,
)
def test_delete_users(mem0: Mem0, owner: dict[str, str], left: list[str]) -> None:
    add(mem0, "1", user_id="al ice")
    add(mem0, "2", agent_id="bot")
    add(mem0, "3", app_id="shop")
    add(mem0, "4", run_id="a/b")
    assert mem0.delete_users(**owner) == {"message": "Entity deleted successfully."}
    assert sorted(listed(mem0, user_id="*")) == left


def test_reset(mem0: Mem0) -> None:
    add(mem0, "1", user_id="alice", agent_id="bot", app_id="shop", run_id="r1")
    add(mem0, "2", user_id="bob", agent_id="bot")
    assert mem0.reset() == {"message": "Client reset successful. All users and memories deleted."}
    assert mem0.users()["count"] == 0
    assert raised(mem0.reset).kind == "ValueError"


# --- batch -----------------------------------------------------------------------------------------------------------
def test_batch_update(mem0: Mem0) -> None:
    one, two, three = (add(mem0, text) for text in ("1", "2", "3"))
    said = [{"memory_id": one, "text": "one"}, {"memory_id": two, "text": "two", "metadata": {"a": 1}}]
    assert mem0.batch_update([*said, {"memory_id": three, "metadata": {"b": 2}}]) == {
        "message": "Successfully updated 3 memories"
    }
    assert [mem0.get(key)["memory"] for key in (one, two, three)] == ["one", "two", "3"]
    assert [mem0.get(key)["metadata"] for key in (one, two, three)] == [{}, {"a": 1}, {"b": 2}]


@pytest.mark.parametrize("other", [{"memory_id": UNKNOWN, "text": "x"}, {"memory_id": UNKNOWN}])
def test_batch_update_all_or_none(mem0: Mem0, other: dict[str, str]) -> None:
    key = add(mem0, TEA)
    error = raised(mem0.batch_update, [{"memory_id": key, "text": "changed"}, other])
    assert error.kind in ("MemoryNotFoundError", "ValidationError")
    assert mem0.get(key)["memory"] == TEA


def test_batch_update_to_the_text_of_another_memory(mem0: Mem0) -> None:
    one, two = add(mem0, "1"), add(mem0, "2")
    for said in ([(one, "x"), (two, "x")], [(one, "x"), (two, "1")]):
        changes = [{"memory_id": key, "text": text} for key, text in said]
        assert raised(mem0.batch_update, changes).kind == "ValidationError"
        assert [mem0.get(key)["memory"] for key in (one, two)] == ["1", "2"]


def test_batch_delete(mem0: Mem0) -> None:
    one, two, _ = (add(mem0, text) for text in ("1", "2", "3"))
    assert mem0.batch_delete([{"memory_id": one}, {"memory_id": two}]) == {"message": "Successfully deleted 2 memories"}
    assert listed(mem0) == ["3"]


def test_batch_delete_all_or_none(mem0: Mem0) -> None:
    key = add(mem0, TEA)
    error = raised(mem0.batch_delete, [{"memory_id": key}, {"memory_id": UNKNOWN}])
    assert error.kind == "MemoryNotFoundError"
    assert listed(mem0) == [TEA]


# --- exports, summary, feedback --------------------------------------------------------------------------------------
def test_export(mem0: Mem0) -> None:
    key = add(mem0, TEA)
    add(mem0, "of another user", user_id="bob")
    made = mem0.create_memory_export(schema={"type": "object"}, **ALICE)
    assert made["message"] == "Memory export request received. The export is ready."
    export = mem0.get_memory_export(memory_export_id=made["id"])
    assert (export["count"], [memory["id"] for memory in export["memories"]]) == (1, [key])
    assert export["memories"] == [mem0.get(key)]
    assert mem0.get_memory_export(**ALICE) == export
    assert mem0.get_memory_export(user_id="alice") == export


def test_an_export_of_another_tenant_or_none(mem0: Mem0) -> None:
    for said in ("nothing", "e30:1vK2aB:k0"):
        assert raised(mem0.get_memory_export, memory_export_id=said).kind == "MemoryNotFoundError"


def test_summary(mem0: Mem0) -> None:
    assert mem0.get_summary(filters={"user_id": "alice"}) == {"status": "insufficient_data", "summary": ""}
    add(mem0, TEA)
    assert mem0.get_summary(filters={"user_id": "alice"}) == {"status": "succeeded", "summary": TEA}


@pytest.mark.parametrize("value", ["POSITIVE", "NEGATIVE", "VERY_NEGATIVE", None])
def test_feedback(mem0: Mem0, value: str | None) -> None:
    key = add(mem0, TEA)
    answer = mem0.feedback(key, feedback=value, feedback_reason="because")
    assert answer == {"id": key, "feedback": value, "feedback_reason": "because"}
    assert mem0.get(key)["metadata"] == {}
    assert [entry["event"] for entry in mem0.history(key)] == ["ADD"]


def test_feedback_for_an_unknown_memory(mem0: Mem0) -> None:
    assert raised(mem0.feedback, UNKNOWN, feedback="POSITIVE").kind == "MemoryNotFoundError"


# --- profiles --------------------------------------------------------------------------------------------------------
def test_profile(mem0: Mem0) -> None:
    empty = mem0.get_profile("alice")
    assert (empty["status"], empty["profile"], empty["updated_at"]) == ("insufficient_data", {}, None)
    mem0.add(OSLO, user_id="alice")
    profile = mem0.get_profile("alice")
    assert (profile["status"], profile["entity_type"], profile["entity_id"]) == ("succeeded", "user", "alice")
    assert profile["profile"]["facts"] == [LIVES]
    assert profile["profile"]["total_memories"] == 1
    assert profile["generation_count"] == 1


def test_profile_jobs_are_not_enabled(mem0: Mem0) -> None:
    job = mem0.generate_profile("alice")
    assert (job["status"], job["operation"], job["entity_count_reserved"]) == ("not_enabled", "trigger", 0)
    assert mem0.get_profile_job(job["status_url"])["job"]["status"] == "not_enabled"
    assert mem0.get_profile_job(job["job_id"])["job"]["status"] == "not_enabled"
    sample = mem0.sample_profiles(limit=2)
    assert (sample["status"], sample["sampled"], sample["entity_ids"]) == ("not_enabled", 0, [])


def test_profile_settings(mem0: Mem0) -> None:
    assert mem0.get_profile_settings() == {"enabled": True, "entities": {}, "capabilities": {"generation": False}}
    schema = {"type": "object", "properties": {"city": {"type": "string", "description": "The city"}}}
    changed = mem0.update_profile_settings(enabled=False, schema=schema)
    assert (changed["enabled"], changed["entities"]) == (False, {"user": {"schema": schema}})
    changed = mem0.update_profile_settings(custom_instructions="Brief")
    assert changed["entities"] == {"user": {"schema": schema, "custom_instructions": "Brief"}}
    assert mem0.get_profile_settings() == changed


# --- projects --------------------------------------------------------------------------------------------------------
def test_project_settings(mem0: Mem0, project: str) -> None:
    before = mem0.project__get()
    assert (before["id"], before["name"], before["custom_instructions"]) == (project, project, None)
    categories = [{"food": "What they eat"}]
    changed = mem0.project__update(custom_instructions="Only food", custom_categories=categories)
    assert (changed["custom_instructions"], changed["custom_categories"]) == ("Only food", categories)
    assert mem0.project__get(fields=["custom_categories"]) == {"custom_categories": categories}
    assert mem0.get_project(fields=["custom_instructions"]) == {"custom_instructions": "Only food"}
    assert mem0.update_project(custom_instructions="Only drinks")["custom_categories"] == categories
    assert mem0.project__get(fields=["custom_instructions", "custom_categories"]) == {
        "custom_instructions": "Only drinks",
        "custom_categories": categories,
    }


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("project__create", {"name": "another"}),
        ("project__get_members", {}),
        ("project__add_member", {"email": "ann@example.com"}),
        ("project__update_member", {"email": "ann@example.com", "role": "OWNER"}),
        ("project__remove_member", {"email": "ann@example.com"}),
        ("project__delete", {}),
    ],
)
def test_what_a_project_has_not(mem0: Mem0, method: str, said: dict[str, str]) -> None:
    add(mem0, TEA)
    error = raised(getattr(mem0, method), **said)
    assert error.kind == "AuthenticationError"
    assert "/api/v1/keys" in error.message or "delete_all" in error.message
    assert listed(mem0) == [TEA]


# --- webhooks --------------------------------------------------------------------------------------------------------
def test_webhooks(mem0: Mem0, project: str) -> None:
    assert mem0.get_webhooks(project) == []
    made = mem0.create_webhook("https://127.0.0.1/hook", "My hook", project, ["memory_add", "memory_delete"])
    key, secret = made["webhook_id"], made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["name"], made["url"], made["project"]) == ("My hook", "https://127.0.0.1/hook", project)
    assert (made["event_types"], made["is_active"]) == (["memory_add", "memory_delete"], True)
    assert mem0.get_webhooks(project) == [made]
    changed = mem0.update_webhook(key, name="Another", event_types=["memory_update"])
    assert changed == {"message": "Webhook updated successfully"}
    (found,) = mem0.get_webhooks(project)
    assert (found["name"], found["event_types"], found["url"]) == ("Another", ["memory_update"], made["url"])
    assert mem0.delete_webhook(key) == {"message": "Webhook deleted successfully"}
    assert mem0.get_webhooks(project) == []
    assert raised(mem0.delete_webhook, key).kind == "MemoryNotFoundError"


def test_a_webhook_of_an_event_that_is_never_sent(mem0: Mem0, project: str) -> None:
    error = raised(mem0.create_webhook, "https://127.0.0.1/hook", "My hook", project, ["memory_categorize"])
    assert error.kind == "ValidationError"
    assert mem0.get_webhooks(project) == []


# --- keys ------------------------------------------------------------------------------------------------------------
def test_a_viewer_key_reads_and_does_not_write(
    mem0: Mem0, mem0_process: Mem0Process, service: Service, admin_key: str, project: str
) -> None:
    add(mem0, TEA)
    viewer = Mem0(mem0_process, create_key(service, admin_key, role="viewer", project_ids=[project]))
    assert listed(viewer) == [TEA]
    for act in (lambda: viewer.add(OSLO, user_id="alice"), lambda: viewer.delete_all(user_id="alice")):
        assert raised(act).kind == "AuthenticationError"
    assert listed(mem0) == [TEA]


def test_a_bound_key_sees_one_user(
    mem0: Mem0, mem0_process: Mem0Process, service: Service, admin_key: str, project: str
) -> None:
    add(mem0, TEA, user_id="alice", agent_id="bot")
    add(mem0, "of another user", user_id="bob", agent_id="bot")
    bound = Mem0(mem0_process, create_key(service, admin_key, role="editor", project_ids=[project], user_id="alice"))
    for filters in ({"user_id": "*"}, {"agent_id": "bot"}, {"user_id": {"ne": "alice"}}, {"user_id": {"in": ["bob"]}}):
        assert set(listed(bound, **filters)) <= {TEA}
    assert raised(bound.get_all, filters={"user_id": "bob"}).kind == "AuthenticationError"
    assert raised(bound.delete_all, user_id="bob").kind == "AuthenticationError"
    assert [entity["name"] for entity in bound.users()["results"]] == ["alice", "bot"]
    assert bound.delete_users(agent_id="bot") == {"message": "Entity deleted successfully."}
    assert listed(mem0, user_id="*") == ["of another user"]


def test_another_project_is_another_world(
    mem0: Mem0, mem0_process: Mem0Process, service: Service, admin_key: str
) -> None:
    key = add(mem0, TEA)
    other = Mem0(mem0_process, create_key(service, admin_key, role="admin", project_ids=["another-project"]))
    assert raised(other.get, key).kind == "MemoryNotFoundError"
    assert TEA not in listed(other, user_id="*")
    other.delete_all(user_id="alice")
    assert listed(mem0) == [TEA]


# --- events and older paths, which this client does not send ---------------------------------------------------------
def sent(service: Service, key: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Token {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_an_event_can_be_polled(mem0: Mem0, service: Service) -> None:
    added = mem0.add(OSLO, user_id="alice")
    event = sent(service, mem0.key, "GET", f"/v1/event/{added['event_id']}/")
    assert (event["status"], event["event_type"], event["results"]) == ("SUCCEEDED", "ADD", added["results"])
    assert sent(service, mem0.key, "GET", "/v1/events/")["results"] == [event]


def test_older_paths(mem0: Mem0, service: Service) -> None:
    said = {"messages": [{"role": "user", "content": TEA}], "user_id": "alice", "infer": False}
    added = sent(service, mem0.key, "POST", "/v1/memories/", said)
    (memory,) = sent(service, mem0.key, "GET", "/v1/memories/?user_id=alice")
    assert (memory["id"], memory["memory"]) == (added["results"][0]["id"], TEA)
    assert sent(service, mem0.key, "POST", "/v2/memories/", ALICE) == [memory]
    assert sent(service, mem0.key, "POST", "/v2/memories/?page=1&page_size=5", ALICE)["results"] == [memory]
    for path in ("/v1/memories/search/", "/v2/memories/search/"):
        (found,) = sent(service, mem0.key, "POST", path, {"query": "tea", "user_id": "alice"})
        assert found["id"] == memory["id"]
        body = {"query": "tea", "output_format": "v1.1", **ALICE}
        assert sent(service, mem0.key, "POST", path, body) == {"results": [found]}
