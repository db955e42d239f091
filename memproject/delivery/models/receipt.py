"""The idempotency receipt: what a caller's `Idempotency-Key` was answered."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from memproject.common.clock import now
from memproject.common.tenancy import TenantRow


class Receipt(TenantRow):
    """One write of one caller under one key. `subjects` lists the ids that `body` speaks of, so erasure finds it.

    `source_ref` is the Source's id where the act has one: a plain value, since this app knows no other app's tables.
    """

    caller = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    source_ref = models.UUIDField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    subjects = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "caller", "key"], name="delivery_receipt_key"),)
        indexes = (models.Index(fields=["created_at"], name="delivery_receipt_age"),)
