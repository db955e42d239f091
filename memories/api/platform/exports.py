"""Exports, summaries and feedback of mem0's clients. An export is its filters, signed: nothing is stored for it."""

from __future__ import annotations

from typing import Any

from django.core import signing
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from apikeys.types import Principal
from core.errors import InvalidRequest, NotFound
from core.http.base import PlatformView
from memories.api.platform import project_schema as schema
from memories.api.platform.project_serializers import (
    MAX_EXPORT_ID,
    ExportCreated,
    ExportedMemories,
    FeedbackRecord,
    PlatformExportCreatedOut,
    PlatformExportIn,
    PlatformExportOut,
    PlatformFeedbackIn,
    PlatformFeedbackOut,
    PlatformGetExportIn,
    PlatformSummaryOut,
    Summary,
)
from memories.api.platform.serializers import PlatformFilteredIn, selected
from memories.services.feedback import rate
from memories.services.recall import list_page
from memories.types import ListQuery, Page

MAX_EXPORTED = 10_000
SUMMARIZED = 20
SALT = "platform.export"


def _page(caller: Principal, data: dict[str, Any], limit: int) -> Page:
    wanted = selected(data)
    project = caller.one_project(data.get("project_id"))
    query = ListQuery(project=project, limit=limit, filters=wanted.condition, any_user=wanted.any_user)
    return list_page(caller, query)


class PlatformExportsView(PlatformView):
    permission_classes = (requires(POST=Scope.READ),)
    writes = frozenset()

    @schema.create_export
    def post(self, request: Request) -> Response:
        caller, data = principal(request), self.body(request, PlatformExportIn)
        caller.acting_user(selected(data).owner("user_id"), "")
        caller.one_project(data.get("project_id"))
        sent = dict(request.data)
        wanted = {name: sent[name] for name in map(str, PlatformExportIn().fields) if sent.get(name)}
        export_id = signing.dumps({"tenant": caller.tenant_id.hex, **wanted}, salt=SALT, compress=True)
        if len(export_id) > MAX_EXPORT_ID:
            raise InvalidRequest("filters: must be shorter, since the id of the export has them", field="filters")
        return self.ok(PlatformExportCreatedOut, ExportCreated(export_id), 201)


class PlatformExportView(PlatformView):
    permission_classes = (requires(POST=Scope.READ),)
    ids_outside_path = True
    writes = frozenset()

    @schema.get_export
    def post(self, request: Request) -> Response:
        caller, data = principal(request), self.body(request, PlatformGetExportIn)
        if (export_id := data.get("memory_export_id")) is not None:
            data = self._filters_of(caller, export_id)
        page = _page(caller, data, MAX_EXPORTED)
        if page.total > MAX_EXPORTED:
            raise InvalidRequest(
                f"filters: match {page.total} memories; an export has at most {MAX_EXPORTED}. GET /api/v1/export "
                "exports all data of a user.",
                field="filters",
            )
        return self.ok(PlatformExportOut, ExportedMemories(page.memories))

    def _filters_of(self, caller: Principal, export_id: str) -> dict[str, Any]:
        """The request that made the export. Raises NotFound for an export of another tenant, as for an unknown one."""
        try:
            made = signing.loads(export_id, salt=SALT)
        except signing.BadSignature:
            made = {}
        if made.pop("tenant", None) != caller.tenant_id.hex:
            raise NotFound("memory_export_id: there is no such export", field="memory_export_id")
        return self.read(PlatformExportIn, made)


class PlatformSummaryView(PlatformView):
    permission_classes = (requires(POST=Scope.READ),)
    writes = frozenset()

    @schema.get_summary
    def post(self, request: Request) -> Response:
        page = _page(principal(request), self.body(request, PlatformFilteredIn), SUMMARIZED)
        text = "\n".join(memory.content for memory in page.memories)
        return self.ok(PlatformSummaryOut, Summary(text, "succeeded" if text else "insufficient_data"))


class PlatformFeedbackView(PlatformView):
    permission_classes = (requires(POST=Scope.WRITE),)
    atomic = False
    ids_outside_path = True

    @schema.feedback
    def post(self, request: Request) -> Response:
        data = self.body(request, PlatformFeedbackIn)
        said = {name: data[name] for name in ("feedback", "feedback_reason") if data.get(name)}
        rated = rate(principal(request), data["memory_id"], said or None)
        record = FeedbackRecord(rated, data.get("feedback"), data.get("feedback_reason"))
        return self.ok(PlatformFeedbackOut, record)
