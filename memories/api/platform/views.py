"""The views of mem0's clients about memories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import PlatformView
from core.ids import TENANT, public
from core.metadata_keys import APP_ID
from core.unset import UNSET
from memories.api.common import require_any
from memories.api.messages import transcript
from memories.api.platform import schema, serializers
from memories.api.platform.deletion import delete_command
from memories.api.platform.responses import (
    AddedMemories,
    FoundMemories,
    PlatformAddResultOut,
    PlatformEventOut,
    PlatformEventPageOut,
    PlatformHistoryEntryOut,
    PlatformMemoryOut,
    PlatformMemoryPageOut,
    PlatformMessageOut,
    PlatformPendingUpdateOut,
    PlatformPingOut,
    PlatformSearchResultOut,
    ResultPage,
    Said,
    Verified,
    history_entries,
    with_fields,
)
from memories.services.forget import forget, forget_one, forget_with_predecessors
from memories.services.recall import get as read_memory
from memories.services.recall import history as read_history
from memories.services.recall import list_page, recall
from memories.services.store import event as read_event
from memories.services.store import event_page, results, store
from memories.services.update import outcome, update
from memories.types import Item, ListQuery, MemoryRecord, RecallQuery, StoreCommand, UpdateCommand, WriteResult


def page_address(request: Request, number: int) -> str:
    """The address of another page of this list."""
    query = urlencode({**request.query_params.dict(), "page": str(number)})
    return request.build_absolute_uri(f"{request.path}?{query}")


def result_page(request: Request, data: dict[str, Any], found: Sequence[Any], total: int) -> ResultPage:
    page, size = data["page"], data["page_size"]
    return ResultPage(
        total,
        page_address(request, page + 1) if page * size < total else None,
        page_address(request, page - 1) if page > 1 else None,
        found,
    )


class PlatformPingView(PlatformView):
    permission_classes = (requires(GET=Scope.READ),)

    @schema.ping
    def get(self, request: Request) -> Response:
        caller = principal(request)
        project = min(caller.projects) if caller.projects else caller.default_project
        return self.ok(PlatformPingOut, Verified(public(TENANT, caller.tenant_id), project))


class PlatformAddView(PlatformView):
    permission_classes = (requires(POST=Scope.WRITE),)
    atomic = False

    @schema.add
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.PlatformAddMemoriesIn)
        said = transcript(data["messages"], data.get("timestamp"))
        items = tuple(item for item in said.items if item.role not in ("system", "developer"))
        if not items:
            return self.ok(PlatformAddResultOut, AddedMemories(None, said.skipped_parts))
        return self._added(store(principal(request), self._command(data, items, said.skipped_parts)))

    def _command(self, data: dict[str, Any], items: tuple[Item, ...], skipped_parts: int) -> StoreCommand:
        metadata = dict(data.get("metadata") or {})
        if data.get("app_id") is not None:
            metadata[APP_ID] = data["app_id"]
        return StoreCommand(
            items=items,
            user_id=data.get("user_id"),
            project=data.get("project_id"),
            agent_id=data.get("agent_id"),
            run_id=data.get("run_id"),
            metadata=metadata,
            infer=data.get("infer") is not False,
            expires_at=data.get("expiration_date"),
            wait=self.may_wait,
            deduplicate=True,
            skipped_parts=skipped_parts,
        )

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        return self._added(*results(principal(self.request).tenant_id, sources))

    def _added(self, result: WriteResult) -> Response:
        status = 200 if result.state == "succeeded" else 202
        return self.ok(PlatformAddResultOut, AddedMemories(result, result.skipped_parts), status)


class PlatformListView(PlatformView):
    permission_classes = (requires(POST=Scope.READ),)
    writes = frozenset()

    @schema.list_memories
    def post(self, request: Request) -> Response:
        pages = self.query(request, serializers.PlatformPageQuery)
        data = self.body(request, serializers.PlatformListMemoriesIn)
        body = PlatformMemoryPageOut.render(listed(request, data, pages))
        return Response(with_fields(body, data.get("fields")))


def listed(request: Request, data: dict[str, Any], pages: dict[str, Any]) -> ResultPage:
    """A page of the memories that a validated request is about."""
    caller, wanted = principal(request), serializers.selected(data)
    query = ListQuery(
        project=caller.one_project(data.get("project_id")),
        limit=pages["page_size"],
        offset=(pages["page"] - 1) * pages["page_size"],
        filters=wanted.condition,
        any_user=wanted.any_user,
    )
    found = list_page(caller, query)
    return result_page(request, pages, found.memories, found.total)


class PlatformSearchView(PlatformView):
    permission_classes = (requires(POST=Scope.READ),)
    writes = frozenset()

    @schema.search
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.PlatformSearchMemoriesIn)
        body = PlatformSearchResultOut.render(found_memories(request, data))
        return Response(with_fields(body, data.get("fields")))


def found_memories(request: Request, data: dict[str, Any]) -> FoundMemories:
    """The memories that a validated search finds."""
    wanted, rerank, threshold = serializers.selected(data), data.get("rerank"), data.get("threshold")
    query = RecallQuery(
        query=data["query"],
        project=data.get("project_id"),
        agent_id=wanted.owner("agent_id"),
        run_id=wanted.owner("run_id"),
        limit=data.get("top_k") or data.get("limit") or serializers.DEFAULT_TOP_K,
        threshold=serializers.DEFAULT_THRESHOLD if threshold is None else threshold,
        filters=wanted.less("agent_id", "run_id"),
        rerank=settings.RERANK_DEFAULT if rerank is None else rerank,
        reference_time=data.get("reference_date"),
        explain=True,
        any_user=wanted.any_user,
    )
    return FoundMemories(recall(principal(request), query).hits)


class PlatformMemoriesView(PlatformAddView):
    """The path of older clients, and `delete_all`."""

    permission_classes = (requires(GET=Scope.READ, POST=Scope.WRITE, DELETE=Scope.DELETE),)

    @schema.list_plain
    def get(self, request: Request) -> Response:
        pages = self.query(request, serializers.PlatformPlainPageQuery)
        return plain_list(request, self.query(request, serializers.PlatformPlainListQuery), pages)

    @schema.add_plain
    def post(self, request: Request) -> Response:
        return super().post(request)

    @schema.delete_all
    def delete(self, request: Request) -> Response:
        caller = principal(request)
        forget(caller, delete_command(caller, request.query_params))
        return self.ok(PlatformMessageOut, Said("Memories deleted successfully!"))


class PlatformPlainListView(PlatformView):
    """The list of older clients."""

    permission_classes = (requires(POST=Scope.READ),)
    writes = frozenset()

    @schema.list_filtered
    def post(self, request: Request) -> Response:
        pages = self.query(request, serializers.PlatformPlainPageQuery)
        return plain_list(request, self.body(request, serializers.PlatformListMemoriesIn), pages)


class PlatformSearchV1View(PlatformView):
    """The search of the oldest clients."""

    permission_classes = (requires(POST=Scope.READ),)
    writes = frozenset()

    @schema.search_v1
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.PlatformPlainSearchIn)
        body = with_fields(PlatformSearchResultOut.render(found_memories(request, data)), data.get("fields"))
        return Response(body if data.get("output_format") == "v1.1" else body["results"])


class PlatformSearchV2View(PlatformSearchV1View):
    """The same on another path."""

    @schema.search_v2
    def post(self, request: Request) -> Response:
        return super().post(request)


def plain_list(request: Request, data: dict[str, Any], pages: dict[str, Any]) -> Response:
    """A bare list; with `page` or `page_size` in the query a page."""
    body = PlatformMemoryPageOut.render(listed(request, data, pages))
    body = with_fields(body, data.get("fields"))
    is_page = not {"page", "page_size"}.isdisjoint(request.query_params)
    return Response(body if is_page else body["results"])


class PlatformMemoryView(PlatformView):
    permission_classes = (requires(GET=Scope.READ, PUT=Scope.WRITE, DELETE=Scope.DELETE),)
    atomic = False

    @schema.get
    def get(self, request: Request, memory_id: str) -> Response:
        return self.ok(PlatformMemoryOut, read_memory(principal(request), memory_id))

    @schema.update
    def put(self, request: Request, memory_id: str) -> Response:
        data = self.body(request, serializers.PlatformUpdateMemoryIn)
        require_any(data, serializers.UPDATABLE)
        command = UpdateCommand(
            memory_id=memory_id,
            content=data.get("text", UNSET),
            metadata=data.get("metadata", UNSET),
            expires_at=data.get("expiration_date", UNSET),
            wait=self.may_wait,
        )
        return self._changed(update(principal(request), command))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        (result,) = results(principal(self.request).tenant_id, sources)
        return self._changed(outcome(principal(self.request), result))

    def _changed(self, changed: MemoryRecord | WriteResult) -> Response:
        if isinstance(changed, WriteResult):
            return self.ok(PlatformPendingUpdateOut, changed, 202)
        return self.ok(PlatformMemoryOut, changed)

    @schema.delete
    def delete(self, request: Request, memory_id: str) -> Response:
        data = self.query(request, serializers.PlatformDeleteQuery)
        (forget_with_predecessors if data["delete_linked"] else forget_one)(principal(request), memory_id)
        return self.ok(PlatformMessageOut, Said("Memory deleted successfully!"))


class PlatformHistoryView(PlatformView):
    permission_classes = (requires(GET=Scope.READ),)

    @schema.history
    def get(self, request: Request, memory_id: str) -> Response:
        caller = principal(request)
        entries = history_entries(read_memory(caller, memory_id), read_history(caller, memory_id))
        return Response([PlatformHistoryEntryOut.render(entry) for entry in entries])


class PlatformEventView(PlatformView):
    permission_classes = (requires(GET=Scope.READ),)

    @schema.event
    def get(self, request: Request, event_id: str) -> Response:
        return self.ok(PlatformEventOut, read_event(principal(request), event_id))


class PlatformEventsView(PlatformView):
    permission_classes = (requires(GET=Scope.READ),)

    @schema.events
    def get(self, request: Request) -> Response:
        data = self.query(request, serializers.PlatformEventPageQuery)
        limit, offset = data["page_size"], (data["page"] - 1) * data["page_size"]
        found, total = event_page(principal(request), data.get("project_id"), limit=limit, offset=offset)
        return self.ok(PlatformEventPageOut, result_page(request, data, found, total))
