"""The webhook: an address that wants to be told of events."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantRow


class Webhook(TenantRow):
    """Who is told what. `user_id` null: events of all users; `project_ids` empty: of all projects.

    `secret` signs, so it is needed as it is, and stands here in the clear: whoever reads this table can already read
    the memories that the messages speak of. It is shown once, to whom made it, and never again.
    `caller` and `key_id` name the API key that it hangs on: plain values, as nothing is ever deleted there.
    `failing_since` is the first failure after the last success.
    """

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
