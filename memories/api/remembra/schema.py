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
    operation_id="api_store",
    summary="Store a memory",
    request=api_serializers.StoreMemoryIn,
    responses={
        201: answer(StoreResultOut, "Stored"),
        202: answer(StoreResultOut, "Accepted", StoreResultOut.pending_example),
    },
    examples=[
        OpenApiExample(
            "A text",
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
    operation_id="api_recall",
    summary="Recall memories",
    request=api_serializers.RecallMemoriesIn,
    responses={200: answer(RecallResultOut, "Recalled")},
    examples=[
        OpenApiExample(
            "A question",
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
            "A filter",
            {"filters": {"source": "chat", "created_at": {"gte": "2026-01-01"}}, "user_id": "user_123"},
            request_only=True,
        ),
    ],
)
list_memories = extend_schema(
    operation_id="api_list",
    summary="List memories, newest first",
    description="`page` (default), `offset` (a bare array with `X-Total-Count`) or `cursor`.",
    parameters=[
        api_serializers.MemoryListQuery,
        OpenApiParameter(
            "X-Total-Count", OpenApiTypes.INT, "header", description="With `offset`: how many in all.", response=[200]
        ),
    ],
    responses={
        200: OpenApiResponse(
            PolymorphicProxySerializer("ListOut", [MemoryPageOut, MemoryOut(many=True)], None, many=False),
            "A page",
            answer(MemoryPageOut, "A page").examples,
        )
    },
)
forget_many = extend_schema(
    operation_id="api_forget",
    summary="Erase memories by id, by filters or by an entity, all of a user, or a project of a user",
    parameters=[api_serializers.DeleteMemoriesQuery],
    request=api_serializers.DeleteMemoriesIn,
    responses={200: answer(DeleteResultOut, "Erased")},
    examples=[OpenApiExample("By id", {"memory_ids": [ex.MEMORY_ID]}, request_only=True)],
)
get = extend_schema(
    operation_id="api_get",
    summary="Get a memory",
    parameters=[api_serializers.MemoryRetrieveQuery],
    responses={200: answer(MemoryOut, "The memory")},
)


def _change(operation: str, summary: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        request=api_serializers.UpdateMemoryIn,
        responses={200: answer(UpdateResultOut, "Updated"), 202: answer(PendingUpdateOut, "Accepted")},
        examples=[
            OpenApiExample(
                "A new text",
                {"content": "John is a Staff Engineer at Google (promoted from Senior)"},
                request_only=True,
            )
        ],
    )


replace = _change("api_update", "Update a memory: a new revision, never an overwrite")
edit = _change("api_patch", "Update a memory (the same as PUT)")
forget_single = extend_schema(
    operation_id="api_forget_one",
    summary="Erase a memory",
    request=None,
    responses={200: answer(DeleteResultOut, "Erased")},
)
event = extend_schema(
    operation_id="api_event",
    summary="What became of an accepted write",
    responses={200: answer(EventOut, "The event")},
)
