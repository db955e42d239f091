"""The `/api/v1` door."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from memories.api.common import EDITABLE, expiry, pending_headers, require_any, revision, update_command
from memories.api.remembra import serializers as shapes
from memories.api.remembra.schema import (
    edit,
    event,
    forget_many,
    forget_single,
    get,
    history,
    list_memories,
    recalling,
    replace,
    storing,
)
from memories.services.events import event as read_event
from memories.services.forget import forget, forget_one
from memories.services.recall import browse, recall
from memories.services.recall import get as read_memory
from memories.services.recall import history as read_history
from memories.services.store import store
from memories.services.update import update
from memories.types import ForgetCommand, Item, ListQuery, RecallQuery, StoreCommand, WriteResult
from memproject.common.errors import InvalidRequest
from memproject.common.ids import EVENT, public
from memproject.web.base import RemembraView
from memproject.web.fields import Moment

EVENTS = "/api/v1/events"
AGENT_HEADER = "X-Remembra-Agent-Id"


class MemoriesView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, POST=Scope.WRITE, DELETE=Scope.DELETE),)
    acts = {"POST": "store"}  # noqa: RUF012

    @property
    def agent(self) -> str | None:
        """The agent named in the header that the published clients send; the body's comes first."""
        sent = self.request.headers.get(AGENT_HEADER)
        return self.name(AGENT_HEADER, sent) if sent else None

    @storing
    def post(self, request: Request) -> Response:
        data = self.body(request, shapes.StoreIn)
        stamp = data.get("timestamp")
        said = Item(
            content=data["content"],
            role=data.get("role"),
            speaker=data.get("speaker"),
            said_at=Moment().to_internal_value(stamp) if stamp else None,
            stamp=stamp,
        )
        command = StoreCommand(
            items=(said,),
            user_id=data.get("user_id"),
            project=data.get("project"),
            agent_id=data.get("agent_id", self.agent),
            run_id=data.get("session_id"),
            metadata=data.get("metadata", {}),
            memory_type=data.get("memory_type"),
            infer=not data["skip_extraction"],
            expires_at=expiry(data),
            wait=self.may_wait,
        )
        result = store(principal(request), command)
        if result.state == "succeeded":
            return self.ok(shapes.write(result), 201)
        return self.ok(shapes.write(result), 202, pending_headers(result, EVENTS))

    @list_memories
    def get(self, request: Request) -> Response:
        data = self.query(request, shapes.ListIn)
        number, limit = data.get("page", 1), data["limit"]
        query = ListQuery(
            user_id=data.get("user_id"),
            project=data.get("project"),
            limit=limit,
            offset=data.get("offset", (number - 1) * limit),
            cursor=data.get("cursor"),
        )
        page = browse(principal(request), query)
        memories = [shapes.memory(m) for m in page.memories]
        if "offset" in data:
            return self.ok(memories, headers={"X-Total-Count": str(page.total)})
        body = {"memories": memories, "total": page.total, "page": number, "limit": limit}
        return self.ok(body | {"next_cursor": page.next_cursor})

    @forget_many
    def delete(self, request: Request) -> Response:
        if request.query_params and request.body:
            raise InvalidRequest("Send a body or query parameters, not both; nothing was deleted.")
        if request.query_params:
            data = self.query(request, shapes.ForgetQueryIn)
        else:
            data = self.body(request, shapes.ForgetIn)
        command = ForgetCommand(
            memory_ids=tuple(data.get("memory_ids", ())),
            everything=data.get("all", False),
            project=data.get("project"),
            user_id=data.get("user_id"),
        )
        return self.ok(shapes.forgotten(forget(principal(request), command)))


class RecallView(RemembraView):
    permission_classes = (requires(POST=Scope.READ),)
    acts = {"POST": "recall"}  # noqa: RUF012

    @recalling
    def post(self, request: Request) -> Response:
        data = self.body(request, shapes.RecallIn)
        query = RecallQuery(
            query=data["query"],
            user_id=data.get("user_id"),
            project=data.get("project"),
            agent_id=data.get("agent_id"),
            run_id=data.get("session_id"),
            limit=data["limit"],
            threshold=data["threshold"],
            hybrid=data["enable_hybrid"],
            max_tokens=data["max_tokens"],
        )
        found = recall(principal(request), query)
        return self.ok(
            {
                "memories": [shapes.hit(h) for h in found.hits],
                "context": found.context,
                "total": len(found.hits),
                "entities": [],
                "context_tokens": found.context_tokens,
            }
        )


class MemoryView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, PUT=Scope.WRITE, PATCH=Scope.WRITE, DELETE=Scope.DELETE),)

    @get
    def get(self, request: Request, memory_id: str) -> Response:
        self.query(request, shapes.OneIn)
        return self.ok(shapes.memory(read_memory(principal(request), memory_id)))

    @replace
    def put(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    @edit
    def patch(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    def _change(self, request: Request, memory_id: str) -> Response:
        data = self.body(request, shapes.ChangeIn)
        require_any(data, EDITABLE)
        changed = update(principal(request), update_command(memory_id, data, wait=self.may_wait))
        if isinstance(changed, WriteResult):
            body = {"status": "pending", "id": memory_id, "event_id": public(EVENT, changed.event_id)}
            return self.ok(body, 202, pending_headers(changed, EVENTS))
        memory = {"id": memory_id, "content": changed.content}
        return self.ok({"status": "success", "id": memory_id, "memory": memory, "updated_entities": []})

    @forget_single
    def delete(self, request: Request, memory_id: str) -> Response:
        return self.ok(shapes.forgotten(forget_one(principal(request), memory_id)))


class HistoryView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @history
    def get(self, request: Request, memory_id: str) -> Response:
        revisions = [revision(r) for r in read_history(principal(request), memory_id)]
        return self.ok({"id": memory_id, "revisions": revisions})


class EventView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @event
    def get(self, request: Request, event_id: str) -> Response:
        return self.ok(shapes.event(read_event(principal(request), event_id)))
