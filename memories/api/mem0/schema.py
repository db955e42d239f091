"""The OpenAPI document's entry for each `/v1` operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema

from core.http.mem0 import answer
from memories.api.mem0 import serializers as api_serializers
from memories.api.mem0.responses import (
    Mem0AddResultOut,
    Mem0DeleteResultOut,
    Mem0ErasureReceiptOut,
    Mem0EventOut,
    Mem0MemoryDetailOut,
    Mem0MemoryOut,
    Mem0PendingUpdateOut,
    Mem0SearchResultOut,
    Mem0UserMemoriesOut,
)
from memories.api.responses import HistoryOut

F = TypeVar("F", bound=Callable[..., Any])

add = extend_schema(
    operation_id="v1_add",
    summary="Add memories",
    request=api_serializers.Mem0AddMemoriesIn,
    responses={
        200: answer(Mem0AddResultOut, "Memory added successfully"),
        202: answer(Mem0AddResultOut, "Memory accepted", Mem0AddResultOut.pending_example),
    },
    examples=[
        OpenApiExample(
            "A message",
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
    operation_id="v1_search",
    summary="Search memories",
    parameters=[api_serializers.Mem0SearchQuery],
    responses={200: answer(Mem0SearchResultOut, "Search completed")},
)
get = extend_schema(
    operation_id="v1_get",
    summary="Get a memory",
    parameters=[api_serializers.Mem0RetrieveQuery],
    responses={200: answer(Mem0MemoryDetailOut, "Memory retrieved")},
)


def _change(operation: str, summary: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        request=api_serializers.Mem0UpdateMemoryIn,
        responses={
            200: answer(Mem0MemoryOut, "Memory updated successfully"),
            202: answer(Mem0PendingUpdateOut, "Update accepted"),
        },
        examples=[OpenApiExample("A new text", {"content": "I love building agents"}, request_only=True)],
    )


replace = _change("v1_update", "Update a memory: a new revision, never an overwrite")
edit = _change("v1_patch", "Update a memory (the same as PUT)")
delete = extend_schema(
    operation_id="v1_delete",
    summary="Erase a memory",
    request=None,
    responses={200: answer(Mem0DeleteResultOut, "Memory deleted successfully")},
)
history = extend_schema(
    operation_id="v1_history",
    summary="All revisions of a memory, newest first",
    responses={200: answer(HistoryOut, "History retrieved")},
)
list_user = extend_schema(
    operation_id="v1_user_memories",
    summary="A user's memories, newest first",
    parameters=[api_serializers.Mem0ListQuery],
    responses={200: answer(Mem0UserMemoriesOut, "Memories retrieved")},
)
delete_user = extend_schema(
    operation_id="v1_delete_user",
    summary="Erase all memories of a user",
    request=None,
    responses={200: answer(Mem0ErasureReceiptOut, "Memories deleted successfully")},
)
event = extend_schema(
    operation_id="v1_event",
    summary="What became of an accepted write",
    responses={200: answer(Mem0EventOut, "Event retrieved")},
)
