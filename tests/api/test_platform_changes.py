"""Changes, times, exports and messages of errors in the dialect of mem0's clients."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest
import time_machine

from core.ids import public
from tests import build
from tests.api.test_platform import TEA, add, everything, post, send
from tests.api.test_refusals import assert_nothing_written
from tests.build import Caller

UNKNOWN = "mem_" + "0" * 32


def memory(caller: Caller, key: str) -> dict[str, Any]:
    found: dict[str, Any] = send(caller, "GET", f"/v1/memories/{key}/").json()
    return found


def history(caller: Caller, key: str) -> list[tuple[str, str | None, str | None]]:
    found = send(caller, "GET", f"/v1/memories/{key}/history/").json()
    return [(entry["event"], entry["old_memory"], entry["new_memory"]) for entry in found]


# --- feedback --------------------------------------------------------------------------------------------------------
def test_feedback_is_no_update_in_the_history(owner: Caller) -> None:
    key = add(owner, TEA, user_id="ann")
    said: list[dict[str, Any]] = [
        {"feedback": None},
        *[{"feedback": "POSITIVE"}] * 3,
        *[{"feedback": "NEGATIVE", "feedback_reason": "It is wrong."}] * 2,
        *[{"feedback": None}] * 2,
        {"feedback": "POSITIVE"},
    ]
    for one in said:
        answer = post(owner, "/v1/feedback/", {"memory_id": key, **one})
        assert answer == {"id": key, "feedback": None, "feedback_reason": None, **one}
    assert history(owner, key) == [("ADD", None, TEA)]
    send(owner, "PUT", f"/v1/memories/{key}/", {"metadata": {"a": 1}})
    assert history(owner, key) == [("ADD", None, TEA), ("UPDATE", TEA, TEA)]


def test_the_same_feedback_again_writes_nothing(owner: Caller) -> None:
    key = add(owner, TEA, user_id="ann")
    for _ in range(3):
        post(owner, "/v1/feedback/", {"memory_id": key, "feedback": "POSITIVE"})
    assert len(owner.get(f"/api/v1/memories/{key}/history").json()["revisions"]) == 2


# --- batches ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("unknown", [UNKNOWN, "nonsense"])
def test_a_batch_with_an_unknown_memory_changes_nothing(owner: Caller, unknown: str) -> None:
    key = add(owner, TEA, user_id="ann")
    for method, fields in (("DELETE", {}), ("PUT", {"text": "another"})):
        named = [{"memory_id": one, **fields} for one in (key, unknown)]
        answer = send(owner, method, "/v1/batch/", {"memories": named})
        assert answer.status_code == 404
        assert answer.json() == {
            "detail": f"Memory with ID '{unknown}' not found",
            "error": "Memory not found!",
            "code": "memory_not_found",
            "details": {},
        }
    assert everything(owner) == [TEA]


def test_a_batch_names_a_memory_twice(owner: Caller) -> None:
    key = add(owner, TEA, user_id="ann")
    answer = send(owner, "DELETE", "/v1/batch/", {"memories": [{"memory_id": key}] * 2})
    assert answer.json() == {"message": "Successfully deleted 1 memories"}
    assert everything(owner) == []


def test_a_batch_updates_the_expiration_date(owner: Caller) -> None:
    first, second, third = (add(owner, text, user_id="ann", expiration_date="2999-01-31") for text in "123")
    changes = [
        {"memory_id": first, "expiration_date": "2998-02-03"},
        {"memory_id": second, "expiration_date": None, "metadata": {"a": 1}},
        {"memory_id": third, "text": "three", "expiration_date": "2998-02-04"},
    ]
    assert send(owner, "PUT", "/v1/batch/", {"memories": changes}).json() == {
        "message": "Successfully updated 3 memories"
    }
    found = [memory(owner, key) for key in (first, second, third)]
    assert [(one["memory"], one["expiration_date"], one["metadata"]) for one in found] == [
        ("1", "2998-02-03", {}),
        ("2", None, {"a": 1}),
        ("three", "2998-02-04", {}),
    ]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({}, "memories.1.text: send at least one of text, metadata, expiration_date, timestamp"),
        ({"expiration_date": "2020-01-01"}, "memories.1.expiration_date: must not lie in the past"),
        ({"expiration_date": "soon"}, "memories.1.expiration_date: must be a date such as 2030-01-31"),
    ],
)
def test_a_wrong_batch_changes_nothing(owner: Caller, change: dict[str, Any], detail: str) -> None:
    keys = [add(owner, text, user_id="ann") for text in "12"]
    named = [{"memory_id": keys[0], "expiration_date": "2998-02-03"}, {"memory_id": keys[1], **change}]
    answer = send(owner, "PUT", "/v1/batch/", {"memories": named})
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)
    assert [memory(owner, key)["expiration_date"] for key in keys] == [None, None]


# --- times -----------------------------------------------------------------------------------------------------------
def test_the_last_date_is_an_expiration_date(owner: Caller) -> None:
    key = add(owner, TEA, user_id="ann", expiration_date="9999-12-31")
    assert memory(owner, key)["expiration_date"] == "9999-12-31"
    for date in ("9999-12-30", "9999-12-31"):
        send(owner, "PUT", f"/v1/memories/{key}/", {"text": f"until {date}", "expiration_date": date})
        assert (memory(owner, key)["memory"], memory(owner, key)["expiration_date"]) == (f"until {date}", date)
    assert post(owner, "/v3/memories/search/", {"query": "until", "filters": {"user_id": "ann"}})["results"]
    assert owner.get(f"/api/v1/memories/{key}").json()["expires_at"] == "9999-12-31T23:59:59.999999Z"


MIDDAY = 1_764_504_000  # 2025-11-30T12:00:00Z


@pytest.mark.parametrize(
    ("between", "is_found"),
    [
        ({"end_date": "2025-11-30"}, True),
        ({"end_date": "20251130"}, True),
        ({"end_date": "2025-11-29"}, False),
        ({"end_date": "2025-11-30T00:00:00Z"}, False),
        ({"end_date": "9999-12-31"}, True),
        ({"start_date": "2025-11-30"}, True),
        ({"start_date": "2025-12-01"}, False),
        ({"start_date": "2025-11-30", "end_date": "2025-11-30"}, True),
        ({"start_date": 0}, True),
        ({"start_date": -1}, True),
        ({"end_date": 0}, False),
        ({"start_date": MIDDAY - 1, "end_date": MIDDAY + 60}, True),
        ({"start_date": (MIDDAY - 1) * 1000, "end_date": str(MIDDAY + 60)}, True),
        ({"start_date": MIDDAY + 60}, False),
        ({"end_date": MIDDAY - 1}, False),
    ],
)
def test_memories_between_two_dates(owner: Caller, between: dict[str, Any], is_found: bool) -> None:
    with time_machine.travel(dt.datetime.fromtimestamp(MIDDAY, dt.UTC)):
        add(owner, TEA, user_id="ann")
    for path in ("/v3/memories/", "/v2/memories/"):
        found = post(owner, path, {"filters": {"user_id": "ann"}, **between})
        assert len(found if isinstance(found, list) else found["results"]) == is_found


@pytest.mark.parametrize("value", [True, "soon", 1e15, -1e15, "1" * 400, [], {}])
def test_a_wrong_date_is_refused(owner: Caller, value: Any) -> None:
    for name in ("start_date", "end_date"):
        refused = post(owner, "/v3/memories/", {"filters": {"user_id": "ann"}, name: value}, 400)
        assert refused["details"] == {"field": name}


# --- exports ---------------------------------------------------------------------------------------------------------
def test_an_export_of_a_thousand_ids_can_be_fetched(owner: Caller) -> None:
    key = add(owner, TEA, user_id="ann")
    ids = [key, *(public("mem", uuid.uuid4()) for _ in range(999))]
    made = post(owner, "/v1/exports/", {"schema": "x", "filters": {"user_id": "ann", "memory_ids": ids}}, 201)
    found = post(owner, "/v1/exports/get/", {"memory_export_id": made["id"]})
    assert [one["memory"] for one in found["memories"]] == [TEA]


def test_an_export_that_cannot_be_fetched_is_refused(owner: Caller) -> None:
    ids = [[public("mem", uuid.uuid4()) for _ in range(1000)] for _ in range(8)]
    filters = {"OR": [{"memory_ids": some} for some in ids], "user_id": "ann"}
    refused = post(owner, "/v1/exports/", {"schema": "x", "filters": filters}, 400)
    assert refused["detail"] == "filters: must be shorter, since the id of the export has them"


@pytest.mark.parametrize(
    "condition",
    [
        {"user_id": "a\x00"},
        {"user_id": "\ud800"},
        {"app_id": "a\x00"},
        {"text": {"contains": "\x00"}},
        {"keywords": ["\ud800"]},
        {"categories": "\x00"},
        {"categories": {"in": ["\udfff"]}},
        {"metadata": {"k": "\x00"}},
        {"metadata": {"k": ["\x00"]}},
        {"metadata": {"\x00": 1}},
        {"metadata": {"\ud800": 1}},
        {"memory_ids": ["\x00"]},
        {"\ud800": 1},
    ],
)
def test_filters_that_the_database_refuses_make_no_export(owner: Caller, condition: dict[str, Any]) -> None:
    body = json.dumps({"schema": "x", "filters": condition})
    made = send(owner, "POST", "/v1/exports/", body)
    if made.status_code == 201:  # such an id of a memory is unknown
        assert condition == {"memory_ids": ["\x00"]}
        assert post(owner, "/v1/exports/get/", {"memory_export_id": made.json()["id"]})["count"] == 0
    else:
        assert made.status_code == 400


def test_an_export_of_another_project_is_refused(eager: None) -> None:
    key = build.caller(project_ids=["p1", "p2"])
    for project, status in ((None, 400), ("p3", 403), ("p1", 201)):
        post(key, "/v1/exports/", {"schema": "x", "filters": {"user_id": "ann"}, "project_id": project}, status)


# --- messages of errors ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("/v3/memories/add/", {}, "messages: is required"),
        ("/v3/memories/add/", {"messages": None}, "messages: must not be null"),
        ("/v3/memories/add/", {"messages": []}, "messages: must not be empty"),
        ("/v3/memories/add/", {"messages": {"role": "user"}}, "messages: must be a list"),
        ("/v3/memories/add/", {"messages": [1]}, "messages.0: must be a JSON object"),
        ("/v3/memories/", {"user_id": "x" * 129}, "user_id: must have at most 128 characters"),
        ("/v3/memories/", {"fields": "memory"}, "fields: must be a list"),
        ("/v3/memories/", {"fields": ["memory"] * 51}, "fields: must have at most 50 items"),
        ("/v3/memories/", {"categories": [None]}, "categories.0: must not be null"),
        ("/v3/memories/search/", {"query": None}, "query: must not be null"),
        ("/v3/memories/search/", {}, "query: is required"),
        ("/v3/memories/search/", {"query": "q" * 10_001}, "query: must have at most 10000 characters"),
        ("/v1/exports/get/", {"memory_export_id": "x" * 100_001}, None),
        ("/v2/profiles/settings/", {"entities": None}, "entities: must not be null"),
        ("/v1/feedback/", {"feedback": "POSITIVE"}, "memory_id: is required"),
    ],
)
def test_messages_of_errors_are_plain(owner: Caller, path: str, body: dict[str, Any], detail: str | None) -> None:
    refused = post(owner, path, body, 400)
    assert refused["detail"] == (detail or "memory_export_id: must have at most 100000 characters")
    assert_nothing_written()


@pytest.mark.parametrize(
    ("memories", "detail"),
    [
        (None, "memories: must not be null"),
        ([], "memories: must not be empty"),
        ([{"memory_id": UNKNOWN}] * 1001, "memories: must have at most 1000 items"),
        ([{}], "memories.0.memory_id: is required"),
    ],
)
def test_messages_of_errors_of_a_batch_are_plain(owner: Caller, memories: Any, detail: str) -> None:
    for method in ("PUT", "DELETE"):
        assert send(owner, method, "/v1/batch/", {"memories": memories}).json()["detail"] == detail


def test_messages_of_errors_of_a_query_are_plain(owner: Caller) -> None:
    for value, expected in (("x", "must be a whole number"), ("9" * 1001, "must be a whole number"), ("0", None)):
        refused = send(owner, "GET", f"/v1/events/?page={value}").json()
        assert refused["detail"] == f"page: {expected or 'must be at least 1'}"


@pytest.mark.parametrize("date", ["0001-01-01", -62_135_596_800, 0, "9998-01-01"])
def test_early_and_late_dates_of_a_question(owner: Caller, date: Any) -> None:
    add(owner, TEA, user_id="ann")
    for query in ("What did she drink yesterday?", "What will she drink next year?", "Tea 20 years ago"):
        body = {"query": query, "filters": {"user_id": "ann"}, "reference_date": date, "threshold": 0}
        assert [one["memory"] for one in post(owner, "/v3/memories/search/", body)["results"]] == [TEA]
