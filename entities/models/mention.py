"""A memory mentions an entity. The link to the memory is by name only; this app never follows it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow
from entities.models.entity import Entity, Merge


class Mention(TenantRow):
    entity_key: uuid.UUID
    entity = TenantForeignKey(Entity, related_name="mentions")
    memory_key: uuid.UUID
    memory = TenantForeignKey("memories.Memory")
    # The type in this memory. An entity has the type of most of its mentions.
    type = models.CharField(max_length=16, default="")
    qualifier = models.CharField(max_length=64, default="")
    confidence = models.FloatField(default=1.0)
    merge_key: uuid.UUID | None
    merge = TenantForeignKey(Merge, null=True)
    recorded_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "entity_key", "memory_key"],
                condition=Q(retired_at=None),
                name="entities_live_mention",
            ),
            models.CheckConstraint(condition=Q(confidence__range=(0, 1)), name="entities_mention_confidence"),
        )
        indexes = (
            models.Index(fields=["tenant", "memory_key"], name="entities_mention_memory"),
            models.Index(fields=["tenant", "entity_key"], name="entities_mention_entity"),
            models.Index(fields=["tenant", "merge_key"], name="entities_mention_merge"),
        )
