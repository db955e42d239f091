"""Events become deliveries in the transaction that makes them happen: both are there, or neither is."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from memproject.common.clock import iso, now
from memproject.common.ids import new_id
from memproject.common.kick import kick
from memproject.delivery.locks import lock
from memproject.delivery.models import Delivery, Webhook
from memproject.delivery.types import TEXTLESS, DeliveryState, Event

AT_ONCE = 1000
TASK, QUEUE = "memproject.delivery.tasks.deliver", "deliver"


def emit(events: Sequence[Event]) -> None:
    """Tell the webhooks of these events' tenant: one look-up, and one row for each webhook that wants one of them."""
    if not events:
        return
    tenant_id = events[0].tenant_id
    if any(event.tenant_id != tenant_id for event in events):
        raise ValueError("events of one tenant at a time")
    hooks = list(Webhook.objects.filter(tenant=tenant_id, active=True).defer("secret", "url"))
    rows = [row for event in events for row in _deliveries(event, hooks)] if hooks else []
    if rows:
        Delivery.objects.bulk_create(rows, batch_size=AT_ONCE)
        kick(TASK, queue=QUEUE)


def _deliveries(event: Event, hooks: Sequence[Webhook]) -> Iterator[Delivery]:
    message = new_id()
    for hook in hooks:
        if event.type in hook.events and hears(hook, event):
            yield delivery(hook, event, message)


def hears(hook: Webhook, of: Event | Delivery) -> bool:
    """Whether a webhook may hear of this user and project."""
    return hook.user_id in (None, of.user_id) and (not hook.project_ids or of.project in hook.project_ids)


def delivery(hook: Webhook, event: Event, message: uuid.UUID) -> Delivery:
    """The unsaved row that carries an event to a webhook, due at once."""
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


def blank(tenant_id: uuid.UUID, ids: Collection[uuid.UUID]) -> int:
    """Erasure: messages with the text of one of these objects lose it and are never sent; → how many.

    Those that only name what was deleted stay: somebody has to be told.
    """
    if not ids:
        return 0
    rows = _with_text(tenant_id).filter(subjects__overlap=list(ids))
    with transaction.atomic(savepoint=False):
        lock(tenant_id, rows.values_list("webhook_key", flat=True))
        return rows.update(state=DeliveryState.ERASED, body=None, due_at=None, finished_at=now())


def _with_text(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    """What ended holds no text any more."""
    return Delivery.objects.filter(tenant=tenant_id, state=DeliveryState.PENDING).exclude(event__in=TEXTLESS)
