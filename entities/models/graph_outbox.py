"""The outbox of the graph: kind, id and version of changed objects, never text."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantRow

GRAPH_VERSION_UP = "CREATE SEQUENCE graph_version"
GRAPH_VERSION_DOWN = "DROP SEQUENCE graph_version"


class GraphOutbox(TenantRow):
    """One row per object. `version` comes from the sequence `graph_version` and follows the order of commits.

    `due_at` of a pending row is the time of the next attempt; a worker that claims the row moves it forward (a lease).
    Of other rows it is the time of their end. `is_deleted`: the object was erased, and the graph has a tombstone of it
    as long as this row exists.
    """

    kind = models.CharField(max_length=16)
    object_id = models.UUIDField()
    version = models.BigIntegerField()
    is_deleted = models.BooleanField(default=False)
    state = models.CharField(max_length=8, default="pending")
    due_at = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "graph outbox entry"
        verbose_name_plural = "graph outbox entries"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "kind", "object_id"], name="entities_outbox_object"),
            models.CheckConstraint(condition=Q(state__in=["pending", "done", "dead"]), name="entities_outbox_state"),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="entities_outbox_due"),
            models.Index(fields=["due_at"], condition=Q(state="done"), name="entities_outbox_old"),
            models.Index(fields=["id"], condition=Q(state="dead"), name="entities_outbox_dead"),
        )
