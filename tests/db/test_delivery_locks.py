"""A webhook is deleted while its deliveries change: whoever comes second waits, and nothing deadlocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apikeys.models import Tenant
from core.clock import now
from core.ids import new_id
from tests import build
from tests.e2e.running import eventually
from webhooks import deliver, emit, retry_policy
from webhooks.models import Delivery, Webhook
from webhooks.types import Attempt, Event

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"


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


class Deletion:
    """The deletion of a webhook in a thread of its own."""

    def __init__(self, webhook: Webhook) -> None:
        self.webhook = webhook
        self.failed: list[BaseException] = []
        self.pid = 0
        self.thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Start it; → when it waits for a lock."""
        self.thread.start()
        eventually(lambda: bool(self.pid) and self._waits())

    def _waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [self.pid])
            return bool(cursor.fetchone()[0])

    def _run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            Webhook.objects.filter(tenant=self.webhook.tenant_id, id=self.webhook.id).delete()
        except BaseException as error:
            self.failed.append(error)
        finally:
            connection.close()


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
    deletion, act = Deletion(webhook), change(webhook)
    update = Delivery.objects.all().__class__.update

    def updated(rows: Any, **fields: Any) -> int:
        done = update(rows, **fields)
        if rows.model is Delivery and not deletion.thread.ident:
            deletion.start()
        return done

    monkeypatch.setattr(Delivery.objects.all().__class__, "update", updated)
    with transaction.atomic():
        act()
    deletion.thread.join()
    assert deletion.failed == []
    assert Delivery.objects.filter(tenant=webhook.tenant_id).count() == 0
