"""The OpenAPI document's entry for each `/api/v1` operation on memories."""

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
)

from core.http.responses import answer
from memories.api import examples as ex
from memories.api.remembra import serializers as api_serializers
from memories.api.remembra.responses import (
    DeleteResultOut,
    EventOut,
    MemoryOut,
    MemoryPageOut,
    PendingUpdateOut,
    RecallResultOut,
    StoreResultOut,
    UpdateResultOut,
)

F = TypeVar("F", bound=Callable[..., Any])

storing = extend_schema(
    operation_id="store_memory",
    summary="Store a memory",
    description=(
        "Extracts statements, entities and relations from the text. The response is 202 with an `event_id` if the "
        "write is not applied within `STORE_WAIT_SECONDS`, or at once with `Prefer: respond-async`."
    ),
    request=api_serializers.StoreMemoryIn,
    responses={
        201: answer(StoreResultOut, "Stored"),
        202: answer(StoreResultOut, "Accepted", StoreResultOut.pending_example),
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
    responses={200: answer(RecallResultOut, "Recalled")},
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
        200: OpenApiResponse(
            PolymorphicProxySerializer("MemoryList", [MemoryPageOut, MemoryOut(many=True)], None, many=False),
            "A page of memories",
            answer(MemoryPageOut, "A page of memories").examples,
        )
    },
)
forget_many = extend_schema(
    operation_id="delete_memories",
    summary="Delete memories by id, filters, entity, user or project",
    description=(
        "Erases the memories with all revisions and embeddings. The response has the id of a signed receipt. Filters "
        "match each message of a write that is not applied yet; the messages that do not match are stored."
    ),
    parameters=[api_serializers.DeleteMemoriesQuery],
    request=api_serializers.DeleteMemoriesIn,
    responses={200: answer(DeleteResultOut, "Erased")},
    examples=[OpenApiExample("Ids", {"memory_ids": [ex.MEMORY_ID]}, request_only=True)],
)
get = extend_schema(
    operation_id="get_memory",
    summary="Get a memory",
    description="Returns the current revision, or with `as_of` and `valid_at` the revision of that time.",
    parameters=[api_serializers.MemoryRetrieveQuery],
    responses={200: answer(MemoryOut, "The memory")},
)


def _update(operation: str, summary: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description="Adds a revision; earlier revisions stay in the history. Missing fields keep their values.",
        request=api_serializers.UpdateMemoryIn,
        responses={200: answer(UpdateResultOut, "Updated"), 202: answer(PendingUpdateOut, "Accepted")},
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
    responses={200: answer(DeleteResultOut, "Erased")},
)
event = extend_schema(
    operation_id="get_event",
    summary="Get the state of a write",
    description="A write is `pending`, `running`, `succeeded` or `failed`. A write that succeeded has its results.",
    responses={200: answer(EventOut, "The event")},
)
