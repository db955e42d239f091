"""The views of memories under `/api/v1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import InvalidRequest
from core.http.base import RemembraView
from memories.api.common import (
    EDITABLE,
    expiry,
    pending_headers,
    recipe_of,
    require_any,
    temporal_view,
    update_command,
)
from memories.api.messages import item
from memories.api.remembra import serializers
from memories.api.remembra.responses import (
    DeleteResultOut,
    EventOut,
    MemoryOut,
    MemoryPageOut,
    NumberedPage,
    PendingUpdateOut,
    RecallResultOut,
    StoreResultOut,
    UpdateResultOut,
)
from memories.api.remembra.schema import (
    edit,
    event,
    forget_many,
    forget_single,
    get,
    list_memories,
    recalling,
    replace,
    storing,
)
from memories.services.forget import forget, forget_one
from memories.services.recall import get as read_memory
from memories.services.recall import list_page, recall
from memories.services.store import event as read_event
from memories.services.store import results, store
from memories.services.update import outcome, update
from memories.types import ForgetCommand, ListQuery, RecallQuery, StoreCommand, WriteResult
from memories.types import MemoryRecord as View

EVENTS = "/api/v1/events"
SLIM = 800  # tokens
AGENT_HEADER = "X-Remembra-Agent-Id"


def store_command(view: RemembraView, data: dict[str, Any]) -> StoreCommand:
    """The command of a valid StoreMemoryIn. The published clients send the agent in a header; the body overrides it."""
    agent = view.request.headers.get(AGENT_HEADER)
    said = {**data, "name": data.get("speaker")}
    return StoreCommand(
        items=(item(said),),
        skipped_parts=data["content"].skipped_parts,
        user_id=data.get("user_id"),
        project=data.get("project"),
        agent_id=data.get("agent_id") or (view.name(AGENT_HEADER, agent) if agent else None),
        run_id=data.get("session_id"),
        metadata=data.get("metadata", {}),
        memory_type=data.get("memory_type"),
        infer=not data["skip_extraction"],
        expires_at=expiry(data),
        wait=view.may_wait,
        single_text=True,
    )


class MemoriesView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, POST=Scope.WRITE, DELETE=Scope.DELETE),)
    acts = {"POST": "store"}  # noqa: RUF012
    atomic = False

    @storing
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.StoreMemoryIn)
        return self._stored(store(principal(request), store_command(self, data)))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        return self._stored(*results(principal(self.request).tenant_id, sources))

    def _stored(self, result: WriteResult) -> Response:
        if result.state == "succeeded":
            return self.ok(StoreResultOut, result, 201)
        return self.ok(StoreResultOut, result, 202, pending_headers(result, EVENTS))

    @list_memories
    def get(self, request: Request) -> Response:
        data = self.query(request, serializers.MemoryListQuery)
        number, limit = data.get("page", 1), data["limit"]
        query = ListQuery(
            user_id=data.get("user_id"),
            project=data.get("project"),
            limit=limit,
            offset=data.get("offset", (number - 1) * limit),
            cursor=data.get("cursor"),
            filters=data.get("filters"),
            temporal_view=temporal_view(data),
        )
        page = list_page(principal(request), query)
        if "offset" in data:
            memories = [MemoryOut.render(memory) for memory in page.memories]
            return Response(memories, headers={"X-Total-Count": str(page.total)})
        return self.ok(MemoryPageOut, NumberedPage(page, number, limit))

    @forget_many
    def delete(self, request: Request) -> Response:
        if request.query_params and request.body:
            raise InvalidRequest("Send a body or query parameters, not both; nothing was deleted.")
        if request.query_params:
            data = self.query(request, serializers.DeleteMemoriesQuery)
        else:
            data = self.body(request, serializers.DeleteMemoriesIn)
        command = ForgetCommand(
            memory_ids=tuple(data.get("memory_ids", ())),
            all_memories=data.get("all", False),
            filters=data.get("filters"),
            entity=data.get("entity"),
            project=data.get("project"),
            user_id=data.get("user_id"),
        )
        return self.ok(DeleteResultOut, forget(principal(request), command))


class RecallView(RemembraView):
    permission_classes = (requires(POST=Scope.READ),)
    acts = {"POST": "recall"}  # noqa: RUF012
    writes = frozenset()

    @recalling
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.RecallMemoriesIn)
        query = RecallQuery(
            query=data.get("query"),
            user_id=data.get("user_id"),
            project=data.get("project"),
            agent_id=data.get("agent_id"),
            run_id=data.get("session_id"),
            limit=data["limit"],
            threshold=data["threshold"],
            hybrid=data["enable_hybrid"],
            max_tokens=min(SLIM, data["max_tokens"]) if data["slim"] else data["max_tokens"],
            filters=data.get("filters"),
            exclude=tuple(data.get("exclude", ())),
            temporal_view=temporal_view(data, superseded=data["include_superseded"]),
            rerank=data["enable_rerank"],
            reference_time=data.get("reference_time"),
            explain=data["explain"],
            recipe=recipe_of(request),
        )
        return self.ok(RecallResultOut, recall(principal(request), query))


class MemoryView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, PUT=Scope.WRITE, PATCH=Scope.WRITE, DELETE=Scope.DELETE),)
    atomic = False

    @get
    def get(self, request: Request, memory_id: str) -> Response:
        data = self.query(request, serializers.MemoryRetrieveQuery)
        found = read_memory(principal(request), memory_id, temporal_view=temporal_view(data))
        return self.ok(MemoryOut, found)

    @replace
    def put(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    @edit
    def patch(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    def _change(self, request: Request, memory_id: str) -> Response:
        data = self.body(request, serializers.UpdateMemoryIn)
        require_any(data, EDITABLE)
        return self._changed(update(principal(request), update_command(memory_id, data, wait=self.may_wait)))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        (result,) = results(principal(self.request).tenant_id, sources)
        return self._changed(outcome(principal(self.request), result))

    def _changed(self, changed: View | WriteResult) -> Response:
        if isinstance(changed, WriteResult):
            return self.ok(PendingUpdateOut, changed, 202, pending_headers(changed, EVENTS))
        return self.ok(UpdateResultOut, changed)

    @forget_single
    def delete(self, request: Request, memory_id: str) -> Response:
        return self.ok(DeleteResultOut, forget_one(principal(request), memory_id))


class EventView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @event
    def get(self, request: Request, event_id: str) -> Response:
        return self.ok(EventOut, read_event(principal(request), event_id))
