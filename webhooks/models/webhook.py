"""A webhook: an address that receives events."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantRow


class Webhook(TenantRow):
    """A subscription. `user_id` null: events of all users; `project_ids` empty: events of all projects.

    `secret` signs messages, so it is stored in plain text. A reader of this table can also read the memories that
    messages contain. The API shows it once, in the response to its creation. `caller` and `key_id` name the API key
    that the webhook depends on: plain values without a foreign key. `failing_since` is the first failure after the last
    success.
    """

    name = models.CharField(max_length=128, default="", blank=True)
    url = models.CharField(max_length=2048)
    events = ArrayField(models.CharField(max_length=32))
    secret = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128, null=True)
    project_ids = ArrayField(models.CharField(max_length=128), default=list)
    caller = models.CharField(max_length=64)
    key_id = models.UUIDField(null=True)
    active = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=16, default="")
    failing_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = (models.Index(fields=["tenant"], condition=Q(active=True), name="webhooks_webhook_active"),)
