"""`/api/v1`: the responses about memories. One class each: record, schema and example."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from core.http.responses import NullIfBlankField, PublicIdField, ResponseSerializer, RoundedField, example_id
from core.ids import ENTITY, EVENT, MEMORY, RECEIPT
from memories.api import examples as ex
from memories.api.responses import (
    EVENT_STATES,
    MEMORY_STATES,
    SKIPPED_PARTS,
    RecallExplanationOut,
    ScoreExplanationOut,
)
from memories.types import (
    Decision,
    ErasureReceipt,
    Hit,
    ItemResult,
    MemoryRecord,
    Page,
    Recalled,
    SourceKind,
    WriteResult,
)


class MemoryOut(ResponseSerializer):
    id = PublicIdField(MEMORY)
    content = serializers.CharField()
    user_id = serializers.CharField()
    project = serializers.CharField()
    agent_id = serializers.CharField(allow_null=True)
    session_id = serializers.CharField(source="run_id", allow_null=True)
    metadata = MetadataField()
    memory_type = serializers.CharField()
    speaker = serializers.CharField(allow_null=True)
    pinned = serializers.BooleanField()
    importance = serializers.FloatField()
    status = serializers.ChoiceField(MEMORY_STATES)
    superseded_by = PublicIdField(MEMORY, allow_null=True)
    entities = serializers.ListField(child=serializers.CharField(), source="entities.names")
    uses = serializers.IntegerField(help_text="Number of recalls that returned the memory; updated every 30 seconds.")
    last_used_at = TimestampField(allow_null=True)
    created_at = TimestampField()
    updated_at = TimestampField()
    valid_from = TimestampField()
    valid_to = TimestampField(allow_null=True)
    expires_at = TimestampField(allow_null=True)

    example = replace(ex.MEMORY, uses=3, last_used_at=ex.TIME, entities=ex.ENTITIES)


class RecalledMemoryOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory.id")
    content = serializers.CharField(source="memory.content")
    score = serializers.FloatField(min_value=0, max_value=1)
    relevance = serializers.FloatField(source="score", help_text="The same as score.")
    created_at = TimestampField(source="memory.created_at")
    metadata = MetadataField(source="memory.metadata")
    memory_type = serializers.CharField(source="memory.memory_type")
    valid_from = TimestampField(source="memory.valid_from")
    valid_to = TimestampField(source="memory.valid_to", allow_null=True)
    expires_at = TimestampField(source="memory.expires_at", allow_null=True)
    decay_score = RoundedField(
        source="decay",
        min_value=0,
        max_value=1,
        help_text="The decay score; it does not influence the order.",
    )
    outdated_by = PublicIdField(
        MEMORY,
        allow_null=True,
        help_text="A newer memory with another value of the same fact; it may outdate this one.",
    )
    why = ScoreExplanationOut(required=False, help_text="With `explain`.")

    example = Hit(MemoryOut.example, 0.92, 0.97)


class EntityReferenceOut(ResponseSerializer):
    id = PublicIdField(ENTITY)
    canonical_name = serializers.CharField(source="name")
    name = serializers.CharField(help_text="The same as canonical_name.")
    type = serializers.CharField()
    confidence = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="Confidence of the mention; the highest one if several memories mention the entity.",
    )

    example = ex.JOHN


class RecallResultOut(ResponseSerializer):
    memories = RecalledMemoryOut(many=True, source="hits")
    context = serializers.CharField()  # type: ignore[assignment]  # DRF's own attribute of that name is not used here
    total = serializers.IntegerField()
    entities = EntityReferenceOut(
        many=True, help_text="The entities that the memories of the response mention, each once."
    )
    context_tokens = serializers.IntegerField()
    context_omitted = serializers.IntegerField(
        help_text="Number of the memories without a line in `context`: they did not fit, or repeat an earlier line."
    )
    explanation = RecallExplanationOut(required=False, help_text="With `explain`.")

    example = Recalled((RecalledMemoryOut.example,), ex.TEXT + ".", 12)


class WriteResultItemOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory_id")
    content = serializers.CharField()
    action = serializers.ChoiceField(["ADD", "UPDATE", "DELETE", "NOOP"], source="decision")
    entities = serializers.ListField(child=serializers.CharField(), source="entities.names")
    replaces = PublicIdField(MEMORY, required=False)

    example = ItemResult(example_id(ex.MEMORY_ID), ex.TEXT, Decision.ADD, entities=ex.ENTITIES)


class StoreResultOut(ResponseSerializer):
    status = serializers.ChoiceField(["success", "duplicate", "pending"])
    id = PublicIdField(MEMORY, source="memory_id")
    memories = WriteResultItemOut(many=True, source="items")
    entities_extracted = serializers.IntegerField()
    relationships_created = serializers.IntegerField()
    extracted_facts = serializers.ListField(child=serializers.CharField())
    entities = EntityReferenceOut(many=True)
    expires_at = TimestampField(allow_null=True)
    skipped_parts = serializers.IntegerField(help_text=SKIPPED_PARTS)
    duplicate_of = PublicIdField(MEMORY, allow_null=True)
    event_id = PublicIdField(EVENT, required=False)

    example = WriteResult(
        event_id=example_id(ex.EVENT_ID),
        memory_id=example_id(ex.MEMORY_ID),
        state="succeeded",
        items=(WriteResultItemOut.example,),
        accepted_at=ex.TIME,
        finished_at=ex.TIME,
        expires_at=ex.TIME + dt.timedelta(days=30),
        kind=SourceKind.STORE,
        detail={"relations": 1},
    )
    pending_example = replace(example, state="pending", items=(), finished_at=None, detail={})

    def get_status(self, result: WriteResult) -> str:
        if result.state != "succeeded":
            return "pending"
        return "duplicate" if result.duplicate_of else "success"

    def get_entities_extracted(self, result: WriteResult) -> int:
        return len(result.entities)

    def get_relationships_created(self, result: WriteResult) -> int:
        return int(result.detail.get("relations", 0))

    def get_extracted_facts(self, result: WriteResult) -> list[str]:
        return [item.content for item in result.items if item.decision is not Decision.NOOP]

    def get_event_id(self, result: WriteResult) -> Any:
        return None if result.state == "succeeded" else result.event_id


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """A page of a list by its number, from 1."""

    page: Page
    number: int
    limit: int


class MemoryPageOut(ResponseSerializer):
    memories = MemoryOut(many=True, source="page.memories")
    total = serializers.IntegerField(source="page.total")
    page = serializers.IntegerField(source="number")
    limit = serializers.IntegerField()
    next_cursor = serializers.CharField(source="page.next_cursor", allow_null=True)

    example = NumberedPage(Page((MemoryOut.example,), 1, None), 1, 100)


class UpdatedMemoryOut(ResponseSerializer):
    id = PublicIdField(MEMORY)
    content = serializers.CharField()


class UpdateResultOut(ResponseSerializer):
    status = serializers.CharField()
    id = PublicIdField(MEMORY)
    memory = UpdatedMemoryOut(source="*")
    updated_entities = EntityReferenceOut(
        many=True, source="entities.mentions", help_text="The entities that the memory mentions after the update."
    )

    example = replace(MemoryOut.example, content="John is a Staff Engineer at Google (promoted from Senior)")

    def get_status(self, memory: MemoryRecord) -> str:
        return "success"


class PendingUpdateOut(ResponseSerializer):
    status = serializers.CharField()
    id = PublicIdField(MEMORY, source="memory_id")
    event_id = PublicIdField(EVENT)

    example = replace(StoreResultOut.pending_example, kind=SourceKind.UPDATE)

    def get_status(self, result: WriteResult) -> str:
        return "pending"


class DeleteResultOut(ResponseSerializer):
    status = serializers.CharField()
    deleted_memories = serializers.IntegerField()
    deleted_entities = serializers.IntegerField()
    deleted_relationships = serializers.IntegerField()
    receipt_id = PublicIdField(RECEIPT, source="id")

    example = ErasureReceipt(
        id=example_id(ex.RECEIPT_ID),
        scope={"kind": "memories", "named": 1},
        counts={"memories": 1, "revisions": 1, "passages": 1, "embeddings": 1},
        requested_at=ex.TIME,
        completed_at=ex.TIME,
        signature="5f3c…",
    )

    def get_status(self, receipt: ErasureReceipt) -> str:
        return "success"

    def get_deleted_memories(self, receipt: ErasureReceipt) -> int:
        """Writes that were still pending count as the memory that they would have become."""
        return receipt.counts.get("memories", 0) + receipt.counts.get("pending", 0)

    def get_deleted_entities(self, receipt: ErasureReceipt) -> int:
        return receipt.counts.get("entities", 0)

    def get_deleted_relationships(self, receipt: ErasureReceipt) -> int:
        return receipt.counts.get("relations", 0)


class EventOut(ResponseSerializer):
    id = PublicIdField(EVENT, source="event_id")
    status = serializers.ChoiceField(EVENT_STATES, source="state")
    memory_id = PublicIdField(MEMORY, allow_null=True, help_text="null if nothing was stored.")
    memories = WriteResultItemOut(many=True, source="items")
    error = NullIfBlankField(source="failure")
    created_at = TimestampField(source="accepted_at")
    finished_at = TimestampField(allow_null=True)

    example = StoreResultOut.example
