"""What is accepted and not yet applied: found, shown as pending, erased when asked, applied later exactly once."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
from collections.abc import Iterator, Sequence

import pytest
import time_machine
from django.core.management import call_command

from core.clock import now
from core.errors import Unavailable
from memories.embeddings.local import LocalEmbedder
from memories.models import Memory, Revision, Source, WriteQueue
from memories.pipeline import attempts, write_queue, writes
from memories.types import Item, SourceState
from tests import build
from tests.build import Caller, caller, source_of


@pytest.fixture
def owner(no_worker: None) -> Caller:
    return caller()


def work(body: dict) -> None:
    """As a worker does, when the next attempt is due."""
    source = source_of(body)
    with time_machine.travel(source.next_attempt_at or now(), tick=False):
        build.work(source)


@contextlib.contextmanager
def provider_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def away(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr("memories.embeddings.registry.encoder", away)
        yield


def test_it_is_found_and_shown_and_then_applied(owner: Caller) -> None:
    body = owner.accept("The treasure lies under the oak. Bob owns the boat.")
    shown = owner.get(f"/api/v1/memories/{body['id']}").json()
    assert (shown["status"], shown["content"]) == ("pending", "The treasure lies under the oak. Bob owns the boat.")
    assert owner.recalled("treasure") == ["The treasure lies under the oak. Bob owns the boat."]
    assert owner.get(f"/api/v1/events/{body['event_id']}").json()["status"] == "pending"
    work(body)
    assert owner.get(f"/api/v1/memories/{body['id']}").json()["status"] == "active"
    assert set(owner.recalled("treasure")) == {"The treasure lies under the oak", "Bob owns the boat"}
    event = owner.get(f"/v1/events/{body['event_id']}").json()["data"]
    assert event["status"] == "succeeded"
    assert [r["event"] for r in event["results"]] == ["ADD", "ADD"]
    assert event["results"][0]["id"] == event["memory_id"] == body["id"]


def test_applying_twice_changes_nothing(owner: Caller) -> None:
    body = owner.accept("The treasure lies under the oak")
    work(body)
    work(body)
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 1


def test_a_client_may_ask_not_to_wait(owner: Caller) -> None:
    response = owner.post("/v1/memories", {"content": "I live in Oslo"}, Prefer="respond-async")
    assert response.status_code == 202
    data = response.json()["data"]
    assert response["Location"] == f"/v1/events/{data['event_id']}"
    assert data["status"] == "pending"


def test_a_pending_write_that_is_deleted_is_never_applied(owner: Caller) -> None:
    body = owner.accept("The treasure lies under the oak")
    assert owner.delete(f"/api/v1/memories/{body['id']}").json()["deleted_memories"] == 1
    work(body)
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 0
    assert source_of(body).text == ""
    assert owner.get(f"/api/v1/memories/{body['id']}").status_code == 404
    assert owner.recalled("treasure") == []


@pytest.mark.parametrize("door", ["user", "memory"])
def test_an_erasure_stops_a_write_in_flight(owner: Caller, monkeypatch: pytest.MonkeyPatch, door: str) -> None:
    """It comes while the worker embeds: what the worker then wants to write finds its Source gone, or blank."""
    body = owner.accept("The treasure lies under the oak", user_id="ann")
    encode, erased = LocalEmbedder.encode, []

    def erase_first(self: LocalEmbedder, texts: list[str]) -> object:
        path = "/v1/memories/user/ann" if door == "user" else f"/v1/memories/{body['id']}"
        erased.append(owner.delete(path).status_code)
        return encode(self, texts)

    monkeypatch.setattr(LocalEmbedder, "encode", erase_first)
    work(body)
    assert erased == [200]
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 0
    left = Source.objects.filter(tenant=owner.row.tenant_id).values_list("text", "payload")
    assert list(left) == ([] if door == "user" else [("", {})])


def test_a_pending_memory_cannot_be_changed_yet(owner: Caller) -> None:
    body = owner.accept("The treasure lies under the oak")
    assert owner.patch(f"/api/v1/memories/{body['id']}", {"content": "It lies elsewhere"}).status_code == 409
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 1


def test_two_workers_cannot_both_have_it(owner: Caller) -> None:
    queue = build.queue(source_of(owner.accept("The treasure lies under the oak")))
    assert write_queue.claim(queue.tenant_id, queue.id) is not None
    assert write_queue.claim(queue.tenant_id, queue.id) is None


def test_updates_are_applied_in_the_order_of_acceptance(owner: Caller) -> None:
    body = owner.accept("The code is one")
    work(body)
    path = f"/api/v1/memories/{body['id']}"
    last = [owner.patch(path, {"content": f"The code is {word}"}).json() for word in ("two", "three")][-1]
    assert owner.get(path).json()["content"] == "The code is one"
    work(last)
    assert owner.get(path).json()["content"] == "The code is three"
    contents = [r["content"] for r in owner.get(path + "/history").json()["revisions"]]
    assert contents == ["The code is three", "The code is two", "The code is one"]


def test_a_model_that_is_down_delays_and_loses_nothing(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = owner.accept("The treasure lies under the oak")
    with provider_away(monkeypatch):
        work(body)
    source = source_of(body)
    assert (source.state, source.failure, source.attempts) == (SourceState.PENDING, "unavailable", 1)
    assert source.next_attempt_at > source.accepted_at
    assert (build.queue(source).lease_until, build.queue(source).due_at) == (None, source.next_attempt_at)
    assert owner.recalled("treasure") == ["The treasure lies under the oak"]
    work(body)
    assert source_of(body).state == SourceState.APPLIED


def test_a_poisonous_write_is_set_aside_with_its_text(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = owner.accept("The treasure lies under the oak")
    monkeypatch.setattr("memories.pipeline.writes.extract", lambda *_, **__: 1 / 0)
    for _ in range(attempts.MAX_ATTEMPTS):
        work(body)
    source = source_of(body)
    assert (source.state, source.failure) == (SourceState.FAILED, "ZeroDivisionError")
    assert source.text == "The treasure lies under the oak"
    assert owner.recalled("treasure") == ["The treasure lies under the oak"]
    assert owner.get(f"/api/v1/events/{body['event_id']}").json()["status"] == "failed"
    monkeypatch.undo()
    call_command("retry_failed_writes", stdout=io.StringIO())
    work(body)
    assert source_of(body).state == SourceState.APPLIED
    assert owner.get(f"/api/v1/memories/{body['id']}").json()["status"] == "active"


def test_a_write_waits_for_an_earlier_one_that_a_provider_holds_up(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both need the same provider: nothing is applied out of order, and no attempt of the later one is counted."""
    first = owner.accept("The code is one")
    with provider_away(monkeypatch):
        work(first)
        later = owner.accept("The code is two")
        build.work(source_of(later))
    build.work(source_of(later))
    assert [source_of(body).state for body in (first, later)] == [SourceState.PENDING] * 2
    assert [source_of(body).attempts for body in (first, later)] == [1, 0]
    work(first)
    assert [source_of(body).state for body in (first, later)] == [SourceState.APPLIED] * 2
    history = Revision.objects.filter(tenant=owner.row.tenant_id, action="ADD").order_by("recorded_at")
    assert list(history.values_list("content", flat=True)) == ["The code is one", "The code is two"]


def test_a_write_that_fails_alone_holds_nobody_up(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = owner.accept("The poison is here"), owner.accept("The treasure lies under the oak")
    read = writes.extract

    def refuse(items: Sequence[Item], **named: object) -> object:
        if "poison" in items[0].content:
            raise ZeroDivisionError
        return read(items, **named)

    monkeypatch.setattr("memories.pipeline.writes.extract", refuse)
    work(bad)
    assert (source_of(bad).state, source_of(bad).failure) == (SourceState.PENDING, "ZeroDivisionError")
    assert source_of(good).state == SourceState.APPLIED


def test_a_write_that_kills_its_worker_is_set_aside_after_three_attempts(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = owner.accept("The treasure lies under the oak"), owner.accept("The poison is here")
    read, killed = writes.extract, []

    def kill(items: Sequence[Item], **named: object) -> object:
        if "poison" in items[0].content:
            killed.append(1)
            raise SystemExit
        return read(items, **named)

    monkeypatch.setattr("memories.pipeline.writes.extract", kill)
    for _ in range(6):
        with contextlib.suppress(SystemExit), time_machine.travel(build.queue(source_of(bad)).due_at or now()):
            build.work(source_of(bad))
    assert len(killed) == attempts.MAX_LOST
    assert (source_of(bad).state, source_of(bad).failure) == (SourceState.FAILED, "worker_lost")
    assert source_of(good).state == SourceState.APPLIED
    assert owner.recalled("poison")[0] == "The poison is here"
    assert owner.get(f"/api/v1/events/{bad['event_id']}").json()["status"] == "failed"


def test_the_sweep_enqueues_what_is_overdue_and_only_that(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    overdue = build.queue(source_of(owner.accept("The treasure lies under the oak")))
    source_of(owner.accept("I live in Oslo", user_id="another"))
    past = now() - dt.timedelta(seconds=1)
    WriteQueue.objects.filter(tenant=overdue.tenant_id, id=overdue.id).update(due_at=past)
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        "memories.pipeline.write_queue.enqueue_on_commit", lambda task, *ids, queue: sent.append((task, *ids, queue))
    )
    assert write_queue.sweep() == 1
    assert sent == [("memories.tasks.run_owner", overdue.tenant_id, overdue.id, "store")]
    assert write_queue.sweep() == 0


def test_a_clock_that_is_set_back_stops_no_repair(owner: Caller) -> None:
    """A lease and a due time of half an hour ahead are of another clock."""
    body = owner.accept("The treasure lies under the oak")
    queue = build.queue(source_of(body))
    with time_machine.travel(now() + dt.timedelta(minutes=30)):
        assert write_queue.claim(queue.tenant_id, queue.id) is not None
    assert write_queue.sweep() == 1
    build.work(source_of(body))
    assert source_of(body).state == SourceState.APPLIED


def test_an_owner_is_enqueued_once(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("memories.pipeline.write_queue.enqueue_on_commit", lambda task, *ids, queue: sent.append(queue))
    for number in range(3):
        owner.post("/api/v1/memories", {"content": f"I own {number} cats"}, Prefer="respond-async")
    assert sent == ["bulk"]
    owner.accept("I live in Oslo")
    assert sent == ["bulk", "store"]
    body = owner.accept("I like tea")
    assert sent == ["bulk", "store"]
    build.work(source_of(body))
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 5
    sent.clear()  # a slow pass asks for the next one
    owner.accept("I like coffee")
    assert sent == ["store"]
