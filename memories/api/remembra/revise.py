"""`/api/v1/memories/{id}/supersede` and `/restore`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import IdentifierField, TextField, TimestampField
from core.http.responses import answer
from memories.api import examples as ex
from memories.api.common import pending_headers
from memories.api.remembra.responses import MemoryOut, PendingUpdateOut
from memories.api.remembra.serializers import CONTENT
from memories.api.remembra.views import EVENTS
from memories.services.revise import restore, supersede
from memories.services.store import results
from memories.services.update import outcome
from memories.types import MemoryRecord, SupersedeCommand, WriteResult


class SupersedeMemoryIn(RequestSerializer):
    content = TextField(max_length=CONTENT)
    valid_from = TimestampField(required=False, help_text="When the new text became true. Default: now.")
    reason = TextField(max_length=500, required=False)


class SupersedeView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)
    atomic = False

    @extend_schema(
        operation_id="supersede_memory",
        summary="Supersede a memory by a new one",
        description=(
            "Stores a new memory and ends the old one at `valid_from`. The history of the old memory keeps the reason."
        ),
        request=SupersedeMemoryIn,
        responses={
            201: answer(MemoryOut, "The new memory"),
            202: answer(PendingUpdateOut, "Accepted"),
        },
        examples=[
            OpenApiExample(
                "New text",
                {"content": "John works at Apple", "reason": "he moved"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, memory_id: str) -> Response:
        data = self.body(request, SupersedeMemoryIn)
        return self._superseded(
            supersede(
                principal(request),
                SupersedeCommand(
                    memory_id=memory_id,
                    content=data["content"],
                    valid_from=data.get("valid_from"),
                    reason=data.get("reason", ""),
                    wait=self.may_wait,
                ),
            )
        )

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        (result,) = results(principal(self.request).tenant_id, sources)
        return self._superseded(outcome(principal(self.request), result))

    def _superseded(self, found: MemoryRecord | WriteResult) -> Response:
        if isinstance(found, WriteResult):
            return self.ok(PendingUpdateOut, found, 202, pending_headers(found, EVENTS))
        return self.ok(MemoryOut, found, 201)


class RestoreMemoryIn(RequestSerializer):
    revision_id = IdentifierField(required=False, help_text="Default: the last revision that was current.")


class RestoreView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)
    atomic = False

    @extend_schema(
        operation_id="restore_memory",
        summary="Restore an earlier revision of a memory",
        description=(
            "Makes the revision the current one. Without `revision_id` it restores the last revision that was current."
        ),
        request=RestoreMemoryIn,
        responses={
            200: answer(MemoryOut, "The memory"),
            202: answer(PendingUpdateOut, "Accepted"),
        },
        examples=[OpenApiExample("Revision", {"revision_id": ex.REVISION_ID}, request_only=True)],
    )
    def post(self, request: Request, memory_id: str) -> Response:
        data = self.body(request, RestoreMemoryIn) if request.body else {}
        return self._restored(restore(principal(request), memory_id, data.get("revision_id"), wait=self.may_wait))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        (result,) = results(principal(self.request).tenant_id, sources)
        return self._restored(outcome(principal(self.request), result))

    def _restored(self, found: MemoryRecord | WriteResult) -> Response:
        if isinstance(found, WriteResult):
            return self.ok(PendingUpdateOut, found, 202, pending_headers(found, EVENTS))
        return self.ok(MemoryOut, found)
