"""`/v1`: its responses. One class each: record, schema and example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from core.http.responses import NullIfBlankField, PublicIdField, ResponseSerializer, example_id
from core.ids import EVENT, MEMORY, RECEIPT
from core.unset import UNSET, Unset
from entities.types import EntityRef, MemoryEntities
from memories.api import examples as ex
from memories.api.responses import (
    EVENT_STATES,
    MEMORY_STATES,
    SKIPPED_PARTS,
    RecallExplanationOut,
    RevisionOut,
    ScoreExplanationOut,
)
from memories.services.user_statistics import UserStats
from memories.types import (
    Decision,
    ErasureReceipt,
    Hit,
    ItemResult,
    MemoryRecord,
    Page,
    Recalled,
    RevisionRecord,
    SourceKind,
    WriteResult,
)

EVENTS = {Decision.ADD: "ADD", Decision.UPDATE: "UPDATE", Decision.DELETE: "DELETE", Decision.NOOP: "NONE"}
_TEXT = "I love building AI applications with FastAPI"
_FASTAPI = EntityRef(example_id(ex.ENTITY_IDS[0]), "FastAPI", "PRODUCT", 0.9)


class Mem0RelationshipOut(ResponseSerializer):
    type = serializers.CharField()
    entity = serializers.CharField()
    confidence = serializers.FloatField()


class Mem0MemoryOut(ResponseSerializer):
    id = PublicIdField(MEMORY)
    content = serializers.CharField()
    memory = serializers.CharField(source="content", help_text="The same as content.")
    user_id = serializers.CharField()
    agent_id = serializers.CharField(allow_null=True)
    run_id = serializers.CharField(allow_null=True)
    project = serializers.CharField()
    metadata = MetadataField()
    relationships = Mem0RelationshipOut(many=True, source="entities.relationships")
    memory_type = serializers.CharField()
    pinned = serializers.BooleanField()
    importance = serializers.FloatField()
    status = serializers.ChoiceField(MEMORY_STATES)
    created_at = TimestampField()
    updated_at = TimestampField()
    expires_at = TimestampField(allow_null=True)

    example: ClassVar[Any] = replace(
        ex.MEMORY,
        content=_TEXT,
        user_id="test_user_123",
        metadata={"source": "external_test"},
        entities=MemoryEntities((_FASTAPI,)),
    )

    def get_metadata(self, memory: MemoryRecord) -> Mapping[str, Any]:
        """With the names of its entities, where the caller has no key of that name."""
        return {**memory.metadata, "entities": memory.metadata.get("entities", memory.entities.names)}


@dataclass(frozen=True, slots=True)
class FullMemory:
    """A memory with its history (None: not asked for) and its vector (UNSET: not asked for)."""

    memory: MemoryRecord
    history: Sequence[RevisionRecord] | None = None
    embedding: Sequence[float] | Unset | None = UNSET


class Mem0MemoryDetailOut(Mem0MemoryOut):
    inherited_source = "memory"

    history = RevisionOut(many=True, required=False)
    embedding = serializers.ListField(child=serializers.FloatField(), required=False, allow_null=True)

    example = FullMemory(Mem0MemoryOut.example)


class Mem0ScoredMemoryOut(Mem0MemoryOut):
    inherited_source = "memory"

    score = serializers.FloatField()
    outdated_by = PublicIdField(
        MEMORY,
        allow_null=True,
        help_text="A newer memory with another value of the same fact; it may outdate this one.",
    )
    why = ScoreExplanationOut(required=False, help_text="With `explain`.")

    example = Hit(Mem0MemoryOut.example, 0.92, 0.97)


class Mem0WriteResultItemOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory_id")
    memory = serializers.CharField(source="content")
    content = serializers.CharField()
    event = serializers.ChoiceField(["ADD", "UPDATE", "DELETE", "NONE"])
    created_at = TimestampField(allow_null=True)
    entities = serializers.ListField(child=serializers.CharField(), source="entities.names")

    example = ItemResult(example_id(ex.MEMORY_ID), _TEXT, Decision.ADD, created_at=ex.TIME)

    def get_event(self, result: ItemResult) -> str:
        return EVENTS[result.decision]


class Mem0AddResultOut(ResponseSerializer):
    id = PublicIdField(
        MEMORY,
        source="memory_id",
        allow_null=True,
        help_text="null if the messages state nothing; then nothing was stored.",
    )
    results = Mem0WriteResultItemOut(many=True, source="items")
    skipped_parts = serializers.IntegerField(help_text=SKIPPED_PARTS)
    event_id = PublicIdField(EVENT, required=False)
    status = serializers.CharField(required=False)

    example = WriteResult(
        event_id=example_id(ex.EVENT_ID),
        memory_id=example_id(ex.MEMORY_ID),
        state="succeeded",
        items=(Mem0WriteResultItemOut.example,),
        accepted_at=ex.TIME,
        finished_at=ex.TIME,
        expires_at=None,
        kind=SourceKind.STORE,
    )
    pending_example = replace(example, state="pending", items=(), finished_at=None)

    def get_event_id(self, result: WriteResult) -> Any:
        return None if result.state == "succeeded" else result.event_id

    def get_status(self, result: WriteResult) -> str | None:
        return None if result.state == "succeeded" else "pending"


@dataclass(frozen=True, slots=True)
class Found:
    recalled: Recalled
    query: str


class Mem0SearchResultOut(ResponseSerializer):
    results = Mem0ScoredMemoryOut(many=True, source="recalled.hits")
    total = serializers.IntegerField(source="recalled.total")
    query = serializers.CharField()
    explanation = RecallExplanationOut(source="recalled.explanation", required=False, help_text="With `explain`.")

    example = Found(Recalled((Mem0ScoredMemoryOut.example,), _TEXT, 12), "FastAPI")


class Mem0ErasureReceiptOut(ResponseSerializer):
    receipt_id = PublicIdField(RECEIPT, source="id")
    scope = MetadataField()
    counts = serializers.DictField(child=serializers.IntegerField())
    requested_at = TimestampField()
    completed_at = TimestampField(allow_null=True)
    signature = serializers.CharField()

    example = ErasureReceipt(
        id=example_id(ex.RECEIPT_ID),
        scope={"kind": "user"},
        counts={"memories": 2, "revisions": 3, "passages": 3, "embeddings": 3},
        requested_at=ex.TIME,
        completed_at=ex.TIME,
        signature="5f3c…",
    )


@dataclass(frozen=True, slots=True)
class Deleted:
    """An erased memory, named by its public id."""

    id: str
    receipt: ErasureReceipt
    deleted: bool = True


class Mem0DeleteResultOut(ResponseSerializer):
    id = serializers.CharField()
    deleted = serializers.BooleanField()
    receipt_id = PublicIdField(RECEIPT, source="receipt.id")

    example = Deleted(ex.MEMORY_ID, Mem0ErasureReceiptOut.example)


class Mem0PendingUpdateOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory_id")
    event_id = PublicIdField(EVENT)
    status = serializers.CharField()

    example = replace(Mem0AddResultOut.pending_example, kind=SourceKind.UPDATE)

    def get_status(self, result: WriteResult) -> str:
        return "pending"


class Mem0UserStatisticsOut(ResponseSerializer):
    total_memories = serializers.IntegerField()
    memories_last_7d = serializers.IntegerField()
    entities = serializers.IntegerField()
    first_memory_at = TimestampField(allow_null=True)
    last_memory_at = TimestampField(allow_null=True)

    example = UserStats(1, 1, 0, ex.TIME, ex.TIME)


@dataclass(frozen=True, slots=True)
class UserMemories:
    user_id: str
    page: Page
    stats: UserStats


class Mem0UserMemoriesOut(ResponseSerializer):
    user_id = serializers.CharField()
    results = Mem0MemoryOut(many=True, source="page.memories")
    next_cursor = serializers.CharField(source="page.next_cursor", allow_null=True)
    total = serializers.IntegerField(source="page.total")
    stats = Mem0UserStatisticsOut()

    example = UserMemories("test_user_123", Page((Mem0MemoryOut.example,), 1, None), Mem0UserStatisticsOut.example)


class Mem0EventOut(ResponseSerializer):
    id = PublicIdField(EVENT, source="event_id")
    status = serializers.ChoiceField(EVENT_STATES, source="state")
    memory_id = PublicIdField(MEMORY, allow_null=True, help_text="null if nothing was stored.")
    results = Mem0WriteResultItemOut(many=True, source="items")
    error = NullIfBlankField(source="failure")
    created_at = TimestampField(source="accepted_at")
    finished_at = TimestampField(allow_null=True)

    example = Mem0AddResultOut.example
