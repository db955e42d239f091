"""A typed relation between two entities, with its validity, and the memories that state it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow
from entities.models.alias import Alias
from entities.models.entity import Entity, Merge


class Relation(TenantRow):
    """Valid from `valid_from` to `valid_to` (valid time); known from `recorded_at` to `retired_at` (system time)."""

    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    source_key: uuid.UUID
    source = TenantForeignKey(Entity, related_name="relations_out")
    target_key: uuid.UUID
    target = TenantForeignKey(Entity, related_name="relations_in")
    type = models.CharField(max_length=32)
    properties = models.JSONField(default=dict)
    confidence = models.FloatField(default=1.0)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    merge_key: uuid.UUID | None
    merge = TenantForeignKey(Merge, null=True)
    recorded_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(confidence__range=(0, 1)), name="entities_relation_confidence"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from=None) | Q(valid_to__gte=F("valid_from")),
                name="entities_relation_validity",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "source_key"], name="entities_relation_source"),
            models.Index(fields=["tenant", "target_key"], name="entities_relation_target"),
            models.Index(fields=["tenant", "project", "user_id"], name="entities_relation_scope"),
            models.Index(fields=["tenant", "merge_key"], name="entities_relation_merge"),
        )


class Evidence(TenantRow):
    """A memory that states a relation or an alias. Erasing the last evidence erases the statement.

    `properties`: those that this memory gives the relation; the relation has the properties of all its evidence.
    """

    relation_key: uuid.UUID | None
    relation = TenantForeignKey(Relation, related_name="evidence", null=True)
    alias_key: uuid.UUID | None
    alias = TenantForeignKey(Alias, related_name="evidence", null=True)
    memory_key: uuid.UUID
    memory = TenantForeignKey("memories.Memory")
    properties = models.JSONField(default=dict)
    merge_key: uuid.UUID | None
    merge = TenantForeignKey(Merge, null=True)
    recorded_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "evidence"
        constraints = (
            models.CheckConstraint(
                condition=Q(relation_key=None, alias_key__isnull=False) | Q(relation_key__isnull=False, alias_key=None),
                name="entities_evidence_of_one",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "memory_key"], name="entities_evidence_memory"),
            models.Index(fields=["tenant", "relation_key"], name="entities_evidence_relation"),
            models.Index(fields=["tenant", "alias_key"], name="entities_evidence_alias"),
            models.Index(fields=["tenant", "merge_key"], name="entities_evidence_merge"),
        )

    @staticmethod
    def merged_properties(evidence: Iterable[Evidence]) -> dict[str, str]:
        """The properties that these memories give a relation; later evidence overrides earlier."""
        return {name: value for e in evidence for name, value in e.properties.items()}
