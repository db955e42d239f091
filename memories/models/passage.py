"""What search reads: the passages of a text, with their words, and their vectors in a narrow table of their own."""

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
    """Characters `start` to `stop` of the text that revision `text_key` first carried; at most 2,000 of them.

    `length` counts the indexed words, repeats included. Place in a session is the order of (`said_at`, `batch`,
    `turn`): when it was said, the write it came with, the place in that write.
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
    """A passage's vector under one model. `current` tells whether its text is the memory's live one.

    The column has no fixed dimensions, so that two models can live side by side while memories are embedded anew.
    What ranks a whole scope beside the vector is repeated from the passage: one narrow table is read, and no join
    stands before the cut. The database adds a column of its own, `binary_code`: one bit for the sign of each number.
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
    """A passage word piece by word piece: `vectors` are pieces × 64 signed bytes under `model`, in order.

    They are read for the few candidates of a recall, by passage, and never scanned.
    """

    passage_key: uuid.UUID
    passage = TenantForeignKey(Passage)
    model = models.CharField(max_length=128)
    vectors = models.BinaryField()

    class Meta:
        verbose_name_plural = "token embeddings"
        constraints = (models.UniqueConstraint(fields=["tenant", "passage_key", "model"], name="memories_tokens_of"),)
