"""The views of `/v1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.clock import iso
from core.http.base import Mem0View
from memories.api.common import (
    EDITABLE,
    expiry,
    pending_headers,
    recipe_of,
    require_any,
    revision,
    temporal_view,
    update_command,
)
from memories.api.mem0 import serializers
from memories.api.mem0.schema import add, delete, delete_user, edit, event, get, history, list_user, replace, search
from memories.services.events import event as read_event
from memories.services.events import results
from memories.services.forget import forget, forget_one
from memories.services.recall import embedding, list_page, recall
from memories.services.recall import get as read_memory
from memories.services.recall import history as read_history
from memories.services.store import store
from memories.services.update import outcome, update
from memories.services.user_statistics import stats
from memories.types import ForgetCommand, ListQuery, RecallQuery, StoreCommand, WriteResult
from memories.types import MemoryRecord as View

EVENTS = "/v1/events"
TEMPORAL_VIEW = ("as_of", "valid_at", "archived")


class Mem0MemoriesView(Mem0View):
    permission_classes = (requires(POST=Scope.WRITE),)
    atomic = False

    @add
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.AddIn)
        command = StoreCommand(
            items=serializers.items(data),
            user_id=data.get("user_id"),
            project=data.get("project"),
            agent_id=data.get("agent_id"),
            run_id=data.get("run_id"),
            metadata=data.get("metadata", {}),
            infer=data["infer"],
            expires_at=expiry(data),
            wait=self.may_wait,
            single_text="content" in data,
        )
        return self._stored(store(principal(request), command))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        return self._stored(*results(principal(self.request).tenant_id, sources))

    def _stored(self, result: WriteResult) -> Response:
        if result.state == "succeeded":
            return self.ok(serializers.write(result), "Memory added successfully")
        return self.ok(serializers.write(result), "Memory accepted", 202, pending_headers(result, EVENTS))


class SearchView(Mem0View):
    permission_classes = (requires(GET=Scope.READ),)

    @search
    def get(self, request: Request) -> Response:
        data = self.query(request, serializers.SearchIn)
        seen_from = temporal_view(data)
        asked = {name: value for name, value in data.items() if name not in TEMPORAL_VIEW}
        query = RecallQuery(**asked, temporal_view=seen_from, rerank=settings.RERANK_DEFAULT, recipe=recipe_of(request))
        found = recall(principal(request), query)
        return self.ok(serializers.found(found, data["query"]), "Search completed")


class Mem0MemoryView(Mem0View):
    permission_classes = (requires(GET=Scope.READ, PUT=Scope.WRITE, PATCH=Scope.WRITE, DELETE=Scope.DELETE),)
    atomic = False

    @get
    def get(self, request: Request, memory_id: str) -> Response:
        data = self.query(request, serializers.Mem0RetrieveQuery)
        caller, seen_from = principal(request), temporal_view(data)
        body = serializers.memory(read_memory(caller, memory_id, temporal_view=seen_from))
        if "history" in data.get("include", ()):
            body["history"] = [revision(r) for r in read_history(caller, memory_id, temporal_view=seen_from)]
        if "embedding" in data.get("include", ()):
            body["embedding"] = embedding(caller, memory_id, seen_from)
        return self.ok(body, "Memory retrieved")

    @replace
    def put(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    @edit
    def patch(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    def _change(self, request: Request, memory_id: str) -> Response:
        data = self.body(request, serializers.UpdateIn)
        require_any(data, EDITABLE)
        return self._changed(update(principal(request), update_command(memory_id, data, wait=self.may_wait)))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        (result,) = results(principal(self.request).tenant_id, sources)
        return self._changed(outcome(principal(self.request), result))

    def _changed(self, changed: View | WriteResult) -> Response:
        if isinstance(changed, WriteResult):
            return self.ok(serializers.pending(changed), "Update accepted", 202, pending_headers(changed, EVENTS))
        return self.ok(serializers.memory(changed), "Memory updated successfully")

    @delete
    def delete(self, request: Request, memory_id: str) -> Response:
        receipt = serializers.receipt(forget_one(principal(request), memory_id))
        body = {"id": memory_id, "deleted": True, "receipt_id": receipt["receipt_id"]}
        return self.ok(body, "Memory deleted successfully")


class Mem0HistoryView(Mem0View):
    permission_classes = (requires(GET=Scope.READ),)

    @history
    def get(self, request: Request, memory_id: str) -> Response:
        revisions = [revision(r) for r in read_history(principal(request), memory_id)]
        return self.ok({"id": memory_id, "revisions": revisions}, "History retrieved")


class UserView(Mem0View):
    permission_classes = (requires(GET=Scope.READ, DELETE=Scope.DELETE),)
    atomic = False

    @list_user
    def get(self, request: Request, user_id: str) -> Response:
        data = self.query(request, serializers.Mem0ListQuery)
        user_id, caller = self.name("user_id", user_id), principal(request)
        seen_from = temporal_view(data)
        asked = {name: value for name, value in data.items() if name not in TEMPORAL_VIEW}
        page = list_page(caller, ListQuery(user_id=user_id, **asked, temporal_view=seen_from))
        counts = stats(caller, user_id, data.get("project"), seen_from)
        body: dict[str, Any] = {
            "user_id": user_id,
            "results": [serializers.memory(m) for m in page.memories],
            "next_cursor": page.next_cursor,
            "total": page.total,
            "stats": {
                "total_memories": counts.total_memories,
                "memories_last_7d": counts.memories_last_7d,
                "entities": counts.entities,
                "first_memory_at": iso(counts.first_memory_at) if counts.first_memory_at else None,
                "last_memory_at": iso(counts.last_memory_at) if counts.last_memory_at else None,
            },
        }
        return self.ok(body, "Memories retrieved")

    @delete_user
    def delete(self, request: Request, user_id: str) -> Response:
        command = ForgetCommand(all_memories=True, user_id=self.name("user_id", user_id))
        erased = forget(principal(request), command)
        return self.ok(serializers.receipt(erased), "Memories deleted successfully")


class Mem0EventView(Mem0View):
    permission_classes = (requires(GET=Scope.READ),)

    @event
    def get(self, request: Request, event_id: str) -> Response:
        return self.ok(serializers.event(read_event(principal(request), event_id)), "Event retrieved")
