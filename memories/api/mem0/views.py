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
from core.http.base import Mem0View
from core.unset import UNSET
from memories.api.common import (
    EDITABLE,
    expiry,
    pending_headers,
    recipe_of,
    require_any,
    temporal_view,
    update_command,
)
from memories.api.mem0 import serializers
from memories.api.mem0.responses import (
    Deleted,
    Found,
    FullMemory,
    Mem0AddResultOut,
    Mem0DeleteResultOut,
    Mem0ErasureReceiptOut,
    Mem0EventOut,
    Mem0MemoryDetailOut,
    Mem0MemoryOut,
    Mem0PendingUpdateOut,
    Mem0SearchResultOut,
    Mem0UserMemoriesOut,
    UserMemories,
)
from memories.api.mem0.schema import add, delete, delete_user, edit, event, get, history, list_user, replace, search
from memories.api.responses import History, HistoryOut
from memories.services.forget import forget, forget_one
from memories.services.recall import embedding, list_page, recall
from memories.services.recall import get as read_memory
from memories.services.recall import history as read_history
from memories.services.store import event as read_event
from memories.services.store import results, store
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
        data = self.body(request, serializers.Mem0AddMemoriesIn)
        said = serializers.said(data)
        command = StoreCommand(
            items=said.items,
            skipped_parts=said.skipped_parts,
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
            return self.ok(Mem0AddResultOut, result, "Memory added successfully")
        return self.ok(Mem0AddResultOut, result, "Memory accepted", 202, pending_headers(result, EVENTS))


class SearchView(Mem0View):
    permission_classes = (requires(GET=Scope.READ),)

    @search
    def get(self, request: Request) -> Response:
        data = self.query(request, serializers.Mem0SearchQuery)
        seen_from = temporal_view(data)
        asked = {name: value for name, value in data.items() if name not in TEMPORAL_VIEW}
        query = RecallQuery(**asked, temporal_view=seen_from, rerank=settings.RERANK_DEFAULT, recipe=recipe_of(request))
        return self.ok(Mem0SearchResultOut, Found(recall(principal(request), query), data["query"]), "Search completed")


class Mem0MemoryView(Mem0View):
    permission_classes = (requires(GET=Scope.READ, PUT=Scope.WRITE, PATCH=Scope.WRITE, DELETE=Scope.DELETE),)
    atomic = False

    @get
    def get(self, request: Request, memory_id: str) -> Response:
        data = self.query(request, serializers.Mem0RetrieveQuery)
        caller, seen_from = principal(request), temporal_view(data)
        included = data.get("include", ())
        found = FullMemory(
            read_memory(caller, memory_id, temporal_view=seen_from),
            read_history(caller, memory_id, temporal_view=seen_from) if "history" in included else None,
            embedding(caller, memory_id, seen_from) if "embedding" in included else UNSET,
        )
        return self.ok(Mem0MemoryDetailOut, found, "Memory retrieved")

    @replace
    def put(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    @edit
    def patch(self, request: Request, memory_id: str) -> Response:
        return self._change(request, memory_id)

    def _change(self, request: Request, memory_id: str) -> Response:
        data = self.body(request, serializers.Mem0UpdateMemoryIn)
        require_any(data, EDITABLE)
        return self._changed(update(principal(request), update_command(memory_id, data, wait=self.may_wait)))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        (result,) = results(principal(self.request).tenant_id, sources)
        return self._changed(outcome(principal(self.request), result))

    def _changed(self, changed: View | WriteResult) -> Response:
        if isinstance(changed, WriteResult):
            return self.ok(Mem0PendingUpdateOut, changed, "Update accepted", 202, pending_headers(changed, EVENTS))
        return self.ok(Mem0MemoryOut, changed, "Memory updated successfully")

    @delete
    def delete(self, request: Request, memory_id: str) -> Response:
        erased = Deleted(memory_id, forget_one(principal(request), memory_id))
        return self.ok(Mem0DeleteResultOut, erased, "Memory deleted successfully")


class Mem0HistoryView(Mem0View):
    permission_classes = (requires(GET=Scope.READ),)

    @history
    def get(self, request: Request, memory_id: str) -> Response:
        return self.ok(HistoryOut, History(memory_id, read_history(principal(request), memory_id)), "History retrieved")


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
        return self.ok(Mem0UserMemoriesOut, UserMemories(user_id, page, counts), "Memories retrieved")

    @delete_user
    def delete(self, request: Request, user_id: str) -> Response:
        command = ForgetCommand(all_memories=True, user_id=self.name("user_id", user_id))
        return self.ok(Mem0ErasureReceiptOut, forget(principal(request), command), "Memories deleted successfully")


class Mem0EventView(Mem0View):
    permission_classes = (requires(GET=Scope.READ),)

    @event
    def get(self, request: Request, event_id: str) -> Response:
        return self.ok(Mem0EventOut, read_event(principal(request), event_id), "Event retrieved")
