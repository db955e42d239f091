"""Send due deliveries: claim a batch, POST each outside of any transaction, record the result."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from django.conf import settings

from apikeys import services as apikeys
from core import http_client, ssrf
from core.claims import claim_due
from core.clock import now
from core.enqueue import enqueue_on_commit
from core.ids import MESSAGE, public
from core.tenancy import across_tenants
from webhooks import signing
from webhooks.emit import QUEUE, TASK, matches_subscription
from webhooks.models import Delivery, Webhook
from webhooks.retry_policy import disable, give_up, record
from webhooks.types import TEST, Attempt, DeliveryState, DisabledReason

log = logging.getLogger(__name__)

BATCH_SIZE = 16  # sent in parallel, so that a slow receiver delays the others by one time limit at most
TASK_SECONDS = 5.0  # of one task; then a new task is enqueued, so that the worker can serve its other queues
RETENTION = dt.timedelta(days=30)
PRUNE_BATCH_SIZE = 5000


def deliver() -> int:
    """Send due deliveries of all tenants until none is due or the time is up; → number of attempts."""
    tried, start = 0, time.monotonic()
    while rows := claim():
        tried += _send_all(list(_sendable(rows)))
        if time.monotonic() - start > TASK_SECONDS:
            enqueue_on_commit(TASK, queue=QUEUE)
            break
    return tried


def claim() -> list[Delivery]:
    """Claim due rows, each with its webhook. The lease is longer than an attempt can take."""
    moment = now()
    until = moment + dt.timedelta(seconds=2 * settings.WEBHOOK_TIMEOUT_SECONDS + 10)
    claimed = claim_due(Delivery, "due_at", moment=moment, until=until, limit=BATCH_SIZE)
    if not claimed:
        return []
    ours = {"tenant__in": {tenant for tenant, _ in claimed}, "id__in": [row for _, row in claimed]}
    rows = Delivery.objects.filter(**ours, state=DeliveryState.PENDING, due_at=until)
    return list(rows.select_related("webhook"))


def _sendable(rows: Sequence[Delivery]) -> Iterator[Delivery]:
    """Rows whose webhook is on and may receive their event. A webhook whose key has ended is turned off here."""
    alive = apikeys.in_force({row.webhook.key_id for row in rows if row.webhook.key_id is not None})
    for row in rows:
        hook = row.webhook
        if hook.key_id is not None and hook.key_id not in alive:
            disable(row.tenant_id, hook.id, DisabledReason.KEY, key_id=hook.key_id)
        if hook.key_id in alive | {None} and hook.active and (row.event == TEST or matches_subscription(hook, row)):
            yield row
        else:
            give_up(row.tenant_id, id=row.id)


def _send_all(rows: Sequence[Delivery]) -> int:
    if not rows:
        return 0
    with ThreadPoolExecutor(len(rows), thread_name_prefix="webhook") as pool:
        tries = {pool.submit(send, row): row for row in rows}
        for done in as_completed(tries):
            record(tries[done], done.result())
    return len(rows)


def send(row: Delivery) -> Attempt:
    """One attempt. Uses no database, and never raises."""
    moment, start = now(), time.monotonic()
    status, error = None, ""
    try:
        status = _post(row.webhook, row, moment, start + settings.WEBHOOK_TIMEOUT_SECONDS)
        error = "" if 200 <= status < 300 else "status"
    except (ssrf.UrlRefused, http_client.SendFailed) as failure:
        error = failure.kind
    except Exception as failure:
        log.error("delivery %s failed: %s", row.id, type(failure).__name__)
        error = "internal"
    return Attempt(moment, status, error, int((time.monotonic() - start) * 1000))


def _post(hook: Webhook, row: Delivery, moment: dt.datetime, deadline: float) -> int:
    addresses = ssrf.check(hook.url, allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
    body = json.dumps(row.body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = signing.headers(hook.secret, public(MESSAGE, row.message), moment, body)
    headers["Content-Type"] = "application/json"
    return http_client.post(hook.url, addresses=addresses, headers=headers, body=body, deadline=deadline)


def sweep() -> bool:
    """Enqueue the sender if a delivery is due. This repairs tasks that were lost after `emit`."""
    with across_tenants("is any delivery due?"):
        due = Delivery.objects.filter(state=DeliveryState.PENDING, due_at__lte=now()).exists()
    if due:
        enqueue_on_commit(TASK, queue=QUEUE)
    return due


def prune() -> int:
    """Delete deliveries that ended before the retention period; → their number."""
    done = 0
    with across_tenants("the clean-up of old deliveries"):
        old = Delivery.objects.filter(finished_at__lt=now() - RETENTION)
        while found := list(old.values_list("tenant_id", "id")[:PRUNE_BATCH_SIZE]):
            ours = {"tenant__in": {tenant for tenant, _ in found}, "id__in": [row for _, row in found]}
            done += Delivery.objects.filter(**ours).delete()[0]
    return done
