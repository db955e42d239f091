"""The receipt of an erasure: kind of objects, number of rows, time and signature. No personal text."""

from __future__ import annotations

from django.db import models

from core.clock import now
from core.tenancy import TenantRow


class Erasure(TenantRow):
    """`scope` is the kind and number of the named objects (`{"kind": "memories", "named": 2}`), never a user's id."""

    scope = models.JSONField()
    counts = models.JSONField(default=dict)
    actor = models.CharField(max_length=64)
    requested_at = models.DateTimeField(default=now)
    completed_at = models.DateTimeField(null=True)
    signature = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = (models.Index(fields=["tenant", "-requested_at"], name="memories_erasure_recent"),)
