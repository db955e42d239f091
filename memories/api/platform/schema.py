"""The OpenAPI document's entry for each operation of mem0's clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from core.http.responses import ResponseSerializer, answer
from memories.api import examples as ex
from memories.api.platform import serializers as api_serializers
from memories.api.platform.entity_responses import PlatformEntityPageOut
from memories.api.platform.responses import (
    PlatformAddResultOut,
    PlatformEventOut,
    PlatformEventPageOut,
    PlatformFoundMemoryOut,
    PlatformHistoryEntryOut,
    PlatformMemoryOut,
    PlatformMemoryPageOut,
    PlatformMessageOut,
    PlatformPendingUpdateOut,
    PlatformPingOut,
    PlatformSearchResultOut,
    Said,
)

F = TypeVar("F", bound=Callable[..., Any])
OWNER = {"user_id": "user_123"}
PROJECT_ID = OpenApiParameter("project_id", OpenApiTypes.STR, description=api_serializers.NAME_A_PROJECT)
IGNORED = (
    " These fields are read and change nothing: `custom_categories`, `custom_instructions`, "
    "`agent_custom_instructions`, `includes`, `excludes`, `immutable`, `output_format`, `async_mode`, `version`, "
    "`structured_data_schema`, `enable_graph`, `source`."
)
MESSAGES = {"messages": [{"role": "user", "content": ex.TEXT}], **OWNER, "metadata": {"source": "chat"}}
FILTERED = {"filters": OWNER}
QUERY = {"query": "Where does John work?", **FILTERED}


def example(name: str, body: Any) -> list[OpenApiExample]:
    return [OpenApiExample(name, body, request_only=True)]


def answers(serializer: type[ResponseSerializer], description: str) -> OpenApiResponse:
    """A bare list. drf-spectacular puts the example into one."""
    shown = OpenApiExample(description, serializer.render(serializer.example), response_only=True)
    return OpenApiResponse(serializer(many=True), description, [shown])


def list_or_object(item: type[ResponseSerializer], whole: type[ResponseSerializer]) -> OpenApiResponse:
    """A bare list, or an object that has it as `results`; other operations describe both."""
    listed, described = ({"$ref": f"#/components/schemas/{one.__name__.removesuffix('Out')}"} for one in (item, whole))
    shown = OpenApiExample("The memories", [item.render(item.example)], response_only=True)
    schema = {"oneOf": [{"type": "array", "items": listed}, described]}
    return OpenApiResponse(schema, "The memories", [shown])


def said(message: str) -> OpenApiResponse:
    return answer(PlatformMessageOut, message, Said(message))


ping = extend_schema(
    operation_id="get_identity",
    summary="Verify a key",
    description="The constructor of the clients sends it. `org_id` is the tenant, `project_id` the project of the key.",
    responses={200: answer(PlatformPingOut, "The key is valid")},
)


def _add(operation: str, summary: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description=(
            "Extracts statements from the messages; with `infer: false` each message is stored verbatim, and a text "
            "that is stored already is not stored again. System messages are left out. Owners are named beside the "
            "messages or in `filters`, each by one id; `*` and any other filter are refused. The status is `PENDING` "
            "if the write is not applied within `STORE_WAIT_SECONDS`." + IGNORED
        ),
        request=api_serializers.PlatformAddMemoriesIn,
        responses={
            200: answer(PlatformAddResultOut, "Added"),
            202: answer(PlatformAddResultOut, "Accepted", PlatformAddResultOut.pending_example),
        },
        examples=example("Message", MESSAGES),
    )


add = _add("add_memories", "Add memories")
add_plain = _add("add_memories_older", "Add memories (older clients)")
list_memories = extend_schema(
    operation_id="list_memories",
    summary="List memories",
    description=(
        "Memories that match the filters, newest first. Without an owner in the filters those of the default user; "
        "with an agent, app or run but no user those of all users that the key may see. `show_expired` and "
        "`latest_only` change nothing: expired and superseded memories are never returned."
    ),
    parameters=[api_serializers.PlatformPageQuery],
    request=api_serializers.PlatformListMemoriesIn,
    responses={200: answer(PlatformMemoryPageOut, "A page")},
    examples=example("Memories of a user", FILTERED),
)
list_filtered = extend_schema(
    operation_id="list_memories_older",
    summary="List memories (older clients)",
    description="A bare list of at most 1,000 memories; with `page` or `page_size` a page.",
    parameters=[api_serializers.PlatformPlainPageQuery],
    request=api_serializers.PlatformListMemoriesIn,
    responses={200: list_or_object(PlatformMemoryOut, PlatformMemoryPageOut)},
    examples=example("Memories of a user", FILTERED),
)
list_plain = extend_schema(
    operation_id="list_memories_oldest",
    summary="List memories of an owner (older clients)",
    description="A bare list of at most 1,000 memories; with `page` or `page_size` a page.",
    parameters=[api_serializers.PlatformPlainPageQuery, api_serializers.PlatformPlainListQuery],
    responses={200: list_or_object(PlatformMemoryOut, PlatformMemoryPageOut)},
)
search = extend_schema(
    operation_id="search_memories",
    summary="Search memories",
    description=(
        "Ranks the memories that match the filters. `keyword_search`, `latest_only` and `show_expired` change nothing: "
        "words always take part in the ranking."
    ),
    request=api_serializers.PlatformSearchMemoriesIn,
    responses={200: answer(PlatformSearchResultOut, "The memories, best first")},
    examples=example("Question", QUERY),
)


def _search_plain(operation: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary="Search memories (older clients)",
        description="The same search; the response is a bare list unless `output_format` is `v1.1`.",
        request=api_serializers.PlatformPlainSearchIn,
        responses={200: list_or_object(PlatformFoundMemoryOut, PlatformSearchResultOut)},
        examples=example("Question", QUERY),
    )


search_v1 = _search_plain("search_memories_oldest")
search_v2 = _search_plain("search_memories_older")
get = extend_schema(
    operation_id="get_memory",
    summary="Get a memory",
    description="Returns the current text of a memory.",
    responses={200: answer(PlatformMemoryOut, "The memory")},
)
update = extend_schema(
    operation_id="update_memory",
    summary="Update a memory",
    description="Adds a revision; the history keeps the earlier ones. Metadata is merged into the existing metadata.",
    request=api_serializers.PlatformUpdateMemoryIn,
    responses={200: answer(PlatformMemoryOut, "Updated"), 202: answer(PlatformPendingUpdateOut, "Accepted")},
    examples=example("New text", {"text": "John works at Microsoft"}),
)
delete = extend_schema(
    operation_id="delete_memory",
    summary="Delete a memory",
    description="Erases the memory with all revisions.",
    parameters=[api_serializers.PlatformDeleteQuery],
    request=None,
    responses={200: said("Memory deleted successfully!")},
)
delete_all = extend_schema(
    operation_id="delete_memories",
    summary="Delete the memories of owners",
    description=(
        "Erases the memories that have all of the named owners, in one project. Anything else in the query, an empty "
        "id, `*` and filters without the id of an owner are refused, and then nothing is deleted."
    ),
    parameters=[
        OpenApiParameter("user_id", OpenApiTypes.STR),
        OpenApiParameter("agent_id", OpenApiTypes.STR),
        OpenApiParameter("app_id", OpenApiTypes.STR),
        OpenApiParameter("run_id", OpenApiTypes.STR),
        OpenApiParameter("filters", OpenApiTypes.STR, description="A filter as JSON, or as Python shows a dictionary."),
        PROJECT_ID,
    ],
    request=None,
    responses={200: said("Memories deleted successfully!")},
)
history = extend_schema(
    operation_id="get_memory_history",
    summary="Get the history of a memory",
    description="Returns all changes, oldest first.",
    responses={200: answers(PlatformHistoryEntryOut, "The changes")},
)
event = extend_schema(
    operation_id="get_event",
    summary="Get the state of a write",
    description="A write that succeeded has its results.",
    responses={200: answer(PlatformEventOut, "The event")},
)
events = extend_schema(
    operation_id="list_events",
    summary="List writes",
    description="The writes of one project that the key may see, newest first.",
    parameters=[api_serializers.PlatformEventPageQuery],
    responses={200: answer(PlatformEventPageOut, "A page")},
)
entities = extend_schema(
    operation_id="list_entities",
    summary="List users, agents, apps and runs",
    description="The owners of memories: users first, then agents, apps and runs.",
    parameters=[api_serializers.PlatformEntityPageQuery],
    responses={200: answer(PlatformEntityPageOut, "A page")},
)


def _delete_entity(operation: str, summary: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description=(
            "Erases all memories of the owner in one project. Anything else than the project in the query is refused, "
            "and then nothing is deleted. An owner without memories is no error."
        ),
        parameters=[
            OpenApiParameter(
                "entity_type",
                OpenApiTypes.STR,
                "path",
                enum=["user", "agent", "app", "run"],
                examples=[OpenApiExample("User", "user")],
            ),
            OpenApiParameter("entity_name", OpenApiTypes.STR, "path", examples=[OpenApiExample("User", "user_123")]),
            PROJECT_ID,
        ],
        request=None,
        responses={200: said("Entity deleted successfully!")},
    )


delete_entity = _delete_entity("delete_entity", "Delete the memories of a user, agent, app or run")
delete_entity_v1 = _delete_entity("delete_entity_older", "Delete the memories of an owner (older clients)")
batch_update = extend_schema(
    operation_id="update_memories",
    summary="Update up to 1,000 memories",
    description="All or none: an unknown memory or a text that another memory holds refuses the whole request.",
    request=api_serializers.PlatformBatchUpdateIn,
    responses={200: said("Successfully updated 1 memories"), 202: said("Successfully queued the update of 1 memories")},
    examples=example("New text", {"memories": [{"memory_id": ex.MEMORY_ID, "text": "John works at Microsoft"}]}),
)
batch_delete = extend_schema(
    operation_id="delete_memories_by_id",
    summary="Delete up to 1,000 memories",
    description="All or none: an unknown memory refuses the whole request.",
    request=api_serializers.PlatformBatchDeleteIn,
    responses={200: said("Successfully deleted 1 memories")},
    examples=example("One memory", {"memories": [{"memory_id": ex.MEMORY_ID}]}),
)
