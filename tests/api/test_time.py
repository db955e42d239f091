"""The past and what fades, through the doors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from celery import current_app
from django.db import connection, connections

from apikeys.scopes import Role
from core.advisory_lock import try_advisory_lock
from core.clock import UTC, iso
from core.ids import MEMORY, parse
from memories.models import Erasure, Memory
from memories.pipeline import decay_cleanup, expire, recall_counters
from tests import build
from tests.build import Caller

API, V1, TEMPORAL = "/api/v1/memories", "/v1/memories", "/api/v1/temporal"
START = dt.datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as travel:
        yield travel


def then(moment: dt.datetime) -> dict[str, str]:
    return {"as_of": iso(moment)}


# --- what was known --------------------------------------------------------------------------------------------------
def test_an_old_version_is_found_by_its_own_words(owner: Caller, clock: Any) -> None:
    stored = owner.store("John keeps bees in Oslo", metadata={"a": 1})["id"]
    owner.store("Ann paints boats")
    clock.move_to(START + DAY, tick=False)
    changed = {"content": "John sails from Rome", "metadata": {"a": 2}}
    assert owner.patch(f"{API}/{stored}", changed).status_code == 200
    (hit, *_) = owner.recall("Who keeps bees in Oslo?", **then(START))["memories"]
    assert (hit["id"], hit["content"], hit["metadata"]) == (stored, "John keeps bees in Oslo", {"a": 1})
    assert "John keeps bees in Oslo" not in owner.recalled("Who keeps bees in Oslo?")
    assert "John sails from Rome" not in owner.recalled("Who sails from Rome?", **then(START))
    shown = owner.get(f"{V1}/{stored}?{urlencode(then(START))}&include=history,embedding").json()["data"]
    assert [r["content"] for r in shown["history"]] == ["John keeps bees in Oslo"]
    assert shown["history"][0]["retired_at"] is None
    assert shown["embedding"] != owner.get(f"{V1}/{stored}?include=embedding").json()["data"]["embedding"]
    filtered = owner.post(f"{API}/recall", {"filters": {"a": 1}, **then(START)}).json()["memories"]
    assert [m["id"] for m in filtered] == [stored]


def test_who_took_over_is_told_from_then_on(owner: Caller, clock: Any) -> None:
    old = owner.store("John works at Google")["id"]
    clock.move_to(START + DAY, tick=False)
    successor = owner.post(f"{API}/{old}/supersede", {"content": "John works at Apple"}).json()["id"]
    before = owner.get(f"{API}/{old}?{urlencode(then(START))}").json()
    after = owner.get(f"{API}/{old}?{urlencode(then(START + DAY))}").json()
    assert (before["status"], before["superseded_by"]) == ("active", None)
    assert (after["status"], after["superseded_by"]) == ("superseded", successor)
    assert owner.get(f"{API}/{successor}?{urlencode(then(START))}").status_code == 404
    both = owner.recalled("Where does John work?", include_superseded=True, **then(START + DAY))
    assert set(both) == {"John works at Google", "John works at Apple"}


def test_erased_is_gone_from_the_past(owner: Caller, clock: Any) -> None:
    stored = owner.store("John keeps bees")["id"]
    clock.move_to(START + DAY, tick=False)
    assert owner.recalled("bees", **then(START)) == ["John keeps bees"]
    assert owner.delete(f"{API}/{stored}").status_code == 200
    assert owner.recalled("bees", **then(START)) == []
    assert owner.get(f"{API}/{stored}?{urlencode(then(START))}").status_code == 404


@pytest.mark.parametrize("strict", [False, True])
def test_expired_is_gone_from_the_past_cleaned_or_not(owner: Caller, clock: Any, settings: Any, strict: bool) -> None:
    settings.STRICT_MODE = strict
    stored = owner.store("John keeps bees", ttl="1d")["id"]
    path = f"{API}/{stored}?{urlencode(then(START))}"
    clock.move_to(START + DAY - dt.timedelta(microseconds=1), tick=False)
    assert owner.recalled("bees", **then(START)) == ["John keeps bees"]
    assert owner.get(f"{API}/{stored}?{urlencode(then(START - DAY))}").status_code == 404
    clock.move_to(START + DAY, tick=False)
    assert owner.recalled("bees", **then(START)) == []
    assert owner.get(path).status_code == (410 if strict else 404)
    assert expire.run_for_all_tenants() == 1
    assert owner.get(path).status_code == 404


def test_what_waits_is_not_in_the_past(no_worker: None) -> None:
    caller = build.caller()
    accepted = caller.post(API, {"content": "John keeps bees"})
    assert accepted.status_code == 202
    late = then(dt.datetime.now(UTC) + dt.timedelta(seconds=30))
    assert caller.recalled("bees") == ["John keeps bees"]
    assert caller.recalled("bees", **late) == []
    assert caller.post(f"{API}/recall", {"filters": {"NOT": [{"a": 1}]}, **late}).json()["memories"] == []
    assert caller.get(f"{API}/{accepted.json()['id']}?{urlencode(late)}").status_code == 404


def test_what_will_be_true(owner: Caller, clock: Any) -> None:
    old = owner.store("John works at Google")["id"]
    moves = {"content": "John works at Apple", "valid_from": iso(START + 9 * DAY)}
    clock.move_to(START + DAY, tick=False)
    assert owner.post(f"{API}/{old}/supersede", moves).status_code == 201
    assert owner.recalled("John", valid_at=iso(START + 8 * DAY)) == ["John works at Google"]
    assert owner.recalled("John", valid_at=iso(START + 9 * DAY)) == ["John works at Apple"]
    assert owner.recalled("John", valid_at=iso(START - DAY)) == []
    assert owner.recalled("John", valid_at=iso(START + 9 * DAY), **then(START)) == ["John works at Google"]


# --- what fades ------------------------------------------------------------------------------------------------------
def faded(owner: Caller, clock: Any) -> dict[str, str]:
    """Memories 300 days later: forgotten, pinned, important and recalled, about to expire, and a neighbour's."""
    ids = {
        "old": owner.store("An old thing", metadata={"a": 1})["id"],
        "pinned": owner.store("A pinned thing")["id"],
        "used": owner.store("A thing that is asked for")["id"],
        "brief": owner.store("A brief thing", ttl="200d")["id"],
    }
    assert owner.patch(f"{API}/{ids['pinned']}", {"pinned": True}).status_code == 200
    clock.move_to(START + 299 * DAY, tick=False)
    recall_counters.count_recalled(owner.row.tenant_id, [parse(MEMORY, ids["used"])], START + 299 * DAY)
    recall_counters.flush()
    clock.move_to(START + 300 * DAY, tick=False)
    ids["new"] = owner.store("A new thing")["id"]
    return ids


def test_the_report_and_the_parts_of_a_score(owner: Caller, clock: Any) -> None:
    ids = faded(owner, clock)
    report = owner.get(f"{TEMPORAL}/decay/report").json()
    counts = {name: report[name] for name in ("total_memories", "healthy", "decaying", "expired")}
    assert counts == {"total_memories": 4, "healthy": 3, "decaying": 0, "expired": 1}
    assert report["memories"][0] == {
        "id": ids["old"],
        "content": "An old thing",
        "decay_score": 0.035674,
        "last_accessed": None,
    }
    assert len(owner.get(f"{TEMPORAL}/decay/report?limit=1").json()["memories"]) == 1
    assert owner.get(f"{TEMPORAL}/decay/report?user_id=nobody").json()["total_memories"] == 0
    assert owner.get(f"{TEMPORAL}/memory/{ids['used']}/decay").json() == {
        "id": ids["used"],
        "content": "A thing that is asked for",
        "decay_score": 0.993459,
        "last_accessed": iso(START + 299 * DAY),
        "band": "healthy",
        "parts": {
            "idle_days": 1.0,
            "stability_days": 152.383246,
            "importance": 0.5,
            "importance_factor": 1.0,
            "uses": 1,
            "use_factor": 1.693147,
            "pinned": False,
        },
    }
    assert owner.get(f"{TEMPORAL}/memory/{ids['pinned']}/decay").json()["decay_score"] == 1.0
    assert owner.get(f"{TEMPORAL}/memory/{ids['brief']}/decay").status_code == 404
    scores = {m["id"]: m["decay_score"] for m in owner.recall("thing")["memories"]}
    assert scores == {ids["old"]: 0.035674, ids["pinned"]: 1.0, ids["used"]: 0.993459, ids["new"]: 1.0}
    shown = owner.get(f"{API}/{ids['used']}").json()
    assert (shown["uses"], shown["last_used_at"]) == (1, iso(START + 299 * DAY))


def test_the_clean_up_archives_what_has_decayed(owner: Caller, clock: Any) -> None:
    ids = faded(owner, clock)
    before = owner.get(f"{API}/{ids['old']}").json()
    expected = {"expired_deleted": 1, "decayed_archived": 1, "decayed_deleted": 0}
    for dry_run in (True, True, False):
        done = owner.post(f"{TEMPORAL}/cleanup", {"dry_run": dry_run})
        assert done.json() == {**expected, "dry_run": dry_run}
    assert owner.post(f"{TEMPORAL}/cleanup", {}).json() == {**dict.fromkeys(expected, 0), "dry_run": False}
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 4
    assert "An old thing" not in owner.recalled("an old thing")
    assert "An old thing" in owner.recalled("an old thing", archived=True)
    assert "An old thing" in owner.recalled("an old thing", **then(START + DAY))
    assert owner.get(f"{API}?archived=true").json()["total"] == 4
    assert owner.get(f"{API}").json()["total"] == 3
    archived = owner.get(f"{API}/{ids['old']}").json()
    assert archived["status"] == "archived"
    (last, _) = owner.get(f"{API}/{ids['old']}/history").json()["revisions"]
    assert (last["action"], last["reason"]) == ("ARCHIVE", "decayed")
    restored = owner.post(f"{API}/{ids['old']}/restore", {}).json()
    assert {**restored, "updated_at": None} == {**before, "updated_at": None}
    assert "An old thing" in owner.recalled("an old thing")
    assert decay_cleanup.run_for_all_tenants() == 0  # what was restored is fresh


def test_the_clean_up_erases_on_request(owner: Caller, clock: Any) -> None:
    ids = faded(owner, clock)
    done = owner.post(f"{TEMPORAL}/cleanup", {"archive": False, "dry_run": True}).json()
    assert done == {"expired_deleted": 1, "decayed_archived": 0, "decayed_deleted": 1, "dry_run": True}
    assert owner.post(f"{TEMPORAL}/cleanup", {"archive": False}).json() == {**done, "dry_run": False}
    assert owner.get(f"{API}/{ids['old']}").status_code == 404
    receipt = Erasure.objects.filter(tenant=owner.row.tenant_id).latest("requested_at")
    assert (receipt.scope, receipt.counts["memories"]) == ({"kind": "decayed"}, 1)


def test_a_clean_up_touches_the_callers_memories_alone(owner: Caller, clock: Any) -> None:
    owner.store("An old thing of Ann's", user_id="ann")
    owner.store("An old thing of Bob's", user_id="bob", project="red")
    clock.move_to(START + 300 * DAY, tick=False)
    for of in ({"user_id": "eve"}, {"project_ids": ["blue"]}, {"of": build.tenant()}):
        done = build.caller(**of).post(f"{TEMPORAL}/cleanup", {}).json()  # type: ignore[arg-type]
        assert done["decayed_archived"] == 0
    assert build.caller(user_id="ann").post(f"{TEMPORAL}/cleanup", {}).json()["decayed_archived"] == 1
    assert owner.recalled("thing", user_id="bob", project="red") == ["An old thing of Bob's"]
    assert build.caller(role=Role.VIEWER).post(f"{TEMPORAL}/cleanup", {}).status_code == 403


@pytest.mark.parametrize("body", [{"archive": "no"}, {"dry_run": 1}, []])
def test_a_wrong_clean_up_does_nothing(owner: Caller, clock: Any, body: Any) -> None:
    faded(owner, clock)
    assert owner.post(f"{TEMPORAL}/cleanup", body).status_code == 400
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 5


def test_the_clock_archives_in_every_tenant(owner: Caller, stranger: Caller, clock: Any) -> None:
    ids = [of.store("An old thing")["id"] for of in (owner, stranger)]
    clock.move_to(START + 300 * DAY, tick=False)
    assert current_app.tasks["memories.tasks.archive_decayed"].apply().successful()
    for of, memory in zip((owner, stranger), ids, strict=True):
        assert of.get(f"{API}/{memory}").json()["status"] == "archived"


# --- jobs that overlap, and reads that write nothing -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("job", "number"),
    [(expire.run_for_all_tenants, expire.JOB), (decay_cleanup.run_for_all_tenants, decay_cleanup.JOB)],
)
def test_a_job_that_overlaps_with_itself_does_nothing(owner: Caller, clock: Any, job: Any, number: int) -> None:
    faded(owner, clock)
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        assert job() == 0
        cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
    other.close()
    assert job() == 1


def test_a_job_leaves_its_lock_when_it_fails(transactional_db: None) -> None:
    with pytest.raises(ZeroDivisionError), try_advisory_lock(1):
        raise ZeroDivisionError
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(1)")
        assert cursor.fetchone() == (True,)
    other.close()


def test_recall_writes_no_row(owner: Caller) -> None:
    """By PostgreSQL's own counters, around a hundred recalls; a store shows that they would have moved."""
    for number in range(20):
        owner.store(f"Thing {number} of garden and tea")
    owner.recall("a garden")  # the key's last use is noted once a minute
    before = written()
    for number in range(100):
        assert owner.recall(f"garden {number}", explain=True)["total"] == 10
    assert written() == before
    owner.store("One more")
    assert written() > before


def written() -> int:
    """Rows inserted, updated and deleted in all tables but PostgreSQL's own, which autovacuum writes to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
        return int(cursor.fetchone()[0])
