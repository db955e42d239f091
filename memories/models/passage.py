"""The tables of search: passages of texts with their words, and their vectors in a narrow table."""

from __future__ import annotations

import uuid

from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from pgvector.django import HalfVectorField

from core.tenancy import TenantForeignKey, TenantRow
from memories.models.memory import Memory
from memories.models.revision import Revision


class Passage(TenantRow):
    """Characters `start` to `stop` of the text that revision `text_key` introduced; at most 2,000 of them.

    `length` counts the indexed words, repeats included. The order in a session is (`said_at`, `batch`, `turn`): time,
    write, and position in the write. `utc_offset`: of the caller's timestamp ("-05:00"), "" for UTC. `dates`, of a
    text's first passage: ISO days, months or years by the words of the text that mean them ("yesterday").
    """

    text_key: uuid.UUID
    text = TenantForeignKey(Revision, related_name="passages")
    memory_key: uuid.UUID
    memory = TenantForeignKey(Memory)
    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    ordinal = models.PositiveIntegerField(default=0)
    start = models.PositiveIntegerField()
    stop = models.PositiveIntegerField()
    tsv = SearchVectorField()
    length = models.PositiveIntegerField()
    session = models.CharField(max_length=128, null=True)
    batch = models.UUIDField()
    turn = models.PositiveIntegerField(default=0)
    speaker = models.CharField(max_length=128, null=True)
    role = models.CharField(max_length=32, null=True)
    said_at = models.DateTimeField()
    utc_offset = models.CharField(max_length=6, blank=True, default="")
    dates = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "text_key", "ordinal"], name="memories_passage_order"),
            models.CheckConstraint(condition=Q(stop__gte=F("start")), name="memories_passage_span"),
        )
        indexes = (
            models.Index(fields=["tenant", "memory_key"], name="memories_passage_memory"),
            models.Index(fields=["tenant", "project", "user_id", "speaker"], name="memories_passage_scope"),
            models.Index(
                fields=["tenant", "project", "user_id", "session", "said_at", "batch", "turn"],
                condition=Q(session__isnull=False, ordinal=0),
                name="memories_passage_place",
            ),
        )


class Embedding(TenantRow):
    """A passage's vector under one model. `current`: its text is the current text of the memory.

    The column has no fixed dimensions, so that two models can coexist while memories are embedded again. The columns
    that rank a whole scope are copied from the passage, so that one narrow table is read without a join before the cut.
    A generated column, `binary_code`, has one bit for the sign of each number.
    """

    passage_key: uuid.UUID
    passage = TenantForeignKey(Passage, related_name="embeddings")
    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    text_key = models.UUIDField()
    speaker = models.CharField(max_length=128, null=True)
    role = models.CharField(max_length=32, null=True)
    said_at = models.DateTimeField()
    model = models.CharField(max_length=128)
    vector = HalfVectorField()
    current = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "passage_key", "model"], name="memories_embedding_of"),
        )
        indexes = (
            models.Index(fields=["tenant", "project", "user_id", "model", "current"], name="memories_embedding_scope"),
        )


class TokenEmbedding(TenantRow):
    """Token embeddings of a passage: `vectors` are tokens × 64 signed bytes under `model`, in order.

    They are read by passage for the few candidates of a recall, and never scanned.
    """

    passage_key: uuid.UUID
    passage = TenantForeignKey(Passage)
    model = models.CharField(max_length=128)
    vectors = models.BinaryField()

    class Meta:
        verbose_name_plural = "token embeddings"
        constraints = (models.UniqueConstraint(fields=["tenant", "passage_key", "model"], name="memories_tokens_of"),)
