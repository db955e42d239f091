"""The tools of the MCP server. Each one is one call of a service, as an operation of the HTTP API is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apikeys.scopes import Scope
from apikeys.types import Principal
from core.http.base import StrictRequestSerializer, validated
from core.http.responses import ResponseSerializer
from entities.api.remembra.responses import EntityPageOut, NeighborhoodOut
from entities.services import listing, traversal
from entities.services.bitemporal import point_in_time
from entities.types import EntityPage, EntityQuery, Subgraph
from memories.api.common import EDITABLE, expiry, require_any, temporal_view, update_command
from memories.api.mcp import serializers
from memories.api.mcp.responses import ChangedMemory, ChangedMemoryOut, ContextOut, MemoryListOut, SearchResultOut
from memories.api.messages import item
from memories.api.remembra.responses import DeleteResultOut, MemoryOut, StoreResultOut
from memories.api.remembra.users import UserProfile, UserProfileOut
from memories.api.responses import History, HistoryOut
from memories.services import forget, profile, recall, store, update
from memories.types import (
    ErasureReceipt,
    ListQuery,
    MemoryRecord,
    Page,
    Recalled,
    RecallQuery,
    StoreCommand,
    WriteResult,
)

Arguments = dict[str, Any]
SHORTEST_CONTEXT = 100  # tokens; a search does not return the context


@dataclass(frozen=True, slots=True)
class MemoryTool:
    """A tool: its texts for the model, its rights, and the service that it calls.

    `operation` is the group of its rate limit, as in `RATE_LIMITS_…`. `text_field`: the field of the result that is its
    text for the model; without it, the text is the JSON of the result.
    """

    name: str
    title: str
    description: str
    scope: Scope
    operation: str
    request: type[StrictRequestSerializer]
    response: type[ResponseSerializer]
    call: Callable[[Principal, Arguments], Any]
    destructive: bool = False
    idempotent: bool = True
    text_field: str | None = None

    @property
    def is_read(self) -> bool:
        return self.scope is Scope.READ

    def answer(self, caller: Principal, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object of the result. Raises InvalidRequest for invalid arguments, and the errors of the service."""
        return self.response.render(self.call(caller, validated(self.request, arguments)))


def add_memory(caller: Principal, data: Arguments) -> WriteResult:
    command = StoreCommand(
        items=(item({**data, "name": data.get("speaker")}),),
        user_id=data.get("user_id"),
        project=data.get("project"),
        agent_id=data.get("agent_id"),
        run_id=data.get("session_id"),
        metadata=data.get("metadata", {}),
        memory_type=data.get("memory_type"),
        infer=not data["verbatim"],
        expires_at=expiry(data),
        single_text=True,
    )
    return store.store(caller, command)


def _recall(caller: Principal, data: Arguments) -> Recalled:
    query = RecallQuery(
        query=data["query"],
        user_id=data.get("user_id"),
        project=data.get("project"),
        agent_id=data.get("agent_id"),
        run_id=data.get("session_id"),
        limit=data["limit"],
        threshold=data["threshold"],
        max_tokens=data.get("max_tokens", SHORTEST_CONTEXT),
        filters=data.get("filters"),
        temporal_view=temporal_view(data, superseded=data.get("include_superseded", False)),
        rerank=settings.RERANK_DEFAULT,
    )
    return recall.recall(caller, query)


def list_memories(caller: Principal, data: Arguments) -> Page:
    query = ListQuery(
        user_id=data.get("user_id"),
        project=data.get("project"),
        limit=data["limit"],
        cursor=data.get("cursor"),
        filters=data.get("filters"),
        temporal_view=temporal_view(data),
    )
    return recall.list_page(caller, query)


def get_memory(caller: Principal, data: Arguments) -> MemoryRecord:
    return recall.get(caller, data["memory_id"], temporal_view=temporal_view(data))


def update_memory(caller: Principal, data: Arguments) -> ChangedMemory:
    require_any(data, EDITABLE)
    changed = update.update(caller, update_command(data["memory_id"], data, wait=True))
    if isinstance(changed, WriteResult):
        return ChangedMemory("pending", changed.memory_id, event_id=changed.event_id)
    return ChangedMemory("success", changed.id, changed.content)


def forget_memory(caller: Principal, data: Arguments) -> ErasureReceipt:
    return forget.forget_one(caller, data["memory_id"])


def memory_history(caller: Principal, data: Arguments) -> History:
    return History(data["memory_id"], recall.history(caller, data["memory_id"]))


def search_entities(caller: Principal, data: Arguments) -> EntityPage:
    return listing.list_page(caller, EntityQuery(**data))


def entity_neighbors(caller: Principal, data: Arguments) -> Subgraph:
    moment = point_in_time(None, data.get("valid_at"))
    return traversal.neighbours(caller, data["entity_id"], moment, depth=data["depth"], limit=data["limit"])


def user_profile(caller: Principal, data: Arguments) -> UserProfile:
    user_id = caller.acting_user(data.get("user_id"), settings.DEFAULT_USER_ID)
    return UserProfile(user_id, profile.profile(caller, user_id, data.get("project")))


_ALL = (
    MemoryTool(
        name="add_memory",
        title="Add a memory",
        description=(
            "Store a lasting fact, preference, decision or event that the user stated, so that later conversations "
            "know it. Call it as soon as the user says something worth remembering, or asks you to remember it. Facts "
            "are extracted from the text; a fact that contradicts an older memory supersedes it. Do not store "
            "passwords, greetings, or your own answers. status 'duplicate' means that it was known already; "
            "'pending' means that it is accepted and is searchable shortly."
        ),
        scope=Scope.WRITE,
        operation="store",
        request=serializers.AddMemoryIn,
        response=StoreResultOut,
        call=add_memory,
    ),
    MemoryTool(
        name="search_memories",
        title="Search memories",
        description=(
            "Find the memories that answer a question, best first, each with its id, score and times. Call it before "
            "you answer anything that depends on what the user said earlier, and to find the id of a memory that you "
            "want to update or forget."
        ),
        scope=Scope.READ,
        operation="recall",
        request=serializers.SearchMemoriesIn,
        response=SearchResultOut,
        call=_recall,
    ),
    MemoryTool(
        name="get_context",
        title="Get context",
        description=(
            "Return the memories about a question as one text of limited length, ready to read. Call it at the start "
            "of a conversation or a task, with its topic as the query. Use search_memories if you need ids or scores."
        ),
        scope=Scope.READ,
        operation="recall",
        request=serializers.GetContextIn,
        response=ContextOut,
        call=_recall,
        text_field="context",
    ),
    MemoryTool(
        name="list_memories",
        title="List memories",
        description=(
            "List the memories of a user, newest first, in pages. Call it for an overview or a review of all "
            "memories; for a question use search_memories."
        ),
        scope=Scope.READ,
        operation="other",
        request=serializers.ListMemoriesIn,
        response=MemoryListOut,
        call=list_memories,
    ),
    MemoryTool(
        name="get_memory",
        title="Get a memory",
        description="Return one memory by its id, with its metadata, entities, validity and status.",
        scope=Scope.READ,
        operation="other",
        request=serializers.GetMemoryIn,
        response=MemoryOut,
        call=get_memory,
    ),
    MemoryTool(
        name="update_memory",
        title="Update a memory",
        description=(
            "Correct the text of a memory, or change its metadata, type, expiry, pin or importance. Call it when the "
            "user corrects a remembered fact. If the fact was true before and has changed, call add_memory with the "
            "new fact instead. The earlier text stays in the history."
        ),
        scope=Scope.WRITE,
        operation="other",
        request=serializers.UpdateMemoryArgumentsIn,
        response=ChangedMemoryOut,
        call=update_memory,
        destructive=True,
    ),
    MemoryTool(
        name="forget_memory",
        title="Forget a memory",
        description=(
            "Erase one memory with all its revisions, for good. Call it only if the user asks to forget or delete it. "
            "Find the id with search_memories first."
        ),
        scope=Scope.DELETE,
        operation="delete",
        request=serializers.MemoryIdIn,
        response=DeleteResultOut,
        call=forget_memory,
        destructive=True,
    ),
    MemoryTool(
        name="memory_history",
        title="Get the history of a memory",
        description=(
            "Return all revisions of a memory, newest first: who changed it, when and why. Call it when the user asks "
            "what was known earlier or why a memory changed."
        ),
        scope=Scope.READ,
        operation="other",
        request=serializers.MemoryIdIn,
        response=HistoryOut,
        call=memory_history,
    ),
    MemoryTool(
        name="search_entities",
        title="Search entities",
        description=(
            "Find the people, organisations, places and other things that the memories of a user mention, by a part "
            "of the name or by type. Call it to find the id for entity_neighbors."
        ),
        scope=Scope.READ,
        operation="other",
        request=serializers.SearchEntitiesIn,
        response=EntityPageOut,
        call=search_entities,
    ),
    MemoryTool(
        name="entity_neighbors",
        title="Get the neighbors of an entity",
        description=(
            "Return the entities that are related to an entity, nearest first, and the relations between them, such "
            "as WORKS_AT. Call it for questions about how people, organisations and places are connected."
        ),
        scope=Scope.READ,
        operation="other",
        request=serializers.EntityNeighborsIn,
        response=NeighborhoodOut,
        call=entity_neighbors,
    ),
    MemoryTool(
        name="user_profile",
        title="Get the profile of a user",
        description=(
            "Summarize the memories of a user: counts, frequent topics, most mentioned entities, most important "
            "facts. Call it once when you meet the user, to know who you talk to."
        ),
        scope=Scope.READ,
        operation="other",
        request=serializers.UserProfileArgumentsIn,
        response=UserProfileOut,
        call=user_profile,
    ),
)
TOOLS: Mapping[str, MemoryTool] = {tool.name: tool for tool in _ALL}
