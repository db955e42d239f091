"""One event on its way to one webhook."""

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
    """A message and what became of it.

    `message` is the event's id: the same for all webhooks that are told, and over all tries. `body` goes when it
    ends: delivered, given up, or erased. `subjects` are the ids that it speaks of, so erasure finds it.
    `due_at` is the next try of a pending row, moved forward by whoever tries (its lease), and null at the end.
    `log` has one entry a try: when, status code, error, milliseconds; never anything that the receiver said.
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
