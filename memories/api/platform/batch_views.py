"""`batch_update` and `batch_delete` of mem0's clients: all or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import PlatformView
from core.unset import UNSET
from memories.api.platform import schema
from memories.api.platform.responses import PlatformMessageOut, Said
from memories.api.platform.serializers import PlatformBatchDeleteIn, PlatformBatchUpdateIn
from memories.services.forget import forget_each
from memories.services.store import results
from memories.services.update import outcome, update_all
from memories.types import UpdateCommand, WriteResult


class PlatformBatchView(PlatformView):
    permission_classes = (requires(PUT=Scope.WRITE, DELETE=Scope.DELETE),)
    atomic = False
    ids_outside_path = True

    @schema.batch_update
    def put(self, request: Request) -> Response:
        named = self.body(request, PlatformBatchUpdateIn)["memories"]
        commands = [
            UpdateCommand(
                one["memory_id"],
                content=one.get("text", UNSET),
                metadata=one.get("metadata", UNSET),
                expires_at=one.get("expiration_date", UNSET),
            )
            for one in named
        ]
        return self._updated(len(named), update_all(principal(request), commands, wait=self.may_wait))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        return self._updated(len(sources), results(principal(self.request).tenant_id, sources))

    def _updated(self, number: int, writes: Sequence[WriteResult]) -> Response:
        for write in writes:
            if write.state == "failed":
                outcome(principal(self.request), write)  # raises: another request was faster
        pending = any(write.state in ("pending", "running") for write in writes)
        done = "queued the update of" if pending else "updated"
        return self.ok(PlatformMessageOut, Said(f"Successfully {done} {number} memories"), 202 if pending else 200)

    @schema.batch_delete
    def delete(self, request: Request) -> Response:
        named = self.body(request, PlatformBatchDeleteIn)["memories"]
        ids = {one["memory_id"]: None for one in named}
        forget_each(principal(request), list(ids))
        return self.ok(PlatformMessageOut, Said(f"Successfully deleted {len(ids)} memories"))
