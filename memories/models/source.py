"""An accepted write with its raw text, and its result. The row is authoritative; a task message may be lost."""

from __future__ import annotations

import uuid

from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from pgvector.django import HalfVectorField

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow
from memories.models.memory import Memory
from memories.types import Decision, SourceKind, SourceState


class Source(TenantRow):
    """One accepted write that needs the pipeline; `/events/{id}` shows it.

    `text` is the raw text, `payload` its structure: `{"items": [{start, stop, role?, speaker?, said_at?,
    client_timestamp?}], "infer", "metadata", "memory_type", …}` with spans in characters of `text`; that of an erased
    message is empty. `reserved_id` is
    the id of the first memory, which the response contains before that memory exists. `tsv` and `vector` let recall
    find a pending write. `sequence` is the position in the owner's queue; a failed attempt sets `next_attempt_at`.
    """

    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in SourceKind])
    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    agent_id = models.CharField(max_length=128, null=True)
    run_id = models.CharField(max_length=128, null=True)
    actor = models.CharField(max_length=64)
    text = models.TextField()
    payload = models.JSONField(default=dict)
    reserved_id = models.UUIDField(null=True)
    target_key: uuid.UUID | None
    target = TenantForeignKey(Memory, null=True)

    state = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in SourceState], default=SourceState.PENDING.value
    )
    sequence = models.BigIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=64, blank=True)
    result = models.JSONField(default=dict)
    accepted_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    redacted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    tsv = SearchVectorField(null=True)
    vector = HalfVectorField(null=True)
    model = models.CharField(max_length=128, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=[k.value for k in SourceKind]), name="memories_source_kind"),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in SourceState]), name="memories_source_state"),
            models.CheckConstraint(
                condition=Q(state="pending", finished_at=None) | (~Q(state="pending") & Q(finished_at__isnull=False)),
                name="memories_source_finished",
            ),
            models.CheckConstraint(
                condition=Q(state="pending") | Q(next_attempt_at=None), name="memories_source_next_attempt"
            ),
            models.UniqueConstraint(fields=["tenant", "reserved_id"], name="memories_source_reserved"),
        )
        indexes = (
            models.Index(
                fields=["tenant", "project", "user_id", "sequence", "id"],
                condition=Q(state="pending"),
                name="memories_source_pending",
            ),
            models.Index(fields=["id"], condition=Q(state="failed", redacted_at=None), name="memories_source_failed"),
            models.Index(fields=["tenant", "project", "user_id", "state"], name="memories_source_scope"),
            models.Index(fields=["tenant", "target_key"], name="memories_source_target"),
            models.Index(
                fields=["expires_at"],
                condition=Q(redacted_at=None, expires_at__isnull=False),
                name="memories_source_expiry",
            ),
        )

    def pending_row(self) -> models.QuerySet[Source]:
        """The row while it is pending: a late change of a finished or erased write changes no row."""
        return Source.objects.filter(tenant=self.tenant_id, id=self.id, state=SourceState.PENDING)

    def unchanged_row(self) -> models.QuerySet[Source]:
        """The row while it is pending with this text. Only an erasure of messages changes the text: it gets shorter."""
        return self.pending_row().alias(characters=Length("text")).filter(characters=len(self.text))


class Outcome(TenantRow):
    """The decision of one write about one memory: ADD, NOOP, UPDATE or DELETE, in the order of the response."""

    source_key: uuid.UUID
    source = TenantForeignKey(Source, related_name="outcomes")
    memory_key: uuid.UUID
    memory = TenantForeignKey(Memory)
    replaces_key: uuid.UUID | None
    replaces = TenantForeignKey(Memory, null=True)
    position = models.PositiveIntegerField()
    decision = models.CharField(max_length=6, choices=[(d.value, d.value) for d in Decision])

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "source_key", "position"], name="memories_outcome_order"),
            models.CheckConstraint(
                condition=Q(decision__in=[d.value for d in Decision]), name="memories_outcome_decision"
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "memory_key"], name="memories_outcome_memory"),
            models.Index(fields=["tenant", "replaces_key"], name="memories_outcome_replaced"),
        )
