"""Write deliveries in the transaction of the event: both are committed, or neither."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core.clock import iso, now
from core.enqueue import enqueue_on_commit
from core.ids import new_id
from webhooks.locks import lock
from webhooks.models import Delivery, Webhook
from webhooks.types import TEXTLESS, DeliveryState, Event

BATCH_SIZE = 1000
TASK, QUEUE = "webhooks.tasks.deliver", "deliver"


def emit(events: Sequence[Event]) -> None:
    """Add a delivery for each webhook of the tenant that subscribes to one of these events."""
    if not events:
        return
    tenant_id = events[0].tenant_id
    if any(event.tenant_id != tenant_id for event in events):
        raise ValueError("all events of a call must have the same tenant")
    hooks = list(Webhook.objects.filter(tenant=tenant_id, active=True).defer("secret", "url"))
    rows = [row for event in events for row in _deliveries(event, hooks)] if hooks else []
    if rows:
        Delivery.objects.bulk_create(rows, batch_size=BATCH_SIZE)
        enqueue_on_commit(TASK, queue=QUEUE)


def _deliveries(event: Event, hooks: Sequence[Webhook]) -> Iterator[Delivery]:
    message = new_id()
    for hook in hooks:
        if event.type in hook.events and matches_subscription(hook, event):
            yield delivery(hook, event, message)


def matches_subscription(hook: Webhook, of: Event | Delivery) -> bool:
    """Whether the webhook subscribes to this user and project."""
    return hook.user_id in (None, of.user_id) and (not hook.project_ids or of.project in hook.project_ids)


def delivery(hook: Webhook, event: Event, message: uuid.UUID) -> Delivery:
    """The unsaved delivery of an event to a webhook, due at once."""
    return Delivery(
        tenant_id=event.tenant_id,
        webhook_key=hook.id,
        event=event.type,
        message=message,
        project=event.project,
        user_id=event.user_id,
        subjects=[event.subject, *event.also],
        body=_body(event),
        due_at=now(),
    )


def _body(event: Event) -> dict[str, Any]:
    return {
        "type": event.type,
        "timestamp": iso(event.at),
        "user_id": event.user_id,
        "project": event.project,
        "data": dict(event.data),
    }


def redact(tenant_id: uuid.UUID, ids: Collection[uuid.UUID]) -> int:
    """Erasure: remove the body of messages that contain the text of one of these objects, and never send them; →
    number.

    Messages that contain only the ids of deleted objects stay, since receivers must learn of the deletion.
    """
    if not ids:
        return 0
    rows = _with_text(tenant_id).filter(subjects__overlap=list(ids))
    with transaction.atomic(savepoint=False):
        lock(tenant_id, rows.values_list("webhook_key", flat=True))
        return rows.update(state=DeliveryState.ERASED, body=None, due_at=None, finished_at=now())


def _with_text(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    """Only pending deliveries contain text."""
    return Delivery.objects.filter(tenant=tenant_id, state=DeliveryState.PENDING).exclude(event__in=TEXTLESS)
