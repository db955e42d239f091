"""The identity of a memory. Its revisions have the content and the columns for filters."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantRow


class Memory(TenantRow):
    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    agent_id = models.CharField(max_length=128, null=True)
    run_id = models.CharField(max_length=128, null=True)
    pinned = models.BooleanField(default=False)
    importance = models.FloatField(default=0.5)
    created_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "memories"
        constraints = (
            models.CheckConstraint(condition=Q(importance__range=(0, 1)), name="memories_memory_importance"),
        )
        indexes = (models.Index(fields=["tenant", "project", "user_id"], name="memories_memory_scope"),)
