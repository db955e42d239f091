"""A version of a memory: its text, its validity, and the actor of the change. Never overwritten."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Self

from django.db import models
from django.db.models import F, Q

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow
from memories.models.memory import Memory
from memories.models.source import Source
from memories.types import Action, MemoryScope


class RevisionQuerySet(models.QuerySet["Revision"]):
    def in_scope(self, scope: MemoryScope) -> Self:
        """Inside the tenant, and inside the user, projects, agent and run of the scope, if set."""
        rows = self.filter(tenant=scope.tenant_id)
        if scope.user_id is not None:
            rows = rows.filter(user_id=scope.user_id)
        if scope.projects is not None:
            rows = rows.filter(project__in=scope.projects)
        if scope.agent_id is not None:
            rows = rows.filter(agent_id=scope.agent_id)
        if scope.run_id is not None:
            rows = rows.filter(run_id=scope.run_id)
        return rows

    def current(self, as_of: dt.datetime | None = None) -> Self:
        """The current revision of each memory, now or at `as_of`."""
        if as_of is None:
            return self.filter(retired_at=None)
        return self.filter(Q(retired_at=None) | Q(retired_at__gt=as_of), recorded_at__lte=as_of)

    def visible(self, moment: dt.datetime) -> Self:
        """Current, valid now, not archived, not expired: the default scope of readers."""
        return self.current().filter(
            Q(valid_to=None) | Q(valid_to__gt=moment),
            Q(expires_at=None) | Q(expires_at__gt=moment),
            archived=False,
        )


class Revision(TenantRow):
    """Valid from `valid_from` to `valid_to` (valid time); recorded from `recorded_at` to `retired_at` (system time).

    `text_key` is the revision that introduced this text (its own id if new): passages belong to that revision, and
    revisions without a new text share them. Scope columns are copies of the memory's, since search reads revisions
    only.
    """

    memory_key: uuid.UUID
    memory = TenantForeignKey(Memory, related_name="revisions")
    text_key: uuid.UUID
    text = TenantForeignKey("self")
    source_key: uuid.UUID | None
    source = TenantForeignKey(Source, null=True)
    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    agent_id = models.CharField(max_length=128, null=True)
    run_id = models.CharField(max_length=128, null=True)

    content = models.TextField()
    digest = models.BinaryField(max_length=32)
    metadata = models.JSONField(default=dict)
    memory_type = models.CharField(max_length=64, default="fact")
    archived = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)

    action = models.CharField(max_length=10, choices=[(a.value, a.value) for a in Action])
    actor = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)
    confidence = models.FloatField(default=1.0)
    evidence = models.TextField(blank=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "memory_key"], condition=Q(retired_at=None), name="memories_open_revision"
            ),
            models.UniqueConstraint(
                fields=["tenant", "project", "user_id", "agent_id", "digest"],
                condition=Q(retired_at=None, valid_to=None, archived=False),
                nulls_distinct=False,
                name="memories_live_text",
            ),
            models.CheckConstraint(condition=Q(confidence__range=(0, 1)), name="memories_revision_confidence"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("recorded_at")), name="memories_expires_later"
            ),
            models.CheckConstraint(
                condition=Q(retired_at=None) | Q(retired_at__gte=F("recorded_at")), name="memories_retired_later"
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "memory_key", "-recorded_at"], name="memories_revision_history"),
            models.Index(
                fields=["tenant", "project", "user_id", "memory_key"],
                condition=Q(retired_at=None),
                name="memories_live_scope",
            ),
            models.Index(
                fields=["tenant", "user_id", "memory_key"], condition=Q(retired_at=None), name="memories_live_user"
            ),
            models.Index(
                fields=["tenant", "user_id", "retired_at"],
                condition=Q(retired_at__isnull=False),
                name="memories_past_user",
            ),
            models.Index(fields=["tenant", "text_key"], name="memories_revision_text"),
            models.Index(fields=["tenant", "source_key"], name="memories_revision_source"),
            models.Index(
                fields=["expires_at"],
                condition=Q(retired_at=None, expires_at__isnull=False),
                name="memories_revision_expiry",
            ),
        )
