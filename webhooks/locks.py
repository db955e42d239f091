"""The order of row locks: a webhook before its deliveries."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from webhooks.models import Webhook


def lock(tenant_id: uuid.UUID, webhooks: Iterable[uuid.UUID]) -> None:
    """Lock webhooks until the end of the transaction, before several deliveries, or one and its webhook, change.

    The deletion of a webhook locks it before its deliveries. A transaction with the opposite order would deadlock with
    it. New deliveries don't wait for this lock.
    """
    rows = Webhook.objects.filter(tenant=tenant_id, id__in=set(webhooks)).order_by("id")
    list(rows.select_for_update(no_key=True).values_list("id"))
