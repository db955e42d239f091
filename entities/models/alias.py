"""Another name of an entity."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow
from entities.models.entity import Entity, Merge


class Alias(TenantRow):
    entity_key: uuid.UUID
    entity = TenantForeignKey(Entity, related_name="aliases")
    name = models.CharField(max_length=512)
    normalised = models.CharField(max_length=512)
    merge_key: uuid.UUID | None
    merge = TenantForeignKey(Merge, null=True)
    recorded_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "aliases"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "entity_key", "normalised"], condition=Q(retired_at=None), name="entities_live_alias"
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "normalised"], name="entities_alias_name"),
            models.Index(fields=["tenant", "entity_key"], name="entities_alias_entity"),
            models.Index(fields=["tenant", "merge_key"], name="entities_alias_merge"),
        )
