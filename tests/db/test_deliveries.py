"""From an event in a transaction to a real receiver on loopback: once processed, signed, tried again, taken back."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.db import connection, transaction

from apikeys import key_management
from apikeys import services as apikeys
from apikeys.models import Tenant
from core import ssrf
from core.clock import now
from core.ids import new_id, public
from core.monitoring import metrics
from memproject import sweeps
from tests import build
from tests.receiver import Message, Receiver, receiving
from webhooks import deliver, retry_policy
from webhooks.emit import emit, redact
from webhooks.models import Delivery, Webhook
from webhooks.types import DisabledReason, Event

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
START = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
Hook = Callable[..., Webhook]


@pytest.fixture(autouse=True)
def loopback(settings: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is allowed, and nothing is sent but by the calls below."""
    settings.WEBHOOK_ALLOW_PRIVATE = True
    monkeypatch.setattr("webhooks.emit.enqueue_on_commit", lambda *_, **__: None)


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    return build.tenant()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def hook(tenant: Tenant, receiver: Receiver) -> Hook:
    def make(**fields: Any) -> Webhook:
        known = {"tenant": tenant, "url": receiver.url, "events": ["memory.created"], "secret": SECRET, "caller": "x"}
        row = Webhook(**known | fields)
        Webhook.objects.bulk_create([row])
        return row

    return make


def event(tenant: Tenant, text: str = "Ann lives in Oslo", **fields: Any) -> Event:
    known: dict[str, Any] = {
        "type": "memory.created",
        "tenant_id": tenant.id,
        "project": "default",
        "user_id": "ann",
        "subject": new_id(),
        "at": now(),
        "data": {"content": text},
    }
    return Event(**known | fields)


def happens(*events: Event) -> None:
    with transaction.atomic():
        emit(events)


def rows(tenant: Tenant) -> list[Delivery]:
    return list(Delivery.objects.filter(tenant=tenant).order_by("id"))


def only(tenant: Tenant) -> Delivery:
    (row,) = rows(tenant)
    return row


def again(row: Webhook) -> Webhook:
    return Webhook.objects.get(tenant=row.tenant_id, id=row.id)


# --- emit ------------------------------------------------------------------------------------------------------------
def test_an_event_reaches_those_who_want_it(tenant: Tenant, hook: Hook) -> None:
    wanted = [
        hook(),
        hook(user_id="ann"),
        hook(project_ids=["default", "other"]),
        hook(user_id="ann", project_ids=["default"], events=["memory.deleted", "memory.created"]),
    ]
    hook(user_id="bob")
    hook(project_ids=["other"])
    hook(events=["memory.deleted"])
    hook(active=False)
    foreign = build.tenant()
    hook(tenant=foreign)
    said = event(tenant)
    happens(said)
    found = rows(tenant)
    assert {row.webhook_key for row in found} == {row.id for row in wanted}
    assert rows(foreign) == []
    assert len({row.message for row in found}) == 1
    assert {tuple(row.subjects) for row in found} == {(said.subject,)}
    assert found[0].body == {
        "type": "memory.created",
        "timestamp": said.at.isoformat().replace("+00:00", "Z"),
        "user_id": "ann",
        "project": "default",
        "data": {"content": "Ann lives in Oslo"},
    }


def test_what_is_rolled_back_never_happened(tenant: Tenant, hook: Hook) -> None:
    hook()
    with transaction.atomic():
        emit([event(tenant)])
        transaction.set_rollback(True)
    assert rows(tenant) == []


@pytest.mark.parametrize(("hooks", "asked"), [(0, 1), (1, 2), (5, 2)])
def test_emit_asks_once_and_writes_once(
    tenant: Tenant, hook: Hook, hooks: int, asked: int, django_assert_num_queries: Any
) -> None:
    for _ in range(hooks):
        hook()
    with transaction.atomic(), django_assert_num_queries(asked):
        emit([event(tenant) for _ in range(20)])
    assert len(rows(tenant)) == 20 * hooks


def test_one_task_follows_the_commit_if_there_is_anything_to_send(
    tenant: Tenant, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueued: list[Any] = []
    monkeypatch.setattr("webhooks.emit.enqueue_on_commit", lambda *args, **kwargs: enqueued.append((args, kwargs)))
    happens(event(tenant))
    assert enqueued == []
    hook()
    happens(event(tenant), event(tenant))
    assert enqueued == [(("webhooks.tasks.deliver",), {"queue": "deliver"})]
    assert "webhooks.tasks.deliver" in current_app.tasks


def test_events_of_two_tenants_are_a_mistake(tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="the same tenant"):
        emit([event(tenant), event(build.tenant())])
    emit([])


# --- sending ---------------------------------------------------------------------------------------------------------
def test_an_event_arrives_signed(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook()
    happens(event(tenant, "Zoë wohnt in Köln"))
    assert deliver.deliver() == 1
    (message,) = receiver.messages
    assert message.verified(SECRET)["data"] == {"content": "Zoë wohnt in Köln"}
    assert message.headers["content-type"] == "application/json"
    row = only(tenant)
    assert (row.state, row.body, row.due_at, row.attempts, row.status, row.error) == (
        "delivered",
        None,
        None,
        1,
        200,
        "",
    )
    assert row.finished_at is not None
    assert message.headers["webhook-id"] == public("msg", row.message)
    assert deliver.deliver() == 0
    assert len(receiver.messages) == 1


def test_after_three_errors_it_is_processed_once_with_a_valid_signature(
    tenant: Tenant, hook: Hook, receiver: Receiver
) -> None:
    made = hook()
    receiver.answers = [500, 500, 500]
    with time_machine.travel(START, tick=False) as clock:
        happens(event(tenant))
        waits = []
        for number in range(3):
            assert deliver.deliver() == 1
            row = only(tenant)
            assert (row.state, row.attempts, row.status, row.error) == ("pending", number + 1, 500, "status")
            assert row.due_at is not None
            waits.append((row.due_at - now()).total_seconds())
            assert deliver.deliver() == 0  # not before its time
            clock.move_to(row.due_at)
        assert again(made).failing_since == START
        assert deliver.deliver() == 1
        assert [round(wait / first) for wait, first in zip(waits, (5, 30, 120), strict=True)] == [1, 1, 1]
        assert len(set(receiver.ids)) == 1
        assert len({m.headers["webhook-timestamp"] for m in receiver.messages}) == 4
        for message in receiver.messages:
            with time_machine.travel(int(message.headers["webhook-timestamp"])):
                assert message.verified(SECRET)["data"] == {"content": "Ann lives in Oslo"}
    row = only(tenant)
    assert (row.state, row.attempts, [e["status"] for e in row.log]) == ("delivered", 4, [500, 500, 500, 200])
    assert again(made).failing_since is None


def test_the_waits_grow_to_a_day_and_then_it_is_given_up_and_the_webhook_is_off(
    tenant: Tenant, hook: Hook, receiver: Receiver
) -> None:
    made = hook()
    receiver.answers = [503] * 20
    with time_machine.travel(START, tick=False) as clock:
        happens(event(tenant))
        waits = []
        while (row := only(tenant)).state == "pending":
            assert row.due_at is not None
            clock.move_to(row.due_at)
            deliver.deliver()
            if (due := only(tenant).due_at) is not None:
                waits.append((due - now()).total_seconds())
    for wait, expected in zip(waits, (5, 30, 120, 600, 3600, 10800, 21600, 43200, 86400), strict=True):
        assert expected * 0.9 <= wait <= expected * 1.1
    row = only(tenant)
    assert (row.state, row.attempts, row.status, row.body) == ("failed", 10, 503, None)
    found = again(made)
    assert (found.active, found.disabled_reason, found.failing_since) == (False, DisabledReason.FAILING, START)


def test_every_try_is_counted_by_what_came_of_it(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    def counted() -> list[int]:
        found = metrics.Snapshot().counts(metrics.DELIVERIES, "outcome")
        return [found.get((outcome,), 0) for outcome in ("delivered", "retried", "failed")]

    before = counted()
    hook()
    with time_machine.travel(START, tick=False) as clock:
        receiver.answers = [503, 200, 410]
        for _ in range(2):
            happens(event(tenant))
            deliver.deliver()
            clock.shift(60)
        deliver.deliver()
    assert [new - old for old, new in zip(before, counted(), strict=True)] == [1, 1, 1]


def test_a_webhook_that_also_succeeded_stays_on(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    made = hook()
    with time_machine.travel(START, tick=False) as clock:
        happens(event(tenant))
        Delivery.objects.filter(tenant=tenant).update(attempts=9)
        Webhook.objects.filter(tenant=tenant).update(failing_since=START - dt.timedelta(hours=23))
        receiver.answers = [500]
        deliver.deliver()
        assert only(tenant).state == "failed"
        assert again(made).active
        clock.shift(3600)
        happens(event(tenant))
        deliver.deliver()
    assert [row.state for row in rows(tenant)] == ["failed", "delivered"]
    assert (again(made).active, again(made).failing_since) == (True, None)


def test_410_turns_the_webhook_off_at_once(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    made = hook()
    receiver.answers = [410]
    happens(event(tenant))
    later = event(tenant)
    happens(later)
    Delivery.objects.filter(tenant=tenant, subjects__contains=[later.subject]).update(due_at=now() + dt.timedelta(1))
    deliver.deliver()
    assert [(row.state, row.status, row.error) for row in rows(tenant)] == [
        ("failed", 410, "status"),
        ("failed", None, "disabled"),
    ]
    assert (again(made).active, again(made).disabled_reason) == (False, DisabledReason.HTTP_410)
    happens(event(tenant))
    assert len(rows(tenant)) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404])
def test_redirects_and_refusals_are_failures(tenant: Tenant, hook: Hook, receiver: Receiver, status: int) -> None:
    hook()
    receiver.answers = [status]
    happens(event(tenant))
    deliver.deliver()
    row = only(tenant)
    assert (row.state, row.status, row.error) == ("pending", status, "status")
    assert [m.path for m in receiver.messages] == ["/hook"]


def test_who_is_not_there_is_tried_again_and_the_rest_waits_a_little(tenant: Tenant, hook: Hook) -> None:
    made = hook(url="http://127.0.0.1:1/")
    happens(*(event(tenant) for _ in range(deliver.BATCH_SIZE + 5)))
    assert deliver.deliver() == deliver.BATCH_SIZE
    found = rows(tenant)
    assert {row.state for row in found} == {"pending"}
    assert sorted(row.attempts for row in found) == [0] * 5 + [1] * deliver.BATCH_SIZE
    assert {row.error for row in found if row.attempts} == {"connection"}
    assert all(row.due_at is not None and row.due_at > now() for row in found)
    assert again(made).active


def test_a_slow_receiver_is_left_after_the_time_limit(
    tenant: Tenant, hook: Hook, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_TIMEOUT_SECONDS = 0.3
    answered = threading.Event()
    receiver.meanwhile = lambda _: answered.wait(5) and None
    hook()
    happens(event(tenant))
    deliver.deliver()
    answered.set()
    row = only(tenant)
    assert (row.state, row.status, row.error) == ("pending", None, "timeout")
    assert 250 <= row.log[0]["milliseconds"] < 3000


def test_a_batch_is_sent_side_by_side(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    """Each waits for all others: one after the other would never end."""
    hook()
    barrier = threading.Barrier(8, timeout=5)
    receiver.meanwhile = lambda _: barrier.wait() and None
    happens(*(event(tenant) for _ in range(8)))
    assert deliver.deliver() == 8
    assert {row.state for row in rows(tenant)} == {"delivered"}


def test_no_transaction_is_open_while_it_is_sent(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    open_ones: list[int] = []

    def count(_: Message) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'")
            open_ones.append(cursor.fetchone()[0])
        connection.close()

    receiver.meanwhile = count
    hook()
    happens(event(tenant))
    deliver.deliver()
    assert open_ones == [0]


def test_a_receiver_that_breaks_our_code_breaks_nothing_else(
    tenant: Tenant, hook: Hook, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    hook(secret="not a secret", events=["memory.updated"])
    hook()
    happens(event(tenant), event(tenant, type="memory.updated"))
    deliver.deliver()
    assert sorted((row.state, row.error) for row in rows(tenant)) == [("delivered", ""), ("pending", "internal")]
    assert "ValueError" in caplog.text
    assert "not a secret" not in caplog.text


def test_no_log_line_holds_text_address_or_secret(
    tenant: Tenant, hook: Hook, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "memproject")
    hook()
    hook(url="http://127.0.0.1:1/hook")
    happens(event(tenant))
    deliver.deliver()
    assert not any(word in caplog.text for word in ("Oslo", "/hook", SECRET))


# --- the guard, at sending -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.7", "::ffff:127.0.0.1"])
def test_a_name_that_has_come_to_point_inside_is_not_sent_to(
    tenant: Tenant,
    hook: Hook,
    receiver: Receiver,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    monkeypatch.setattr(ssrf, "resolve", lambda host, port: [address])
    hook(url=f"http://hooks.example:{receiver.port}/hook")
    happens(event(tenant))
    deliver.deliver()
    row = only(tenant)
    assert (row.state, row.status, row.error) == ("pending", None, "private_address")
    assert receiver.messages == []


def test_the_address_that_was_checked_is_the_one_that_gets_it(
    tenant: Tenant, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(ssrf, "resolve", resolve)
    hook(url=f"http://hooks.example:{receiver.port}/hook")
    happens(event(tenant))
    deliver.deliver()
    assert asked == ["hooks.example"]
    assert receiver.messages[0].headers["host"] == f"hooks.example:{receiver.port}"


# --- keys, scopes, switches ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["revoked", "expired", "tenant erased"])
def test_a_webhook_ends_with_its_key(tenant: Tenant, hook: Hook, receiver: Receiver, how: str) -> None:
    key = apikeys.create(tenant=tenant, name="k", created_by="test").row
    made = hook(key_id=key.id)
    happens(event(tenant))
    deliver.deliver()
    assert len(receiver.messages) == 1
    happens(event(tenant))
    if how == "revoked":
        apikeys.revoke(key.id)
    elif how == "expired":
        type(key).objects.filter(id=key.id).update(expires_at=now() - dt.timedelta(seconds=1))
    else:
        Tenant.objects.filter(id=tenant.id).update(erased_at=now())
    assert deliver.deliver() == 0
    assert len(receiver.messages) == 1
    assert [row.state for row in rows(tenant)] == ["delivered", "failed"]
    assert (again(made).active, again(made).disabled_reason) == (False, DisabledReason.KEY)


def test_what_is_on_its_way_is_given_up_when_a_webhook_goes_off(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    made = hook()
    happens(event(tenant))
    assert retry_policy.disable(tenant.id, made.id, DisabledReason.API)
    assert not retry_policy.disable(tenant.id, made.id, DisabledReason.OPERATOR)
    row = only(tenant)
    assert (row.state, row.error, row.body) == ("failed", "disabled", None)
    assert retry_policy.enable(tenant.id, made.id)
    assert deliver.deliver() == 0
    assert receiver.messages == []
    assert again(made).disabled_reason == ""


def test_what_came_in_while_it_was_going_off_is_given_up_too(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook()
    happens(event(tenant))
    Webhook.objects.filter(tenant=tenant).update(active=False)
    assert deliver.deliver() == 0
    assert (only(tenant).state, receiver.messages) == ("failed", [])


def test_what_a_webhook_may_no_longer_hear_is_not_sent(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook()
    happens(event(tenant), event(tenant, user_id="bob"), event(tenant, project="secret"))
    Webhook.objects.filter(tenant=tenant).update(user_id="ann", project_ids=["default"])
    assert deliver.deliver() == 1
    assert sorted(row.state for row in rows(tenant)) == ["delivered", "failed", "failed"]
    assert len(receiver.messages) == 1


# --- erasure ---------------------------------------------------------------------------------------------------------
def test_an_erased_body_is_never_sent(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook(events=["memory.created", "memory.updated", "memory.deleted", "memory.expired"])
    gone, kept, other = new_id(), event(tenant, "kept"), build.tenant()
    hook(tenant=other)
    happens(
        kept,
        event(tenant, subject=gone),
        event(tenant, type="memory.updated", also=(gone,)),
        event(tenant, type="memory.deleted", subject=gone, data={"id": "x"}),
        event(tenant, type="memory.expired", subject=gone, data={"id": "x"}),
    )
    happens(event(other, subject=gone))
    with transaction.atomic():
        assert redact(tenant.id, [gone, new_id()]) == 2
        assert redact(tenant.id, []) == 0
    assert [(row.state, row.body is None) for row in rows(tenant)] == [
        ("pending", False),
        ("erased", True),
        ("erased", True),
        ("pending", False),
        ("pending", False),
    ]
    assert only(other).state == "pending"
    deliver.deliver()
    sent = sorted(m.verified(SECRET)["type"] for m in receiver.messages)
    assert sent == ["memory.created", "memory.created", "memory.deleted", "memory.expired"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM webhooks_delivery WHERE tenant_id = %s AND body IS NOT NULL", [tenant.id])
        assert cursor.fetchone() == (0,)


def test_what_is_erased_while_it_is_sent_stays_erased(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook()
    said = event(tenant)
    happens(said)

    def erase(_: Message) -> None:
        redact(tenant.id, [said.subject])
        connection.close()

    receiver.meanwhile = erase
    receiver.answers = [500]
    deliver.deliver()
    row = only(tenant)
    assert (row.state, row.body, row.attempts) == ("erased", None, 0)


# --- two at once, lost tasks, the end --------------------------------------------------------------------------------
def test_two_deliverers_never_send_the_same_row(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook()
    happens(*(event(tenant) for _ in range(120)))

    def work(_: int) -> int:
        try:
            return deliver.deliver()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        tried = list(pool.map(work, range(4)))
    assert sum(tried) == 120
    assert len(receiver.ids) == len(set(receiver.ids)) == 120
    assert {(row.state, row.attempts) for row in rows(tenant)} == {("delivered", 1)}


def test_a_row_is_not_claimed_while_it_is_sent(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook()
    happens(event(tenant))
    seen: list[Any] = []

    def look(_: Message) -> None:
        seen.append(deliver.claim())
        connection.close()

    receiver.meanwhile = look
    deliver.deliver()
    assert seen == [[]]
    assert len(receiver.messages) == 1


def test_a_result_that_comes_after_the_lease_is_not_written(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    """Whoever claimed the row since has it now."""
    hook()
    happens(event(tenant))
    theirs = now() + dt.timedelta(hours=1)

    def claim_again(_: Message) -> None:
        Delivery.objects.filter(tenant=tenant).update(due_at=theirs)
        connection.close()

    receiver.meanwhile = claim_again
    deliver.deliver()
    row = only(tenant)
    assert (row.state, row.attempts, row.due_at) == ("pending", 0, theirs)


def test_a_worker_that_died_is_followed_by_another(tenant: Tenant, hook: Hook, receiver: Receiver) -> None:
    hook()
    with time_machine.travel(START, tick=False) as clock:
        happens(event(tenant))
        assert len(deliver.claim()) == 1
        assert deliver.deliver() == 0
        clock.shift(31)
        assert deliver.deliver() == 1
    assert (only(tenant).state, len(receiver.messages)) == ("delivered", 1)


def test_the_sweeper_enqueues_only_when_something_is_due(
    tenant: Tenant, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueued: list[Any] = []
    monkeypatch.setattr(deliver, "enqueue_on_commit", lambda *args, **kwargs: enqueued.append((args, kwargs)))
    assert deliver.sweep() is False
    hook()
    happens(event(tenant))
    assert deliver.sweep() is True
    assert enqueued == [(("webhooks.tasks.deliver",), {"queue": "deliver"})]
    deliver.claim()
    assert deliver.sweep() is False
    schedule = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert {"webhooks.tasks.prune_deliveries"} <= schedule <= set(current_app.tasks)
    assert "webhooks.deliver.sweep" in sweeps.SWEEPS


def test_a_long_queue_is_left_to_the_next_task(
    tenant: Tenant, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueued: list[Any] = []
    monkeypatch.setattr(deliver, "enqueue_on_commit", lambda *args, **kwargs: enqueued.append(args))
    monkeypatch.setattr(deliver, "TASK_SECONDS", 0.0)
    hook()
    happens(*(event(tenant) for _ in range(deliver.BATCH_SIZE + 1)))
    assert deliver.deliver() == deliver.BATCH_SIZE
    assert enqueued == [("webhooks.tasks.deliver",)]
    assert deliver.deliver() == 1


def test_old_deliveries_are_deleted_and_pending_ones_are_not(
    tenant: Tenant, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "PRUNE_BATCH_SIZE", 2)
    hook()
    with time_machine.travel(START, tick=False) as clock:
        happens(*(event(tenant) for _ in range(5)))
        deliver.deliver()
        happens(event(tenant))
        clock.shift(dt.timedelta(days=30, seconds=-1))
        assert deliver.prune() == 0
        clock.shift(2)
        assert deliver.prune() == 5
    assert only(tenant).state == "pending"


def test_deliveries_go_with_their_webhook(tenant: Tenant, hook: Hook) -> None:
    made = hook()
    happens(event(tenant))
    Webhook.objects.filter(tenant=tenant, id=made.id).delete()
    assert rows(tenant) == []


def test_a_webhook_lives_on_with_the_key_that_its_own_was_rotated_to(
    tenant: Tenant, hook: Hook, receiver: Receiver
) -> None:
    first = apikeys.create(tenant=tenant, name="k", created_by="test").row
    second = key_management.rotate(first.id, created_by="test").row
    third = key_management.rotate(second.id, grace=dt.timedelta(hours=1), created_by="test").row
    made = hook(key_id=first.id)
    happens(event(tenant))
    assert deliver.deliver() == 1
    apikeys.revoke(third.id)
    assert apikeys.in_force({first.id, second.id, third.id}) == {first.id, second.id}  # the second one's last hour
    with time_machine.travel(now() + dt.timedelta(hours=2)):
        happens(event(tenant))
        assert deliver.deliver() == 0
    assert (len(receiver.messages), again(made).active) == (1, False)


def test_unknown_keys_are_not_in_force(tenant: Tenant) -> None:
    key = apikeys.create(tenant=tenant, name="k", created_by="test").row
    assert apikeys.in_force({key.id, uuid.uuid4()}) == {key.id}
    assert apikeys.in_force(set()) == set()
