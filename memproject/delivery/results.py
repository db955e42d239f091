"""What came of a try, written down: the delivery's next state, and the webhook's."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from memproject.common import metrics
from memproject.common.clock import iso, now
from memproject.delivery.locks import lock
from memproject.delivery.models import Delivery, Webhook
from memproject.delivery.types import Attempt, DeliveryState, Reason

# Seconds until the next try, after the first failure, the second, and so on: about two days in all.
WAITS = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
PATIENCE = dt.timedelta(hours=24)
GONE = 410
DISABLED = "disabled"
NO_ANSWER = ("timeout", "connection")
PAUSE = dt.timedelta(seconds=30)


def pending(tenant_id: uuid.UUID, **fields: Any) -> QuerySet[Delivery]:
    return Delivery.objects.filter(tenant=tenant_id, state=DeliveryState.PENDING, **fields)


def record(row: Delivery, attempt: Attempt) -> bool:
    """Write down a try of a row that is still ours; False when it was erased, ended or leased anew meanwhile.

    A webhook that says 410 is off at once, one that has failed for a day is off when a delivery is given up.
    """
    with transaction.atomic():
        lock(row.tenant_id, [row.webhook_key])
        if attempt.delivered:
            kept = _write(row, attempt, _ended(DeliveryState.DELIVERED))
            healthy = Webhook.objects.filter(tenant=row.tenant_id, id=row.webhook_key, failing_since__isnull=False)
            healthy.update(failing_since=None)
            return kept
        kept = _write(row, attempt, _after_failure(row, attempt))
        since = _note_failure(row, attempt.at)
        if attempt.status == GONE:
            disable(row.tenant_id, row.webhook_key, Reason.GONE)
        elif row.attempts >= len(WAITS) and since is not None and since <= now() - PATIENCE:
            disable(row.tenant_id, row.webhook_key, Reason.FAILING)
        elif attempt.error in NO_ANSWER:
            # Who doesn't answer keeps a worker waiting: the other messages for it don't queue up to do the same.
            waiting = pending(row.tenant_id, webhook_key=row.webhook_key, due_at__lte=now())
            waiting.update(due_at=now() + PAUSE)
        return kept


def _after_failure(row: Delivery, attempt: Attempt) -> dict[str, Any]:
    if attempt.status == GONE or row.attempts >= len(WAITS):
        return _ended(DeliveryState.FAILED)
    wait = WAITS[row.attempts] * random.uniform(0.9, 1.1)  # noqa: S311  (spreads load, hides nothing)
    return {"due_at": now() + dt.timedelta(seconds=wait)}


def _ended(state: DeliveryState) -> dict[str, Any]:
    return {"state": state, "body": None, "due_at": None, "finished_at": now()}


def _write(row: Delivery, attempt: Attempt, change: dict[str, Any]) -> bool:
    """`due_at` is our lease: whoever has claimed the row since has moved it."""
    entry = {
        "at": iso(attempt.at),
        "status": attempt.status,
        "error": attempt.error,
        "milliseconds": attempt.milliseconds,
    }
    tried = {
        "attempts": row.attempts + 1,
        "log": [*row.log, entry],
        "status": attempt.status,
        "error": attempt.error,
    }
    metrics.webhook_attempted(str(change.get("state", "retried")))
    return bool(pending(row.tenant_id, id=row.id, due_at=row.due_at).update(**tried, **change))


def _note_failure(row: Delivery, moment: dt.datetime) -> dt.datetime | None:
    """Since when nothing has come through."""
    hook = Webhook.objects.filter(tenant=row.tenant_id, id=row.webhook_key)
    hook.filter(failing_since=None).update(failing_since=moment)
    return hook.values_list("failing_since", flat=True).first()


def disable(tenant_id: uuid.UUID, webhook_id: uuid.UUID, reason: Reason, **only: Any) -> bool:
    """Turn a webhook off (one that is still like `only`), and give up what is on its way to it; False when it was off.

    What happens while it is off is never told, and what was given up isn't sent when it is on again: nobody wants a
    week's messages at once, with texts that were changed or deleted since.
    """
    with transaction.atomic():
        on = Webhook.objects.filter(tenant=tenant_id, id=webhook_id, active=True, **only)
        was_on = on.update(active=False, disabled_at=now(), disabled_reason=reason)
        if was_on:
            give_up(tenant_id, webhook_key=webhook_id)
    return bool(was_on)


def give_up(tenant_id: uuid.UUID, **which: Any) -> None:
    """End pending deliveries that nobody is to get any more."""
    pending(tenant_id, **which).update(**_ended(DeliveryState.FAILED), error=DISABLED)


def enable(tenant_id: uuid.UUID, webhook_id: uuid.UUID) -> bool:
    """Turn a webhook on again, with a clean record; False when it was on."""
    off = Webhook.objects.filter(tenant=tenant_id, id=webhook_id, active=False)
    return bool(off.update(active=True, disabled_at=None, disabled_reason="", failing_since=None))
