"""What the graph still has to learn: kind, id and a version, never text."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from memproject.common.clock import now
from memproject.common.tenancy import TenantRow

GRAPH_VERSION_UP = "CREATE SEQUENCE graph_version"
GRAPH_VERSION_DOWN = "DROP SEQUENCE graph_version"


class GraphOutbox(TenantRow):
    """One live row per object. `version` comes from the sequence `graph_version` and follows the order of commits."""

    kind = models.CharField(max_length=16)
    object_id = models.UUIDField()
    version = models.BigIntegerField()
    gone = models.BooleanField(default=False)
    state = models.CharField(max_length=8, default="pending")
    due_at = models.DateTimeField(default=now)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "kind", "object_id"], name="entities_outbox_object"),
            models.CheckConstraint(condition=Q(state__in=["pending", "done", "dead"]), name="entities_outbox_state"),
            models.CheckConstraint(
                condition=Q(state="pending") | Q(lease_until=None), name="entities_outbox_lease_while_pending"
            ),
        )
        indexes = (models.Index(fields=["due_at"], condition=Q(state="pending"), name="entities_outbox_due"),)
