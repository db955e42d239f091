"""The log of deliveries of a webhook, and test messages."""

from __future__ import annotations

from django.db import transaction
from django.utils.dateparse import parse_datetime

from apikeys.types import Principal
from core.clock import now
from core.enqueue import enqueue_on_commit
from core.errors import Conflict, InvalidRequest
from core.ids import DELIVERY, WEBHOOK, new_id, parse, public
from webhooks.emit import QUEUE, TASK, delivery
from webhooks.models import Delivery
from webhooks.services import webhooks
from webhooks.types import TEST, Attempt, DeliveryPage, DeliveryRecord, DeliveryState, Event


def list_page(principal: Principal, webhook_id: str, *, limit: int, cursor: str | None) -> DeliveryPage:
    """Deliveries of a webhook, newest first."""
    hook = webhooks.find(principal, webhook_id)
    rows = Delivery.objects.filter(tenant=hook.tenant_id, webhook_key=hook.id).order_by("-id").defer("body")
    if cursor is not None:
        before = parse(DELIVERY, cursor)
        if before is None:
            raise InvalidRequest("cursor: must be the next_cursor of an earlier page", field="cursor")
        rows = rows.filter(id__lt=before)
    found = list(rows[: limit + 1])
    shown = found[:limit]
    more = public(DELIVERY, shown[-1].id) if len(found) > limit else None
    return DeliveryPage(tuple(map(_view, shown)), more)


def test(principal: Principal, webhook_id: str) -> DeliveryRecord:
    """Send a `webhook.test` event as an ordinary delivery. Raises Conflict if the webhook is off."""
    hook = webhooks.find(principal, webhook_id)
    if not webhooks.get(principal, webhook_id).active:
        raise Conflict("The webhook is off: turn it on with active: true.")
    data = {"webhook_id": public(WEBHOOK, hook.id)}
    event = Event(TEST, hook.tenant_id, project="", user_id="", subject=hook.id, at=now(), data=data)
    row = delivery(hook, event, new_id())
    with transaction.atomic():
        Delivery.objects.bulk_create([row])
        enqueue_on_commit(TASK, queue=QUEUE)
    return _view(row)


def _view(row: Delivery) -> DeliveryRecord:
    return DeliveryRecord(
        id=row.id,
        message_id=row.message,
        event=row.event,
        state=DeliveryState(row.state),
        error=row.error,
        attempts=tuple(
            Attempt(parse_datetime(e["at"]) or row.created_at, e["status"], e["error"], e["milliseconds"])
            for e in row.log
        ),
        due_at=row.due_at,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
