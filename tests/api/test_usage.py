"""What recall finds is counted in the process, then in Redis, and added to the counters by a task."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisGone

from core import redis
from core.clock import UTC, now
from core.ids import MEMORY, new_id, parse
from core.monitoring import metrics
from memories.models import Memory, Usage
from memories.pipeline import recall_counters
from tests import build
from tests.build import Caller
from tests.conftest import ROOT
from tests.e2e.running import eventually

START = dt.datetime(2026, 3, 1, tzinfo=UTC)
NEVER = dt.datetime.min.replace(tzinfo=UTC)


def uses(caller: Caller) -> dict[uuid.UUID, int]:
    return dict(Usage.objects.filter(tenant=caller.row.tenant_id).values_list("memory_key", "uses"))


def key(stored: dict[str, Any]) -> uuid.UUID:
    found = parse(MEMORY, stored["id"])
    assert found is not None
    return found


def lost(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """By reason, from now on."""
    seen: Counter[str] = Counter()
    monkeypatch.setattr(metrics, "uses_lost", lambda reason, memories: seen.update({reason: memories}))
    return seen


# --- through the door ------------------------------------------------------------------------------------------------
def test_what_recall_finds_is_counted_when_it_is_flushed(owner: Caller) -> None:
    oslo, tea = owner.store("I live in Oslo"), owner.store("I drink tea")
    before = now()
    owner.recall("Where do I live?")
    owner.recall("I live in Oslo", limit=1)
    assert uses(owner) == {}
    assert recall_counters.flush() == 2
    assert uses(owner) == {key(oslo): 2, key(tea): 1}
    assert owner.get("/v1/memories/search?query=I+drink+tea&limit=1").status_code == 200
    assert owner.post("/api/v1/memories/recall", {"filters": {"memory_type": "fact"}}).status_code == 200
    assert current_app.tasks["memories.tasks.flush_usage"].apply().successful()
    assert uses(owner) == {key(oslo): 3, key(tea): 3}
    last = Usage.objects.filter(tenant=owner.row.tenant_id).values_list("last_used_at", flat=True)
    assert all(before < moment < now() for moment in last)
    assert recall_counters.flush() == 0


def test_other_reads_are_no_use(owner: Caller) -> None:
    stored = owner.store("I live in Oslo")
    for path in ("", "/" + stored["id"], "/" + stored["id"] + "/history"):
        assert owner.get("/api/v1/memories" + path).status_code == 200
    assert owner.recalled("Where?", user_id="somebody-else") == []
    assert recall_counters.flush() == 0
    assert uses(owner) == {}


def test_recall_writes_nothing_to_the_database(owner: Caller) -> None:
    owner.store("I live in Oslo")
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        assert owner.recalled("Where?") == ["User lives in Oslo"]
        assert owner.post("/api/v1/memories", {"content": "I drink tea"}).status_code == 500  # so it was in force
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
    assert recall_counters.flush() == 1


def test_a_pending_write_is_not_used(no_worker: None) -> None:
    owner = build.caller()
    assert owner.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 202
    assert owner.recalled("Oslo") == ["I live in Oslo"]
    assert recall_counters.flush() == 0


def test_erased_before_the_flush_nothing_is_left(owner: Caller) -> None:
    stored = owner.store("I live in Oslo")
    kept = owner.store("I drink tea")
    assert len(owner.recalled("I live in Oslo and drink tea")) == 2
    assert owner.delete("/api/v1/memories/" + stored["id"]).status_code == 200
    assert recall_counters.flush() == 1
    assert uses(owner) == {key(kept): 1}
    assert redis.client().exists(recall_counters.KEY) == 0


def test_erased_after_the_flush_nothing_is_left(owner: Caller) -> None:
    stored = owner.store("I live in Oslo")
    owner.recall("Where?")
    recall_counters.flush()
    owner.delete("/api/v1/memories/" + stored["id"])
    assert uses(owner) == {}


def test_one_tenants_list_counts_nobody_elses_memory(owner: Caller, stranger: Caller) -> None:
    stored = owner.store("I live in Oslo")
    recall_counters.count_recalled(stranger.row.tenant_id, [key(stored)], now())
    assert recall_counters.flush() == 1
    assert (uses(owner), uses(stranger)) == ({}, {})


# --- Redis away, or full ---------------------------------------------------------------------------------------------
@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a server that lets everybody in and answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
    redis.fast_client.cache_clear()


def test_without_redis_recall_answers_and_the_use_is_lost(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Any:
        raise RedisGone

    owner.store("I live in Oslo")
    monkeypatch.setattr(redis, "fast_client", gone)
    seen = lost(monkeypatch)
    assert owner.recalled("Where?") == ["User lives in Oslo"]
    recall_counters.send()
    assert seen == {"redis_unavailable": 1}
    assert recall_counters.flush() == 0
    assert uses(owner) == {}


def test_a_redis_that_does_not_answer_is_not_waited_for(
    owner: Caller, deaf: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.store("I live in Oslo")
    settings.REDIS_URL = deaf
    redis.fast_client.cache_clear()
    seen = lost(monkeypatch)
    assert owner.recalled("Where?") == ["User lives in Oslo"]
    recall_counters.send()
    assert seen == {"redis_unavailable": 1}
    assert redis.fast_client().connection_pool.connection_kwargs["socket_timeout"] < 1


def test_what_waits_is_bounded(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall_counters, "MAX_PENDING", 2)
    stored = owner.store("I live in Oslo")
    seen = lost(monkeypatch)
    for _ in range(5):
        owner.recall("Where?")
    recall_counters.send()
    assert seen == {"full": 3}
    assert recall_counters.flush() == 2
    assert uses(owner) == {key(stored): 2}


def test_a_recall_asks_redis_nothing_and_the_uses_are_sent_within_seconds(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = owner.store("I live in Oslo")
    client, here = redis.fast_client, threading.current_thread()

    def elsewhere() -> Any:
        assert threading.current_thread() is not here, "a recall asked Redis"
        return client()

    with monkeypatch.context() as patch:
        patch.setattr(redis, "fast_client", elsewhere)
        patch.setattr(recall_counters, "SEND_SECONDS", 3600.0)
        recall_counters.count_recalled(owner.row.tenant_id, [key(stored)], now())
        for _ in range(3):
            owner.recall("Where?")
    recall_counters.send()
    assert redis.client().llen(recall_counters.KEY) == 4
    monkeypatch.setattr(recall_counters, "SEND_SECONDS", 0.01)
    owner.recall("Where?")
    eventually(lambda: redis.client().llen(recall_counters.KEY) == 5)
    assert recall_counters.flush() == 5
    assert uses(owner) == {key(stored): 5}


def test_what_a_process_collects_is_bounded(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall_counters, "MAX_COLLECTED", 2)
    monkeypatch.setattr(recall_counters, "SEND_SECONDS", 3600.0)
    stored = owner.store("I live in Oslo")
    seen = lost(monkeypatch)
    for _ in range(5):
        recall_counters.count_recalled(owner.row.tenant_id, [key(stored), new_id()], now())
    assert seen == {"full": 6}
    assert recall_counters.flush() == 2
    assert uses(owner) == {key(stored): 2}


def test_a_process_that_ends_sends_its_uses(owner: Caller) -> None:
    stored = owner.store("I live in Oslo")
    program = (
        "import django; django.setup()\n"
        "from core.clock import now; from memories.pipeline import recall_counters; from uuid import UUID\n"
        f"recall_counters.count_recalled(UUID('{owner.row.tenant_id}'), [UUID('{key(stored)}')], now())"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "memproject.settings", "REDIS_URL": django_settings.REDIS_URL}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=env, check=True)
    assert recall_counters.flush() == 1
    assert uses(owner) == {key(stored): 1}


# --- several at once, and dying --------------------------------------------------------------------------------------
def test_flushes_at_once_count_once(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall_counters, "BATCH_SIZE", 3)
    stored = owner.store("I live in Oslo")
    for _ in range(50):
        recall_counters.count_recalled(owner.row.tenant_id, [key(stored)], now())
    start = threading.Barrier(4)

    def run() -> int:
        try:
            start.wait()
            return recall_counters.flush()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        flushed = [pool.submit(run) for _ in range(4)]
    assert sum(f.result() for f in flushed) + recall_counters.flush() == 50
    assert uses(owner) == {key(stored): 50}


def test_a_flush_that_dies_leaves_all_to_the_next(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(Exception):
        pass

    def dies(*_: Any) -> None:
        raise Died

    stored = owner.store("I live in Oslo")
    owner.recall("Where?")
    with monkeypatch.context() as patch:
        patch.setattr(recall_counters, "_add", dies)
        with pytest.raises(Died):
            recall_counters.flush()
    assert uses(owner) == {}
    assert recall_counters.flush() == 1
    assert uses(owner) == {key(stored): 1}


def test_a_flush_that_loses_redis_half_way_counts_once(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> None:
        raise RedisGone

    stored = owner.store("I live in Oslo")
    owner.recall("Where?")
    with monkeypatch.context() as patch:
        patch.setattr(redis.fast_client(), "ltrim", gone)
        assert recall_counters.flush() == 0
    assert uses(owner) == {}
    assert recall_counters.flush() == 1
    assert uses(owner) == {key(stored): 1}


def test_a_flush_neither_waits_for_an_erasure_nor_stops_it(owner: Caller) -> None:
    going, kept = owner.store("I live in Oslo"), owner.store("I drink tea")
    recall_counters.count_recalled(owner.row.tenant_id, [key(going), key(kept)], now())

    def flush() -> int:
        try:
            return recall_counters.flush()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Memory.objects.filter(tenant=owner.row.tenant_id, id=key(kept)).update(pinned=True)  # locks, but not the key
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM memories_memory WHERE tenant_id = %s AND id = %s FOR UPDATE",
                [owner.row.tenant_id, key(going)],
            )
        assert pool.submit(flush).result(30) == 1
    assert uses(owner) == {key(kept): 1}
    assert owner.delete("/api/v1/memories/" + going["id"]).status_code == 200


# --- sums ------------------------------------------------------------------------------------------------------------
@given(
    recalls=st.lists(
        st.tuples(st.integers(0, 1), st.sets(st.integers(0, 3), min_size=1), st.integers(0, 10**9)), max_size=20
    ),
    batch=st.integers(1, 7),
    flushes=st.sets(st.integers(0, 20)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_hold_the_sums_of_what_was_used(
    eager: None,
    recalls: list[tuple[int, set[int], int]],
    batch: int,
    flushes: set[int],
) -> None:
    """Whatever was recalled, in whatever order of time, batches and flushes."""
    tenants = [build.tenant("one").id, build.tenant("two").id]
    memories = [[new_id() for _ in range(3)] for _ in tenants]  # number 3 is not there
    for tenant, mine in zip(tenants, memories, strict=True):
        Memory.objects.bulk_create(Memory(id=m, tenant_id=tenant, project="default", user_id="ann") for m in mine)
    counts: Counter[uuid.UUID] = Counter()
    latest: dict[uuid.UUID, dt.datetime] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recall_counters, "BATCH_SIZE", batch)
        for place, (which, found, microseconds) in enumerate(recalls):
            moment = START + dt.timedelta(microseconds=microseconds)
            recall_counters.count_recalled(tenants[which], [(memories[which] + [new_id()])[n] for n in found], moment)
            for memory in (memories[which][n] for n in found if n < 3):
                counts[memory] += 1
                latest[memory] = max(latest.get(memory, NEVER), moment)
            if place in flushes:
                recall_counters.flush()
        recall_counters.flush()
    rows = [
        row
        for tenant, mine in zip(tenants, memories, strict=True)
        for row in Usage.objects.filter(tenant=tenant, memory_key__in=mine)
    ]
    assert {row.memory_key: (row.uses, row.last_used_at) for row in rows} == {m: (counts[m], latest[m]) for m in counts}
