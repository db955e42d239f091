"""`/api/v1/reviews`: pairs of memories with a proposal that an editor decides."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.clock import iso
from core.http.base import RemembraView, StrictRequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, StrictChoiceField, TimestampField
from core.http.point_in_time_fields import AsOfField
from core.ids import MEMORY, REVIEW, public
from memories.api import examples as ex
from memories.api.remembra.schema import answer
from memories.api.remembra.serializers import ScopedIn
from memories.review_types import ReviewProposal, ReviewQuery, ReviewRecord, ReviewState
from memories.services.reviews import decide, list_page

STATES = [state.value for state in ReviewState]
DECISIONS = ["accept", "reject"]


class ReviewsIn(ScopedIn):
    state = StrictChoiceField(
        STATES,
        default=ReviewState.OPEN.value,
        help_text="obsolete: a memory of the pair ended or changed before the decision.",
    )
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)
    as_of = AsOfField(required=False, help_text="Return the states at this time.")


class DecideReviewIn(StrictRequestSerializer):
    """The decision of an editor."""

    decision = StrictChoiceField(
        DECISIONS,
        help_text="accept: supersede, negate and extend end the old memory; duplicate archives the new one. "
        "reject: both memories stay.",
    )


class ReviewedMemoryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    content = serializers.CharField(help_text="The compared text.")


class ReviewOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    proposal = serializers.ChoiceField([proposal.value for proposal in ReviewProposal])
    probability = serializers.FloatField(min_value=0, max_value=1)
    reason = serializers.CharField(allow_blank=True)
    old = ReviewedMemoryOut()
    new = ReviewedMemoryOut()
    state = serializers.ChoiceField(STATES)
    decided_by = serializers.CharField(allow_null=True)
    decided_at = TimestampField(allow_null=True)
    created_at = TimestampField()


class ReviewPageOut(serializers.Serializer[Any]):
    reviews = ReviewOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)


OPEN: dict[str, Any] = {
    "id": ex.REVIEW_ID,
    "proposal": "supersede",
    "probability": 0.62,
    "reason": "same subject, another employer",
    "old": {"id": ex.MEMORY_ID, "content": "John works at Google"},
    "new": {"id": ex.NEW_MEMORY_ID, "content": "John joined Apple in March"},
    "state": "open",
    "decided_by": None,
    "decided_at": None,
    "created_at": ex.MOMENT,
}
DECIDED = {**OPEN, "state": "accepted", "decided_by": ex.REVISION["actor"], "decided_at": "2026-03-02T09:00:00Z"}


def review(view: ReviewRecord) -> dict[str, Any]:
    return {
        "id": public(REVIEW, view.id),
        "proposal": view.proposal.value,
        "probability": view.probability,
        "reason": view.reason,
        "old": {"id": public(MEMORY, view.old_id), "content": view.old_content},
        "new": {"id": public(MEMORY, view.new_id), "content": view.new_content},
        "state": view.state.value,
        "decided_by": view.decided_by,
        "decided_at": iso(view.decided_at) if view.decided_at else None,
        "created_at": iso(view.created_at),
    }


class ReviewsView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="list_reviews",
        summary="List reviews",
        description=(
            "Returns the reviews of a user, newest first: pairs of memories with a proposal that was not certain "
            "enough to be applied."
        ),
        parameters=[ReviewsIn],
        responses={
            200: answer(ReviewPageOut, "A page of reviews", {"reviews": [OPEN], "total": 1, "next_cursor": None})
        },
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, ReviewsIn)
        page = list_page(principal(request), ReviewQuery(**data | {"state": ReviewState(data["state"])}))
        reviews = [review(view) for view in page.reviews]
        return self.ok({"reviews": reviews, "total": page.total, "next_cursor": page.next_cursor})


class DecisionView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="decide_review",
        summary="Accept or reject a review",
        description="Accepting applies the proposal to the two memories. Rejecting leaves both memories unchanged.",
        request=DecideReviewIn,
        responses={200: answer(ReviewOut, "The decided review", DECIDED)},
        examples=[OpenApiExample("Accept", {"decision": "accept"}, request_only=True)],
        extensions={"x-example-not-found": True},
    )
    def post(self, request: Request, review_id: str) -> Response:
        data = self.body(request, DecideReviewIn)
        return self.ok(review(decide(principal(request), review_id, accept=data["decision"] == "accept")))
