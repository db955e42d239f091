"""The OpenAPI schemas and examples of the `/api/v1` operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from memories.api import examples as ex
from memories.api.outputs import MEMORY_STATES, RecallExplanationOut, ScoreExplanationOut
from memories.api.remembra import serializers as api_serializers

F = TypeVar("F", bound=Callable[..., Any])


class MemoryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    content = serializers.CharField()
    user_id = serializers.CharField()
    project = serializers.CharField()
    agent_id = serializers.CharField(allow_null=True)
    session_id = serializers.CharField(allow_null=True)
    metadata = MetadataField()
    memory_type = serializers.CharField()
    speaker = serializers.CharField(allow_null=True)
    pinned = serializers.BooleanField()
    importance = serializers.FloatField()
    status = serializers.ChoiceField(MEMORY_STATES)
    superseded_by = serializers.CharField(allow_null=True)
    entities = serializers.ListField(child=serializers.CharField())
    uses = serializers.IntegerField(help_text="Number of recalls that returned the memory; updated every 30 seconds.")
    last_used_at = TimestampField(allow_null=True)
    created_at = TimestampField()
    updated_at = TimestampField()
    valid_from = TimestampField()
    valid_to = TimestampField(allow_null=True)
    expires_at = TimestampField(allow_null=True)


class RecalledMemoryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    content = serializers.CharField()
    score = serializers.FloatField(min_value=0, max_value=1)
    relevance = serializers.FloatField(help_text="The same as score.")
    created_at = TimestampField()
    metadata = MetadataField()
    memory_type = serializers.CharField()
    valid_from = TimestampField()
    valid_to = TimestampField(allow_null=True)
    expires_at = TimestampField(allow_null=True)
    decay_score = serializers.FloatField(
        min_value=0, max_value=1, help_text="The decay score; it does not influence the order."
    )
    why = ScoreExplanationOut(required=False, help_text="With `explain`.")


class EntityReferenceOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    canonical_name = serializers.CharField()
    name = serializers.CharField(help_text="The same as canonical_name.")
    type = serializers.CharField()
    confidence = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="Confidence of the mention; the highest one if several memories mention the entity.",
    )


class RecallResultOut(serializers.Serializer[Any]):
    memories = RecalledMemoryOut(many=True)
    context = serializers.CharField()  # type: ignore[assignment]  # DRF's own attribute of that name is not used here
    total = serializers.IntegerField()
    entities = EntityReferenceOut(
        many=True, help_text="The entities that the memories of the response mention, each once."
    )
    context_tokens = serializers.IntegerField()
    explanation = RecallExplanationOut(required=False, help_text="With `explain`.")


class WriteResultItemOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    content = serializers.CharField()
    action = serializers.ChoiceField(["ADD", "UPDATE", "DELETE", "NOOP"])
    entities = serializers.ListField(child=serializers.CharField())
    replaces = serializers.CharField(required=False)


class StoreResultOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["success", "duplicate", "pending"])
    id = serializers.CharField()
    memories = WriteResultItemOut(many=True)
    entities_extracted = serializers.IntegerField()
    relationships_created = serializers.IntegerField()
    extracted_facts = serializers.ListField(child=serializers.CharField())
    entities = EntityReferenceOut(many=True)
    expires_at = TimestampField(allow_null=True)
    duplicate_of = serializers.CharField(allow_null=True)
    event_id = serializers.CharField(required=False)


class MemoryPageOut(serializers.Serializer[Any]):
    memories = MemoryOut(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    limit = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)


class UpdateResultOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    id = serializers.CharField()
    memory = inline_serializer("UpdatedMemory", {"id": serializers.CharField(), "content": serializers.CharField()})
    updated_entities = EntityReferenceOut(
        many=True, help_text="The entities that the memory mentions after the update."
    )


class PendingUpdateOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    id = serializers.CharField()
    event_id = serializers.CharField()


class DeleteResultOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    deleted_memories = serializers.IntegerField()
    deleted_entities = serializers.IntegerField()
    deleted_relationships = serializers.IntegerField()
    receipt_id = serializers.CharField()


class EventOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(["pending", "running", "succeeded", "failed"])
    memory_id = serializers.CharField(allow_null=True, help_text="null if nothing was stored.")
    memories = WriteResultItemOut(many=True)
    error = serializers.CharField(allow_null=True)
    created_at = TimestampField()
    finished_at = TimestampField(allow_null=True)


def answer(shape: Any, description: str, example: Any) -> OpenApiResponse:
    return OpenApiResponse(shape, description, [OpenApiExample(description, example, response_only=True)])


ENTITIES = [
    {"id": ex.ENTITY_IDS[0], "canonical_name": "John", "name": "John", "type": "PERSON", "confidence": 0.9},
    {"id": ex.ENTITY_IDS[1], "canonical_name": "Google", "name": "Google", "type": "ORG", "confidence": 0.9},
]
DECISION = {"id": ex.MEMORY_ID, "content": ex.TEXT, "action": "ADD", "entities": ["John", "Google"]}
STORED = {
    "status": "success",
    "id": ex.MEMORY_ID,
    "memories": [DECISION],
    "entities_extracted": 2,
    "relationships_created": 1,
    "extracted_facts": [ex.TEXT],
    "entities": ENTITIES,
    "expires_at": "2026-03-31T10:30:00Z",
    "duplicate_of": None,
}
PENDING = {"status": "pending", "id": ex.MEMORY_ID, "event_id": ex.EVENT_ID}
ACCEPTED = {
    **STORED,
    **PENDING,
    "memories": [],
    "entities_extracted": 0,
    "relationships_created": 0,
    "extracted_facts": [],
    "entities": [],
}
_HIT = {
    "id": ex.MEMORY_ID,
    "content": ex.TEXT,
    "score": 0.92,
    "relevance": 0.92,
    "created_at": ex.MOMENT,
    "metadata": {"source": "chat"},
    "memory_type": "fact",
    "valid_from": ex.MOMENT,
    "valid_to": None,
    "expires_at": None,
    "decay_score": 0.97,
}
MEMORY: dict[str, Any] = {
    "id": ex.MEMORY_ID,
    "content": ex.TEXT,
    "user_id": "user_123",
    "project": "default",
    "agent_id": None,
    "session_id": None,
    "metadata": {"source": "chat"},
    "memory_type": "fact",
    "speaker": None,
    "pinned": False,
    "importance": 0.5,
    "status": "active",
    "superseded_by": None,
    "entities": ["John", "Google"],
    "uses": 3,
    "last_used_at": ex.MOMENT,
    "created_at": ex.MOMENT,
    "updated_at": ex.MOMENT,
    "valid_from": ex.MOMENT,
    "valid_to": None,
    "expires_at": None,
}
_FORGOTTEN = {
    "status": "success",
    "deleted_memories": 1,
    "deleted_entities": 0,
    "deleted_relationships": 0,
    "receipt_id": ex.RECEIPT_ID,
}

storing = extend_schema(
    operation_id="store_memory",
    summary="Store a memory",
    description=(
        "Extracts statements, entities and relations from the text. The response is 202 with an `event_id` if the "
        "write is not applied within `STORE_WAIT_SECONDS`, or at once with `Prefer: respond-async`."
    ),
    request=api_serializers.StoreMemoryIn,
    responses={
        201: answer(StoreResultOut, "Stored", STORED),
        202: answer(StoreResultOut, "Accepted", ACCEPTED),
    },
    examples=[
        OpenApiExample(
            "Text",
            {
                "content": "User's name is John. He works at Google as a senior engineer.",
                "user_id": "user_123",
                "project": "default",
                "metadata": {"source": "chat", "session_id": "sess_abc"},
                "ttl": "30d",
            },
            request_only=True,
        )
    ],
)
recalling = extend_schema(
    operation_id="recall_memories",
    summary="Recall memories",
    description=(
        "Ranks the memories of a user for a question and builds a context for a prompt. Without `query` it returns the"
        " newest memories that match `filters`."
    ),
    request=api_serializers.RecallMemoriesIn,
    responses={
        200: answer(
            RecallResultOut,
            "Recalled",
            {
                "memories": [_HIT],
                "context": ex.TEXT + ".",
                "total": 1,
                "entities": ENTITIES,
                "context_tokens": 12,
            },
        )
    },
    examples=[
        OpenApiExample(
            "Question",
            {
                "query": "What do I know about John?",
                "user_id": "user_123",
                "project": "default",
                "limit": 10,
                "threshold": 0.4,
                "max_tokens": 4000,
                "enable_hybrid": True,
                "enable_rerank": False,
            },
            request_only=True,
        ),
        OpenApiExample(
            "Filter",
            {"filters": {"source": "chat", "created_at": {"gte": "2026-01-01"}}, "user_id": "user_123"},
            request_only=True,
        ),
    ],
)
list_memories = extend_schema(
    operation_id="list_memories",
    summary="List memories",
    description=(
        "Returns memories, newest first. Pages are numbered (`page`, the default), or go by `cursor`. With `offset` "
        "the response is an array with `X-Total-Count`."
    ),
    parameters=[
        api_serializers.MemoryListQuery,
        OpenApiParameter(
            "X-Total-Count", OpenApiTypes.INT, "header", description="With `offset`: the total number.", response=[200]
        ),
    ],
    responses={
        200: answer(
            PolymorphicProxySerializer("MemoryList", [MemoryPageOut, MemoryOut(many=True)], None, many=False),
            "A page of memories",
            {"memories": [MEMORY], "total": 1, "page": 1, "limit": 100, "next_cursor": None},
        )
    },
)
forget_many = extend_schema(
    operation_id="delete_memories",
    summary="Delete memories by id, filters, entity, user or project",
    description=("Erases the memories with all revisions and embeddings. The response has the id of a signed receipt."),
    parameters=[api_serializers.DeleteMemoriesQuery],
    request=api_serializers.DeleteMemoriesIn,
    responses={200: answer(DeleteResultOut, "Erased", _FORGOTTEN)},
    examples=[OpenApiExample("Ids", {"memory_ids": [ex.MEMORY_ID]}, request_only=True)],
)
get = extend_schema(
    operation_id="get_memory",
    summary="Get a memory",
    description="Returns the current revision, or with `as_of` and `valid_at` the revision of that time.",
    parameters=[api_serializers.MemoryRetrieveQuery],
    responses={200: answer(MemoryOut, "The memory", MEMORY)},
)


def _update(operation: str, summary: str) -> Callable[[F], F]:
    changed = {
        "status": "success",
        "id": ex.MEMORY_ID,
        "memory": {"id": ex.MEMORY_ID, "content": "John is a Staff Engineer at Google (promoted from Senior)"},
        "updated_entities": ENTITIES,
    }
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description="Adds a revision; earlier revisions stay in the history. Missing fields keep their values.",
        request=api_serializers.UpdateMemoryIn,
        responses={
            200: answer(UpdateResultOut, "Updated", changed),
            202: answer(PendingUpdateOut, "Accepted", PENDING),
        },
        examples=[
            OpenApiExample(
                "New text",
                {"content": "John is a Staff Engineer at Google (promoted from Senior)"},
                request_only=True,
            )
        ],
    )


replace = _update("update_memory", "Update a memory")
edit = _update("patch_memory", "Update a memory (same as PUT)")
forget_single = extend_schema(
    operation_id="delete_memory",
    summary="Delete a memory",
    description="Erases the memory with all revisions and embeddings. The response has the id of a signed receipt.",
    request=None,
    responses={200: answer(DeleteResultOut, "Erased", _FORGOTTEN)},
)
event = extend_schema(
    operation_id="get_event",
    summary="Get the state of a write",
    description="A write is `pending`, `running`, `succeeded` or `failed`. A write that succeeded has its results.",
    responses={
        200: answer(
            EventOut,
            "The event",
            {
                "id": ex.EVENT_ID,
                "status": "succeeded",
                "memory_id": ex.MEMORY_ID,
                "memories": [DECISION],
                "error": None,
                "created_at": ex.MOMENT,
                "finished_at": ex.MOMENT,
            },
        ),
    },
)
