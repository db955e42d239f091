"""Entities, the versions of their names and types, and merges of two entities."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow


class Entity(TenantRow):
    """The identity of an entity with its scope. Its revisions have the names.

    `is_user`: it has or had the alias SELF, so that the names of an owner's user are found by one look-up.
    """

    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=now)
    is_user = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "entities"
        indexes = (
            models.Index(fields=["tenant", "project", "user_id"], name="entities_entity_scope"),
            models.Index(
                fields=["tenant", "project", "user_id"], condition=Q(is_user=True), name="entities_entity_user"
            ),
        )


class Merge(TenantRow):
    """One entity merged into another. A split reverses exactly the rows with the id of the merge."""

    source_key: uuid.UUID
    source = TenantForeignKey(Entity)
    target_key: uuid.UUID
    target = TenantForeignKey(Entity)
    actor = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(default=now)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "target_key", "-recorded_at"], name="entities_merge_target"),
            models.Index(fields=["tenant", "source_key"], name="entities_merge_source"),
        )


class EntityRevision(TenantRow):
    """Name and type of an entity from `recorded_at` until `retired_at`. Two people may both be named "John".

    `candidates`: the entities that it may be, if a text was ambiguous.
    """

    entity_key: uuid.UUID
    entity = TenantForeignKey(Entity, related_name="revisions")
    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    name = models.CharField(max_length=512)
    type = models.CharField(max_length=16)
    normalised = models.CharField(max_length=512)
    disambiguator = models.PositiveSmallIntegerField(default=0)
    confidence = models.FloatField(default=1.0)
    candidates = ArrayField(models.UUIDField(), default=list)
    merged_into_key: uuid.UUID | None
    merged_into = TenantForeignKey(Entity, null=True)
    merge_key: uuid.UUID | None
    merge = TenantForeignKey(Merge, null=True)
    actor = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "project", "user_id", "type", "normalised", "disambiguator"],
                condition=Q(retired_at=None, merged_into_key=None),
                name="entities_live_name",
            ),
            models.UniqueConstraint(
                fields=["tenant", "entity_key"], condition=Q(retired_at=None), name="entities_open_revision"
            ),
            models.CheckConstraint(condition=Q(confidence__range=(0, 1)), name="entities_revision_confidence"),
        )
        indexes = (
            models.Index(fields=["tenant", "entity_key", "-recorded_at"], name="entities_revision_history"),
            models.Index(fields=["tenant", "merged_into_key"], name="entities_revision_merged"),
            models.Index(fields=["tenant", "merge_key"], name="entities_revision_merge"),
        )
