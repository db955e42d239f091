"""What is accepted and not yet applied: found, shown as pending, erased when asked, applied later exactly once."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command

from memories.models import Memory, Source
from memories.pipeline import attempts, run, sweep
from memories.pipeline.attempts import claim
from memories.providers.local import LocalEmbedder
from memories.types import SourceState
from memproject.common.errors import Unavailable
from memproject.common.ids import parse
from memproject.common.tenancy import across_tenants
from tests.build import Caller, caller


@pytest.fixture
def owner(no_worker: None) -> Caller:
    return caller()


def accept(owner: Caller, content: str, **fields: object) -> dict:
    response = owner.post("/api/v1/memories", {"content": content, **fields})
    assert response.status_code == 202
    body = response.json()
    assert body["status"] == "pending"
    assert response["Location"] == f"/api/v1/events/{body['event_id']}"
    return body


def source_of(body: dict) -> Source:
    with across_tenants("a test"):
        return Source.objects.get(id=parse("evt", body["event_id"]))


def work(body: dict) -> None:
    source = source_of(body)
    run.run(source.tenant_id, source.id)


def test_it_is_found_and_shown_and_then_applied(owner: Caller) -> None:
    body = accept(owner, "The treasure lies under the oak. Bob owns the boat.")
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
    body = accept(owner, "The treasure lies under the oak")
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
    body = accept(owner, "The treasure lies under the oak")
    assert owner.delete(f"/api/v1/memories/{body['id']}").json()["deleted_memories"] == 1
    work(body)
    assert Memory.objects.filter(tenant=owner.row.tenant_id).count() == 0
    assert source_of(body).text == ""
    assert owner.get(f"/api/v1/memories/{body['id']}").status_code == 404
    assert owner.recalled("treasure") == []


@pytest.mark.parametrize("door", ["user", "memory"])
def test_an_erasure_stops_a_write_in_flight(owner: Caller, monkeypatch: pytest.MonkeyPatch, door: str) -> None:
    """It comes while the worker embeds: what the worker then wants to write finds its Source gone, or blank."""
    body = accept(owner, "The treasure lies under the oak", user_id="ann")
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
    body = accept(owner, "The treasure lies under the oak")
    assert owner.patch(f"/api/v1/memories/{body['id']}", {"content": "It lies elsewhere"}).status_code == 409
    assert Source.objects.filter(tenant=owner.row.tenant_id).count() == 1


def test_two_workers_cannot_both_have_it(owner: Caller) -> None:
    source = source_of(accept(owner, "The treasure lies under the oak"))
    assert claim(source.tenant_id, source.id, 30) is not None
    assert claim(source.tenant_id, source.id, 30) is None


def test_updates_are_applied_in_the_order_of_acceptance(owner: Caller) -> None:
    body = accept(owner, "The code is one")
    work(body)
    path = f"/api/v1/memories/{body['id']}"
    events = [owner.patch(path, {"content": f"The code is {word}"}).json()["event_id"] for word in ("two", "three")]
    later, earlier = (source_of({"event_id": event}) for event in reversed(events))
    run.run(later.tenant_id, later.id)
    assert owner.get(path).json()["content"] == "The code is one"
    run.run(earlier.tenant_id, earlier.id)
    run.run(later.tenant_id, later.id)
    assert owner.get(path).json()["content"] == "The code is three"
    contents = [r["content"] for r in owner.get(path + "/history").json()["revisions"]]
    assert contents == ["The code is three", "The code is two", "The code is one"]


def test_a_model_that_is_down_delays_and_loses_nothing(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = accept(owner, "The treasure lies under the oak")

    def down(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr("memories.providers.registry.encoder", down)
        work(body)
    source = source_of(body)
    assert (source.state, source.failure, source.attempts) == (SourceState.PENDING, "unavailable", 1)
    assert source.lease_until is None
    assert source.kick_at > source.accepted_at
    assert owner.recalled("treasure") == ["The treasure lies under the oak"]
    work(body)
    assert source_of(body).state == SourceState.APPLIED


def test_a_poisonous_write_is_set_aside_with_its_text(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    body = accept(owner, "The treasure lies under the oak")
    monkeypatch.setattr("memories.pipeline.store.extract", lambda *_, **__: 1 / 0)
    for _ in range(attempts.MAX_ATTEMPTS):
        work(body)
    source = source_of(body)
    assert (source.state, source.failure) == (SourceState.FAILED, "ZeroDivisionError")
    assert source.text == "The treasure lies under the oak"
    assert owner.recalled("treasure") == ["The treasure lies under the oak"]
    assert owner.get(f"/api/v1/events/{body['event_id']}").json()["status"] == "failed"
    monkeypatch.undo()
    call_command("retrywrites", stdout=io.StringIO())
    work(body)
    assert source_of(body).state == SourceState.APPLIED
    assert owner.get(f"/api/v1/memories/{body['id']}").json()["status"] == "active"


def test_an_update_waits_for_an_earlier_one_without_end(owner: Caller) -> None:
    body = accept(owner, "The code is one")
    work(body)
    path = f"/api/v1/memories/{body['id']}"
    _, later = (source_of(owner.patch(path, {"content": f"The code is {w}"}).json()) for w in ("two", "three"))
    for _ in range(attempts.MAX_ATTEMPTS + 5):
        run.run(later.tenant_id, later.id)
    later.refresh_from_db()
    assert (later.state, later.failure) == (SourceState.PENDING, attempts.BLOCKED)


def test_the_sweeper_kicks_what_is_overdue_and_only_that(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    overdue = source_of(accept(owner, "The treasure lies under the oak"))
    source_of(accept(owner, "I live in Oslo"))
    past = overdue.accepted_at - dt.timedelta(seconds=1)
    Source.objects.filter(tenant=overdue.tenant_id, id=overdue.id).update(kick_at=past)
    kicked: list[tuple[object, ...]] = []
    monkeypatch.setattr("memories.pipeline.sweep.kick", lambda task, *ids, queue: kicked.append((task, *ids, queue)))
    assert sweep.sweep() == 1
    assert kicked == [("memories.tasks.run", overdue.tenant_id, overdue.id, "bulk")]
    assert sweep.sweep() == 0
