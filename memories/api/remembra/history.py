"""`/api/v1/memories/{memory_id}/history`: revisions and decided reviews of a memory."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView
from core.http.responses import answer
from memories.api import examples as ex
from memories.api.remembra.reviews import ReviewOut
from memories.api.responses import History, HistoryOut
from memories.services.recall import history
from memories.services.reviews import of_memory


class HistoryWithReviewsOut(HistoryOut):
    reviews = ReviewOut(many=True, help_text="The decided reviews of this memory, newest first.")

    example = History(ex.MEMORY_ID, HistoryOut.example.revisions, [ReviewOut.decided_example])


class HistoryView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_memory_history",
        summary="Get the history of a memory",
        description="Returns all revisions, newest first, and the decided reviews of the memory.",
        responses={200: answer(HistoryWithReviewsOut, "The history")},
    )
    def get(self, request: Request, memory_id: str) -> Response:
        caller = principal(request)
        return self.ok(
            HistoryWithReviewsOut, History(memory_id, history(caller, memory_id), of_memory(caller, memory_id))
        )
