"""`/api/v1/memories/{memory_id}/history`: revisions and decided reviews of a memory."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView
from memories.api import examples as ex
from memories.api.common import revision
from memories.api.outputs import HistoryOut
from memories.api.remembra.reviews import DECIDED, ReviewOut, review
from memories.api.remembra.schema import answer
from memories.services.recall import history
from memories.services.reviews import of_memory

_HISTORY = {"id": ex.MEMORY_ID, "revisions": [ex.REVISION], "reviews": [DECIDED]}


class HistoryWithReviewsOut(HistoryOut):
    reviews = ReviewOut(many=True, help_text="The decided reviews of this memory, newest first.")


class HistoryView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_memory_history",
        summary="Get the history of a memory",
        description="Returns all revisions, newest first, and the decided reviews of the memory.",
        responses={200: answer(HistoryWithReviewsOut, "The history", _HISTORY)},
    )
    def get(self, request: Request, memory_id: str) -> Response:
        revisions = [revision(r) for r in history(principal(request), memory_id)]
        reviews = [review(r) for r in of_memory(principal(request), memory_id)]
        return self.ok({"id": memory_id, "revisions": revisions, "reviews": reviews})
