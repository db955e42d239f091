"""The write queue of an owner: its lease, and the time at which a worker has to process it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from core.tenancy import TenantRow


class WriteQueue(TenantRow):
    """One row per (tenant, project, user), created with the first accepted write.

    `last_sequence` numbers the writes in the order of acceptance. `due_at` is the time at which a worker has to process
    the queue, null while nothing is pending; the sweep enqueues queues whose `due_at` has passed. `enqueued` says which
    Celery queue has a message for this owner (0 none, 1 `bulk`, 2 `store`), since `enqueued_at`. `attempts` counts the
    claims since the last pass that ended normally. `is_slow`: the next write is long, or has run out of time, and is
    left to the workers of the queue `long`.

    It is not part of Owner, because a pass locks that row until its commit, and accepting a write must not wait for it.
    """

    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    last_sequence = models.BigIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    enqueued = models.SmallIntegerField(default=0)
    enqueued_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.IntegerField(default=0)
    is_slow = models.BooleanField(default=False)

    class Meta:
        verbose_name = "write queue"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "project", "user_id"], name="memories_queue_scope"),
            models.CheckConstraint(
                condition=Q(lease_until=None, lease_token=None)
                | Q(lease_until__isnull=False, lease_token__isnull=False, due_at=F("lease_until")),
                name="memories_queue_lease",
            ),
        )
        indexes = (models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="memories_queue_due"),)
