"""A webhook is deleted while its deliveries change: whoever comes second waits, and nothing deadlocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from apikeys.models import Tenant
from core.clock import now
from core.ids import new_id
from tests import build
from tests.db.in_thread import InThread
from webhooks import deliver, emit, retry_policy
from webhooks.models import Delivery, Webhook
from webhooks.types import Attempt, Event


@pytest.fixture
def webhook(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    """A webhook with two deliveries on their way."""
    monkeypatch.setattr("webhooks.emit.enqueue_on_commit", lambda *_, **__: None)
    tenant = build.tenant()
    row = Webhook(tenant=tenant, url="http://127.0.0.1:9", events=["memory.created"], secret="-", caller="x")
    Webhook.objects.bulk_create([row])
    emit.emit([event(tenant), event(tenant)])
    return row


def event(tenant: Tenant) -> Event:
    data = {"content": "Ann lives in Oslo"}
    return Event("memory.created", tenant.id, project="default", user_id="ann", subject=new_id(), at=now(), data=data)


def failed_attempt(webhook: Webhook) -> Callable[[], Any]:
    row = deliver.claim()[0]
    return lambda: retry_policy.record(row, Attempt(now(), None, "timeout", 5))


def delivered(webhook: Webhook) -> Callable[[], Any]:
    Webhook.objects.filter(tenant=webhook.tenant_id, id=webhook.id).update(failing_since=now())
    row = deliver.claim()[0]
    return lambda: retry_policy.record(row, Attempt(now(), 204, "", 5))


def erased(webhook: Webhook) -> Callable[[], Any]:
    """What else an erasure changes in its transaction comes later."""
    mine = Webhook.objects.filter(tenant=webhook.tenant_id, id=webhook.id)
    ids = [subject for row in Delivery.objects.filter(tenant=webhook.tenant_id) for subject in row.subjects]
    return lambda: (emit.redact(webhook.tenant_id, ids), mine.update(user_id=None))


@pytest.mark.parametrize("change", [failed_attempt, delivered, erased])
def test_a_deletion_waits_for_a_change_of_deliveries(
    webhook: Webhook, change: Callable[[Webhook], Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, act = Webhook.objects.filter(tenant=webhook.tenant_id, id=webhook.id), change(webhook)
    deletion = InThread(mine.delete)
    update = Delivery.objects.all().__class__.update

    def updated(rows: Any, **fields: Any) -> int:
        done = update(rows, **fields)
        if rows.model is Delivery and not deletion.is_started:
            deletion.start()
            deletion.ended_or_blocked()
        return done

    monkeypatch.setattr(Delivery.objects.all().__class__, "update", updated)
    with transaction.atomic():
        act()
    deletion.result()
    assert not mine.exists()
    assert Delivery.objects.filter(tenant=webhook.tenant_id).count() == 0
