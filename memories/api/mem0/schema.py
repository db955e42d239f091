"""The OpenAPI schemas and examples of the `/v1` operations."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from memories.api import examples as ex
from memories.api.mem0 import serializers as api_serializers
from memories.api.outputs import MEMORY_STATES, HistoryOut, RecallExplanationOut, RevisionOut, ScoreExplanationOut

F = TypeVar("F", bound=Callable[..., Any])

EVENT_STATES = ["pending", "running", "succeeded", "failed"]


class Mem0RelationshipOut(serializers.Serializer[Any]):
    type = serializers.CharField()
    entity = serializers.CharField()
    confidence = serializers.FloatField()


class Mem0MemoryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    content = serializers.CharField()
    memory = serializers.CharField(help_text="The same as content.")
    user_id = serializers.CharField()
    agent_id = serializers.CharField(allow_null=True)
    run_id = serializers.CharField(allow_null=True)
    project = serializers.CharField()
    metadata = MetadataField()
    relationships = Mem0RelationshipOut(many=True)
    memory_type = serializers.CharField()
    pinned = serializers.BooleanField()
    importance = serializers.FloatField()
    status = serializers.ChoiceField(MEMORY_STATES)
    created_at = TimestampField()
    updated_at = TimestampField()
    expires_at = TimestampField(allow_null=True)


class Mem0MemoryDetailOut(Mem0MemoryOut):
    history = RevisionOut(many=True, required=False)
    embedding = serializers.ListField(child=serializers.FloatField(), required=False, allow_null=True)


class Mem0ScoredMemoryOut(Mem0MemoryOut):
    score = serializers.FloatField()
    why = ScoreExplanationOut(required=False, help_text="With `explain`.")


class Mem0WriteResultItemOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    memory = serializers.CharField()
    content = serializers.CharField()
    event = serializers.ChoiceField(["ADD", "UPDATE", "DELETE", "NONE"])
    created_at = TimestampField(allow_null=True)
    entities = serializers.ListField(child=serializers.CharField())


class Mem0AddResultOut(serializers.Serializer[Any]):
    id = serializers.CharField(
        allow_null=True, help_text="null if the messages state nothing; then nothing was stored."
    )
    results = Mem0WriteResultItemOut(many=True)
    event_id = serializers.CharField(required=False)
    status = serializers.CharField(required=False)


class Mem0SearchResultOut(serializers.Serializer[Any]):
    results = Mem0ScoredMemoryOut(many=True)
    total = serializers.IntegerField()
    query = serializers.CharField()
    explanation = RecallExplanationOut(required=False, help_text="With `explain`.")


class Mem0DeleteResultOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    deleted = serializers.BooleanField()
    receipt_id = serializers.CharField()


class Mem0ErasureReceiptOut(serializers.Serializer[Any]):
    receipt_id = serializers.CharField()
    scope = MetadataField()
    counts = serializers.DictField(child=serializers.IntegerField())
    requested_at = TimestampField()
    completed_at = TimestampField(allow_null=True)
    signature = serializers.CharField()


class Mem0PendingUpdateOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    event_id = serializers.CharField()
    status = serializers.CharField()


class Mem0UserStatisticsOut(serializers.Serializer[Any]):
    total_memories = serializers.IntegerField()
    memories_last_7d = serializers.IntegerField()
    entities = serializers.IntegerField()
    first_memory_at = TimestampField(allow_null=True)
    last_memory_at = TimestampField(allow_null=True)


class Mem0UserMemoriesOut(serializers.Serializer[Any]):
    user_id = serializers.CharField()
    results = Mem0MemoryOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    total = serializers.IntegerField()
    stats = Mem0UserStatisticsOut()


class Mem0EventOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(EVENT_STATES)
    memory_id = serializers.CharField(allow_null=True, help_text="null if nothing was stored.")
    results = Mem0WriteResultItemOut(many=True)
    error = serializers.CharField(allow_null=True)
    created_at = TimestampField()
    finished_at = TimestampField(allow_null=True)


@functools.cache
def _envelope_shape(data: type[serializers.Serializer[Any]]) -> Any:
    return inline_serializer(
        f"V1{data.__name__.removeprefix('Mem0').removesuffix('Out')}Envelope",
        {
            "success": serializers.BooleanField(),
            "data": data(),
            "message": serializers.CharField(),
            "timestamp": TimestampField(),
        },
    )


def envelope(data: type[serializers.Serializer[Any]], example: dict[str, Any], message: str) -> OpenApiResponse:
    """The response `data` in its envelope, with an example."""
    value = {"success": True, "data": example, "message": message, "timestamp": ex.MOMENT}
    return OpenApiResponse(_envelope_shape(data), message, [OpenApiExample(message, value, response_only=True)])


_RESULT = {
    "id": ex.MEMORY_ID,
    "memory": "I love building AI applications with FastAPI",
    "content": "I love building AI applications with FastAPI",
    "event": "ADD",
    "created_at": ex.MOMENT,
    "entities": [],
}
_MEMORY: dict[str, Any] = {
    "id": ex.MEMORY_ID,
    "content": "I love building AI applications with FastAPI",
    "memory": "I love building AI applications with FastAPI",
    "user_id": "test_user_123",
    "agent_id": None,
    "run_id": None,
    "project": "default",
    "metadata": {"source": "external_test", "entities": ["FastAPI"]},
    "relationships": [{"type": "mentions", "entity": "FastAPI", "confidence": 0.9}],
    "memory_type": "fact",
    "pinned": False,
    "importance": 0.5,
    "status": "active",
    "created_at": ex.MOMENT,
    "updated_at": ex.MOMENT,
    "expires_at": None,
}
_RECEIPT = {
    "receipt_id": ex.RECEIPT_ID,
    "scope": {"kind": "user"},
    "counts": {"memories": 2, "revisions": 3, "passages": 3, "embeddings": 3},
    "requested_at": ex.MOMENT,
    "completed_at": ex.MOMENT,
    "signature": "5f3c…",
}
_EVENT = {
    "id": ex.EVENT_ID,
    "status": "succeeded",
    "memory_id": ex.MEMORY_ID,
    "results": [_RESULT],
    "error": None,
    "created_at": ex.MOMENT,
    "finished_at": ex.MOMENT,
}
_PENDING = {"id": ex.MEMORY_ID, "event_id": ex.EVENT_ID, "status": "pending"}

add = extend_schema(
    operation_id="add_memories",
    summary="Add memories",
    description=(
        "Extracts statements, entities and relations from the messages. The response is 202 with an `event_id` if the "
        "write is not applied within `STORE_WAIT_SECONDS`, or at once with `Prefer: respond-async`."
    ),
    request=api_serializers.Mem0AddMemoriesIn,
    responses={
        200: envelope(Mem0AddResultOut, {"id": ex.MEMORY_ID, "results": [_RESULT]}, "Memory added successfully"),
        202: envelope(Mem0AddResultOut, _PENDING | {"results": []}, "Memory accepted"),
    },
    examples=[
        OpenApiExample(
            "Message",
            {
                "messages": [{"role": "user", "content": "I love building AI applications with FastAPI"}],
                "user_id": "test_user_123",
                "metadata": {"source": "external_test"},
            },
            request_only=True,
        )
    ],
)
search = extend_schema(
    operation_id="search_memories",
    summary="Search memories",
    description="Ranks the memories of a user for a question.",
    parameters=[api_serializers.Mem0SearchQuery],
    responses={
        200: envelope(
            Mem0SearchResultOut,
            {"results": [_MEMORY | {"score": 0.92}], "total": 1, "query": "FastAPI"},
            "Search completed",
        )
    },
)
get = extend_schema(
    operation_id="get_memory",
    summary="Get a memory",
    description=(
        "Returns the current revision, or with `as_of` and `valid_at` the revision of that time. `include` adds the "
        "history or the embedding."
    ),
    parameters=[api_serializers.Mem0RetrieveQuery],
    responses={200: envelope(Mem0MemoryDetailOut, _MEMORY, "Memory retrieved")},
)


def _update(operation: str, summary: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description="Adds a revision; earlier revisions stay in the history. Missing fields keep their values.",
        request=api_serializers.Mem0UpdateMemoryIn,
        responses={
            200: envelope(Mem0MemoryOut, _MEMORY, "Memory updated successfully"),
            202: envelope(Mem0PendingUpdateOut, _PENDING, "Update accepted"),
        },
        examples=[OpenApiExample("New text", {"content": "I love building agents"}, request_only=True)],
    )


replace = _update("update_memory", "Update a memory")
edit = _update("patch_memory", "Update a memory (same as PUT)")
delete = extend_schema(
    operation_id="delete_memory",
    summary="Delete a memory",
    description="Erases the memory with all revisions and embeddings. The response has the id of a signed receipt.",
    request=None,
    responses={
        200: envelope(
            Mem0DeleteResultOut,
            {"id": ex.MEMORY_ID, "deleted": True, "receipt_id": ex.RECEIPT_ID},
            "Memory deleted successfully",
        )
    },
)
history = extend_schema(
    operation_id="get_memory_history",
    summary="Get the history of a memory",
    description="Returns all revisions, newest first.",
    responses={200: envelope(HistoryOut, {"id": ex.MEMORY_ID, "revisions": [ex.REVISION]}, "History retrieved")},
)
list_user = extend_schema(
    operation_id="list_user_memories",
    summary="List the memories of a user",
    description="Returns the memories, newest first, and statistics of the user.",
    parameters=[api_serializers.Mem0ListQuery],
    responses={
        200: envelope(
            Mem0UserMemoriesOut,
            {
                "user_id": "test_user_123",
                "results": [_MEMORY],
                "next_cursor": None,
                "total": 1,
                "stats": {
                    "total_memories": 1,
                    "memories_last_7d": 1,
                    "entities": 0,
                    "first_memory_at": ex.MOMENT,
                    "last_memory_at": ex.MOMENT,
                },
            },
            "Memories retrieved",
        )
    },
)
delete_user = extend_schema(
    operation_id="delete_user_memories",
    summary="Delete all memories of a user",
    description="Erases the memories with all revisions and embeddings. The response is a signed receipt.",
    request=None,
    responses={200: envelope(Mem0ErasureReceiptOut, _RECEIPT, "Memories deleted successfully")},
)
event = extend_schema(
    operation_id="get_event",
    summary="Get the state of a write",
    description="A write is `pending`, `running`, `succeeded` or `failed`. A write that succeeded has its results.",
    responses={
        200: envelope(Mem0EventOut, _EVENT, "Event retrieved"),
    },
)
