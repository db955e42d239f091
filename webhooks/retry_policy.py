"""Record the result of an attempt: the next state of the delivery and of its webhook."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core.clock import iso, now
from core.monitoring import metrics
from webhooks.locks import lock
from webhooks.models import Delivery, Webhook
from webhooks.types import Attempt, DeliveryState, DisabledReason

# Seconds until the next attempt, after the first failure, the second, and so on: about two days in total.
RETRY_DELAYS = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
DISABLE_AFTER = dt.timedelta(hours=24)
HTTP_410 = 410
DISABLED = "disabled"
NO_ANSWER = ("timeout", "connection")
PAUSE = dt.timedelta(seconds=30)


def pending(tenant_id: uuid.UUID, **fields: Any) -> QuerySet[Delivery]:
    return Delivery.objects.filter(tenant=tenant_id, state=DeliveryState.PENDING, **fields)


def record(row: Delivery, attempt: Attempt) -> bool:
    """Record an attempt. False if the lease was lost: the row was erased, has ended, or was claimed by another worker.

    A 410 turns the webhook off at once. A webhook without a success for a day is turned off when a delivery fails
    finally.
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
        if attempt.status == HTTP_410:
            disable(row.tenant_id, row.webhook_key, DisabledReason.HTTP_410)
        elif row.attempts >= len(RETRY_DELAYS) and since is not None and since <= now() - DISABLE_AFTER:
            disable(row.tenant_id, row.webhook_key, DisabledReason.FAILING)
        elif attempt.error in NO_ANSWER:
            # A receiver that does not answer blocks a worker: postpone the other messages for it.
            waiting = pending(row.tenant_id, webhook_key=row.webhook_key, due_at__lte=now())
            waiting.update(due_at=now() + PAUSE)
        return kept


def _after_failure(row: Delivery, attempt: Attempt) -> dict[str, Any]:
    if attempt.status == HTTP_410 or row.attempts >= len(RETRY_DELAYS):
        return _ended(DeliveryState.FAILED)
    wait = RETRY_DELAYS[row.attempts] * random.uniform(0.9, 1.1)  # noqa: S311  (spreads load, hides nothing)
    return {"due_at": now() + dt.timedelta(seconds=wait)}


def _ended(state: DeliveryState) -> dict[str, Any]:
    return {"state": state, "body": None, "due_at": None, "finished_at": now()}


def _write(row: Delivery, attempt: Attempt, change: dict[str, Any]) -> bool:
    """Update the row if its lease (`due_at`) is unchanged: a later claim moves it."""
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
    """The time of the first failure after the last success."""
    hook = Webhook.objects.filter(tenant=row.tenant_id, id=row.webhook_key)
    hook.filter(failing_since=None).update(failing_since=moment)
    return hook.values_list("failing_since", flat=True).first()


def disable(tenant_id: uuid.UUID, webhook_id: uuid.UUID, reason: DisabledReason, **only: Any) -> bool:
    """Turn off a webhook that still matches `only`, and fail its pending deliveries. False if it was off before.

    Events during that time are not delivered later, and failed deliveries are not resumed when the webhook is turned
    on: receivers do not want the messages of a week at once, with texts that were changed or deleted since.
    """
    with transaction.atomic():
        on = Webhook.objects.filter(tenant=tenant_id, id=webhook_id, active=True, **only)
        was_on = on.update(active=False, disabled_at=now(), disabled_reason=reason)
        if was_on:
            give_up(tenant_id, webhook_key=webhook_id)
    return bool(was_on)


def give_up(tenant_id: uuid.UUID, **which: Any) -> None:
    """Fail pending deliveries that will not be sent any more."""
    pending(tenant_id, **which).update(**_ended(DeliveryState.FAILED), error=DISABLED)


def enable(tenant_id: uuid.UUID, webhook_id: uuid.UUID) -> bool:
    """Turn a webhook on and reset its failures; False if it was on before."""
    off = Webhook.objects.filter(tenant=tenant_id, id=webhook_id, active=False)
    return bool(off.update(active=True, disabled_at=None, disabled_reason="", failing_since=None))
