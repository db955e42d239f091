"""How often and how long a write is worked on: time limits, killed workers, and writes with many facts."""

from __future__ import annotations

import datetime as dt
import os
import signal
from typing import Any

import pytest
from celery import current_app
from django.core.management import call_command

from core import redis
from core.clock import now
from memories import tasks
from memories.models import Memory, Outcome, WriteQueue
from memories.pipeline import apply, attempts, owner_pass, write_queue, writes
from memories.types import SourceState
from memproject.celery import app
from tests import build
from tests.build import Caller, caller, source_of

API = "/api/v1/memories"
OAK = "The treasure lies under the oak"


class KilledError(BaseException):
    """As `kill -9`: nothing that follows is done."""


@pytest.fixture
def owner(no_worker: None) -> Caller:
    return caller()


def work(body: dict[str, Any]) -> None:
    build.work(source_of(body))


def one_pass(body: dict[str, Any]) -> None:
    build.one_pass(source_of(body))


def event(owner: Caller, body: dict[str, Any]) -> dict[str, Any]:
    return dict(owner.get(f"/api/v1/events/{body['event_id']}").json())


def out_of_time(*_: Any, **__: Any) -> None:
    """What Celery sends to a process whose task has reached its soft limit, to code that catches every Exception."""
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
    except Exception:
        pytest.fail("the time limit was swallowed")


def expire_lease(body: dict[str, Any]) -> None:
    queue = build.queue(source_of(body))
    past = now() - dt.timedelta(seconds=1)
    WriteQueue.objects.filter(tenant=queue.tenant_id, id=queue.id).update(lease_until=past, due_at=past)


def lose(body: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker takes the write and is killed; its lease runs out."""

    def killed(*_: Any, **__: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(writes, "read", killed)
        with pytest.raises(KilledError):
            work(body)
    expire_lease(body)


def test_a_write_that_runs_out_of_time_is_set_aside_after_three_attempts(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = owner.accept(OAK)
    with monkeypatch.context() as patch:
        patch.setattr(writes, "extract", out_of_time)
        for _ in range(2):
            one_pass(body)
            assert source_of(body).state == SourceState.PENDING
            queue = build.queue(source_of(body))
            assert (queue.lease_until, queue.is_slow) == (None, True)
        one_pass(body)
    source = source_of(body)
    assert (source.state, source.attempts, source.text) == (SourceState.FAILED, 3, OAK)
    told = event(owner, body)
    assert (told["status"], told["error"]) == ("failed", "timed_out")
    assert owner.recalled("treasure oak") == [OAK]
    work(body)
    assert source_of(body).attempts == 3
    redis.client().flushdb()
    call_command("retry_failed_writes")
    work(body)
    assert event(owner, body)["status"] == "succeeded"


def test_a_write_whose_worker_is_killed_is_set_aside_after_three_attempts(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = owner.accept(OAK)
    for _ in range(3):
        lose(body, monkeypatch)
    work(body)
    told = event(owner, body)
    assert (told["status"], told["error"]) == ("failed", "worker_lost")
    assert owner.recalled("treasure oak") == [OAK]
    assert not Memory.objects.filter(tenant=owner.row.tenant_id).exists()


def test_both_kinds_of_lost_attempts_count(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = owner.accept(OAK)
    lose(body, monkeypatch)
    monkeypatch.setattr(writes, "extract", out_of_time)
    one_pass(body)
    assert source_of(body).state == SourceState.PENDING
    one_pass(body)
    assert event(owner, body)["error"] == "timed_out"


def test_a_killed_worker_costs_nothing_else(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = owner.accept(OAK)
    lose(body, monkeypatch)
    lose(body, monkeypatch)
    work(body)
    assert event(owner, body)["status"] == "succeeded"
    assert owner.recalled("treasure oak") == [OAK]


def test_running_out_of_time_in_the_transaction_undoes_it(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = owner.accept(OAK)
    with monkeypatch.context() as patch:
        patch.setattr(apply, "_finish", out_of_time)
        one_pass(body)
    assert not Memory.objects.filter(tenant=owner.row.tenant_id).exists()
    assert not Outcome.objects.filter(tenant=owner.row.tenant_id).exists()
    work(body)
    assert event(owner, body)["status"] == "succeeded"
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 1


def test_the_signal_means_what_it_meant_before_once_a_write_is_done(owner: Caller) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    work(owner.accept(OAK))
    assert signal.getsignal(signal.SIGUSR1) is before


# --- many facts ------------------------------------------------------------------------------------------------------
FACTS = [f"The code of locker {number} is {number * 7919}" for number in range(12)]
REPEATED = [*FACTS[:7], FACTS[1], *FACTS[7:], FACTS[8]]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_pass, "MAX_STATEMENTS", 5)


def killed_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """The worker is killed when so many batches are applied."""
    really, done = apply.commit, []

    def then_killed(*args: Any, **named: Any) -> None:
        if len(done) == batches:
            raise KilledError
        really(*args, **named)
        done.append(True)

    monkeypatch.setattr(apply, "commit", then_killed)


def all_there_once(owner: Caller, body: dict[str, Any]) -> None:
    told = event(owner, body)
    assert (told["status"], told["memory_id"]) == ("succeeded", body["id"])
    assert [m["content"] for m in told["memories"]] == REPEATED
    adds = [m["content"] for m in told["memories"] if m["action"] == "ADD"]
    assert adds == FACTS
    assert told["memories"][0]["id"] == body["id"]
    source = source_of(body)
    positions = Outcome.objects.filter(tenant=source.tenant_id, source_key=source.id).values_list("position", flat=True)
    assert sorted(positions) == list(range(len(REPEATED)))
    assert source.result["facts"] == len(REPEATED)
    listed = owner.get(f"{API}?limit=100").json()
    assert sorted(m["content"] for m in listed["memories"]) == sorted(FACTS)
    assert owner.get(f"{API}/{body['id']}").json()["content"] == FACTS[0]


def test_the_limit_of_facts_is_500() -> None:
    assert owner_pass.MAX_STATEMENTS == 500


@pytest.mark.usefixtures("batches")
def test_a_write_with_many_facts_is_applied_in_batches(owner: Caller) -> None:
    body = owner.accept(". ".join(REPEATED) + ".")
    work(body)
    all_there_once(owner, body)


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize("applied", [0, 1, 2])
def test_a_write_that_is_killed_between_batches_goes_on(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, applied: int
) -> None:
    body = owner.accept(". ".join(REPEATED) + ".")
    with monkeypatch.context() as patch:
        killed_after(patch, applied)
        with pytest.raises(KilledError):
            work(body)
    expire_lease(body)
    source = source_of(body)
    shown = owner.get(f"{API}/{body['id']}").json()
    assert shown["content"] == (FACTS[0] if applied else source.text)
    assert event(owner, body)["memory_id"] == body["id"]
    # What is not applied yet is found by the text's words.
    assert any(FACTS[11] in text for text in owner.recalled("locker 11"))
    work(body)
    all_there_once(owner, body)


@pytest.mark.usefixtures("batches")
def test_a_write_that_advances_is_not_set_aside(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = [f"The code of locker {number} is {number * 7919}" for number in range(40)]
    body = owner.accept(". ".join(facts) + ".")
    for _ in range(7):
        with monkeypatch.context() as patch:
            killed_after(patch, 1)
            with pytest.raises(KilledError):
                work(body)
        expire_lease(body)
    work(body)
    assert event(owner, body)["status"] == "succeeded"
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 40


@pytest.mark.usefixtures("batches")
def test_a_write_that_is_set_aside_in_the_middle_goes_on_when_it_is_retried(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = owner.accept(". ".join(REPEATED) + ".")
    with monkeypatch.context() as patch:
        killed_after(patch, 1)
        with pytest.raises(KilledError):
            work(body)
    expire_lease(body)
    for _ in range(2):
        lose(body, monkeypatch)
    work(body)
    assert event(owner, body)["error"] == "worker_lost"
    assert any(FACTS[11] in text for text in owner.recalled("locker 11"))
    call_command("retry_failed_writes")
    work(body)
    all_there_once(owner, body)


@pytest.mark.usefixtures("batches")
def test_two_workers_on_one_write_apply_each_batch_once(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = owner.accept(". ".join(REPEATED) + ".")
    really, busy = apply.commit, []

    def overtaken(*args: Any, **named: Any) -> None:
        if not busy:
            busy.append(True)
            expire_lease(body)
            work(body)
        really(*args, **named)

    monkeypatch.setattr(apply, "commit", overtaken)
    work(body)
    all_there_once(owner, body)


# --- leases, queues and limits ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["store", "update", "supersede"])
def test_a_text_is_read_under_a_lease_that_lasts_as_long_as_the_attempt(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    body = owner.accept(OAK)
    if kind != "store":
        work(body)
        path = f"{API}/{body['id']}"
        change = {"content": "The treasure lies under the elm"}
        asked = owner.patch(path, change) if kind == "update" else owner.post(f"{path}/supersede", change)
        body = asked.json()
    name = "extract" if kind == "store" else "graph_of"
    really, left = getattr(writes, name), []

    def looked_at(*args: Any, **named: Any) -> Any:
        left.append((build.queue(source_of(body)).lease_until - now()).total_seconds())
        return really(*args, **named)

    monkeypatch.setattr(writes, name, looked_at)
    queue = build.queue(source_of(body))
    owner_pass.run_long(queue.tenant_id, queue.id, 300)
    assert event(owner, body)["status"] == "succeeded"
    assert left[0] > 300


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The task and the queue of each message."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(write_queue, "enqueue_on_commit", lambda task, *_, queue: found.append((task, queue)))
    return found


QUICK, LONG = ("memories.tasks.run_owner", "store"), ("memories.tasks.run_owner_long", "long")


def test_a_long_text_does_not_go_where_others_wait(owner: Caller, sent: list[tuple[str, str]]) -> None:
    for length in (20_000, 20_001):
        owner.accept("a" * length, user_id=f"user{length}")
    assert sent == [QUICK, LONG]


def test_a_worker_that_others_wait_for_leaves_a_long_text_and_those_behind_it(
    owner: Caller, sent: list[tuple[str, str]]
) -> None:
    first, long, last = (owner.accept(text) for text in (OAK, "a" * 20_001, "I live in Oslo"))
    queue = build.queue(source_of(first))
    WriteQueue.objects.filter(tenant=queue.tenant_id, id=queue.id).update(is_slow=False)
    sent.clear()
    tasks.run_owner(str(queue.tenant_id), str(queue.id))
    assert [event(owner, body)["status"] for body in (first, long, last)] == ["succeeded", "pending", "pending"]
    assert sent == [LONG]
    tasks.run_owner_long(str(queue.tenant_id), str(queue.id))
    assert event(owner, long)["status"] == "succeeded"
    work(last)
    assert event(owner, last)["status"] == "succeeded"
    assert build.queue(source_of(first)).is_slow is False


def test_a_tenant_whose_writes_run_out_of_time_leaves_the_others_workers(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, sent: list[tuple[str, str]]
) -> None:
    body = owner.accept(OAK)
    with monkeypatch.context() as patch:
        patch.setattr(writes, "extract", out_of_time)
        one_pass(body)
    other = owner.accept("I live in Rome", user_id="other")
    queue = build.queue(source_of(other))
    tasks.run_owner(str(queue.tenant_id), str(queue.id))
    assert sent[-1] == LONG
    assert event(owner, other)["status"] == "pending"
    tasks.run_owner_long(str(queue.tenant_id), str(queue.id))
    assert event(owner, other)["status"] == "succeeded"


def test_a_tenant_of_which_several_writes_run_out_of_time_pauses(owner: Caller, settings: Any) -> None:
    redis.fast_client().set(f"timeouts:{owner.row.tenant_id}", attempts.MAX_LOST + 1, ex=60)
    body = owner.accept(OAK)
    queue = build.queue(source_of(body))
    tasks.run_owner_long(str(queue.tenant_id), str(queue.id))
    assert (source_of(body).state, source_of(body).attempts) == (SourceState.PENDING, 0)
    assert build.queue(source_of(body)).due_at > now() + dt.timedelta(seconds=settings.WRITE_TIME_LIMIT_SECONDS - 60)
    redis.fast_client().delete(f"timeouts:{owner.row.tenant_id}")
    tasks.run_owner_long(str(queue.tenant_id), str(queue.id))
    assert event(owner, body)["status"] == "succeeded"


def test_every_task_has_time_limits() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}
    assert len(ours) > 8
    for name, task in ours.items():
        soft = task.soft_time_limit or app.conf.task_soft_time_limit
        hard = task.time_limit or app.conf.task_time_limit
        assert 0 < soft < hard <= 660, name
    assert (tasks.run_owner.soft_time_limit, tasks.run_owner_long.soft_time_limit) == (30, 300)
