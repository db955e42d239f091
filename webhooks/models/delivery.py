"""One event and its delivery to one webhook."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow
from webhooks.models.webhook import Webhook
from webhooks.types import DeliveryState


class Delivery(TenantRow):
    """A message and the state of its delivery.

    `message` is the id of the event, the same for all webhooks and all attempts. `body` is removed when the delivery
    ends: delivered, failed, or erased. `subjects` are the ids in the body; an erasure finds the row by them. `due_at`
    is the time of the next attempt of a pending row; a worker that claims the row moves it forward (a lease). It is
    null for ended rows. `log` has one entry for each attempt: time, status code, error, milliseconds. It never contains
    text of the receiver.
    """

    webhook_key: uuid.UUID
    webhook = TenantForeignKey(Webhook, related_name="deliveries")
    event = models.CharField(max_length=32)
    message = models.UUIDField()
    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    subjects = ArrayField(models.UUIDField(), default=list)
    body = models.JSONField(null=True)
    state = models.CharField(
        max_length=9, choices=[(s.value, s.value) for s in DeliveryState], default=DeliveryState.PENDING.value
    )
    due_at = models.DateTimeField(null=True, default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=16, default="")
    log = models.JSONField(default=list)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in DeliveryState]), name="webhooks_delivery_state"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", due_at__isnull=False)
                | (~Q(state="pending") & Q(body__isnull=True, due_at__isnull=True)),
                name="webhooks_delivery_ended",
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="webhooks_delivery_due"),
            models.Index(fields=["tenant", "webhook_key", "-id"], name="webhooks_delivery_of"),
            models.Index(
                fields=["tenant", "user_id", "project"], condition=Q(state="pending"), name="webhooks_delivery_scope"
            ),
            GinIndex(fields=["subjects"], condition=Q(state="pending"), name="webhooks_delivery_subjects"),
            models.Index(fields=["finished_at"], name="webhooks_delivery_age"),
        )
