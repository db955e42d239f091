"""The stored response for a caller's `Idempotency-Key`."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from core.clock import now
from core.tenancy import TenantRow


class IdempotencyRecord(TenantRow):
    """One write of one caller with one key. `subjects` lists the ids in `body`; an erasure finds the row by them.

    `sources` are the accepted writes that the record is bound to, if any: plain values, since this app imports no other
    app. `response_context` has the data of the response that their results lack.
    """

    caller = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    sources = ArrayField(models.UUIDField(), default=list)
    response_context = models.JSONField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    subjects = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "caller", "key"], name="core_idempotency_key"),)
        indexes = (
            models.Index(fields=["created_at"], name="core_idempotency_age"),
            GinIndex(fields=["subjects"], name="core_idempotency_subjects"),
        )
