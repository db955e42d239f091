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
    operation_id="add_memories",
    summary="Add memories",
    description=(
        "Extracts statements, entities and relations from the messages. The response is 202 with an `event_id` if the "
        "write is not applied within `STORE_WAIT_SECONDS`, or at once with `Prefer: respond-async`."
    ),
    request=api_serializers.Mem0AddMemoriesIn,
    responses={
        200: answer(Mem0AddResultOut, "Memory added successfully"),
        202: answer(Mem0AddResultOut, "Memory accepted", Mem0AddResultOut.pending_example),
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
        ),
        OpenApiExample(
            "Messages of a chat SDK: parts, an image, a tool call",
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "This is my new boat, the Albatross."},
                            {"type": "image_url", "image_url": {"url": "https://example.com/boat.png"}},
                        ],
                        "timestamp": 1772361000,
                    },
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
                        ],
                    },
                    {"role": "tool", "tool_call_id": "call_1", "content": "Sunny, 22 °C"},
                ],
                "user_id": "test_user_123",
                "agent_id": None,
            },
            request_only=True,
        ),
    ],
)
search = extend_schema(
    operation_id="search_memories",
    summary="Search memories",
    description="Ranks the memories of a user for a question.",
    parameters=[api_serializers.Mem0SearchQuery],
    responses={200: answer(Mem0SearchResultOut, "Search completed")},
)
get = extend_schema(
    operation_id="get_memory",
    summary="Get a memory",
    description=(
        "Returns the current revision, or with `as_of` and `valid_at` the revision of that time. `include` adds the "
        "history or the embedding."
    ),
    parameters=[api_serializers.Mem0RetrieveQuery],
    responses={200: answer(Mem0MemoryDetailOut, "Memory retrieved")},
)


def _update(operation: str, summary: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description="Adds a revision; earlier revisions stay in the history. Missing fields keep their values.",
        request=api_serializers.Mem0UpdateMemoryIn,
        responses={
            200: answer(Mem0MemoryOut, "Memory updated successfully"),
            202: answer(Mem0PendingUpdateOut, "Update accepted"),
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
    responses={200: answer(Mem0DeleteResultOut, "Memory deleted successfully")},
)
history = extend_schema(
    operation_id="get_memory_history",
    summary="Get the history of a memory",
    description="Returns all revisions, newest first.",
    responses={200: answer(HistoryOut, "History retrieved")},
)
list_user = extend_schema(
    operation_id="list_user_memories",
    summary="List the memories of a user",
    description="Returns the memories, newest first, and statistics of the user.",
    parameters=[api_serializers.Mem0ListQuery],
    responses={200: answer(Mem0UserMemoriesOut, "Memories retrieved")},
)
delete_user = extend_schema(
    operation_id="delete_user_memories",
    summary="Delete all memories of a user",
    description="Erases the memories with all revisions and embeddings. The response is a signed receipt.",
    request=None,
    responses={200: answer(Mem0ErasureReceiptOut, "Memories deleted successfully")},
)
event = extend_schema(
    operation_id="get_event",
    summary="Get the state of a write",
    description="A write is `pending`, `running`, `succeeded` or `failed`. A write that succeeded has its results.",
    responses={200: answer(Mem0EventOut, "Event retrieved")},
)
