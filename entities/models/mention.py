"""A memory mentions an entity. The link to the memory is by name only; this app never follows it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantRow
from entities.models.entity import Entity, Merge


class Mention(TenantRow):
    entity_key = models.UUIDField()
    entity = models.ForeignObject(
        Entity,
        models.DO_NOTHING,
        from_fields=("tenant", "entity_key"),
        to_fields=("tenant", "id"),
        related_name="mentions",
    )
    memory_key = models.UUIDField()
    memory = models.ForeignObject(
        "memories.Memory",
        models.DO_NOTHING,
        from_fields=("tenant", "memory_key"),
        to_fields=("tenant", "id"),
        related_name="+",
    )
    # The type in this memory. An entity has the type of most of its mentions.
    type = models.CharField(max_length=16, default="")
    qualifier = models.CharField(max_length=64, default="")
    confidence = models.FloatField(default=1.0)
    merge_key = models.UUIDField(null=True)
    merge = models.ForeignObject(
        Merge,
        models.DO_NOTHING,
        from_fields=("tenant", "merge_key"),
        to_fields=("tenant", "id"),
        related_name="+",
        null=True,
    )
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
