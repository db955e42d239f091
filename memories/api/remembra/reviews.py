"""`/api/v1/reviews`: pairs of memories with a proposal that an editor decides."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.clock import UTC
from core.http.base import RemembraView, StrictRequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, StrictChoiceField, TimestampField
from core.http.point_in_time_fields import AsOfField
from core.http.responses import PublicIdField, ResponseSerializer, answer, example_id
from core.ids import MEMORY, REVIEW
from memories.api import examples as ex
from memories.api.remembra.serializers import ScopedIn
from memories.review_types import ReviewPage, ReviewProposal, ReviewQuery, ReviewRecord, ReviewState
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


@dataclass(frozen=True, slots=True)
class ComparedMemory:
    id: uuid.UUID
    content: str


class ReviewedMemoryOut(ResponseSerializer):
    id = PublicIdField(MEMORY)
    content = serializers.CharField(help_text="The compared text.")


class ReviewOut(ResponseSerializer):
    id = PublicIdField(REVIEW)
    proposal = serializers.ChoiceField([proposal.value for proposal in ReviewProposal])
    probability = serializers.FloatField(min_value=0, max_value=1)
    reason = serializers.CharField(allow_blank=True)
    old = ReviewedMemoryOut()
    new = ReviewedMemoryOut()
    state = serializers.ChoiceField(STATES)
    decided_by = serializers.CharField(allow_null=True)
    decided_at = TimestampField(allow_null=True)
    created_at = TimestampField()

    example = ReviewRecord(
        id=example_id(ex.REVIEW_ID),
        proposal=ReviewProposal.SUPERSEDE,
        probability=0.62,
        reason="same subject, another employer",
        old_id=example_id(ex.MEMORY_ID),
        old_content="John works at Google",
        new_id=example_id(ex.NEW_MEMORY_ID),
        new_content="John joined Apple in March",
        state=ReviewState.OPEN,
        decided_by=None,
        decided_at=None,
        created_at=ex.TIME,
    )
    decided_example = replace(
        example,
        state=ReviewState.ACCEPTED,
        decided_by=ex.KEY_ID,
        decided_at=dt.datetime(2026, 3, 2, 9, tzinfo=UTC),
    )

    def get_old(self, review: ReviewRecord) -> ComparedMemory:
        return ComparedMemory(review.old_id, review.old_content)

    def get_new(self, review: ReviewRecord) -> ComparedMemory:
        return ComparedMemory(review.new_id, review.new_content)


class ReviewPageOut(ResponseSerializer):
    reviews = ReviewOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)

    example = ReviewPage((ReviewOut.example,), 1, None)


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
        responses={200: answer(ReviewPageOut, "A page of reviews")},
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, ReviewsIn)
        query = ReviewQuery(**data | {"state": ReviewState(data["state"])})
        return self.ok(ReviewPageOut, list_page(principal(request), query))


class DecisionView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="decide_review",
        summary="Accept or reject a review",
        description="Accepting applies the proposal to the two memories. Rejecting leaves both memories unchanged.",
        request=DecideReviewIn,
        responses={200: answer(ReviewOut, "The decided review", ReviewOut.decided_example)},
        examples=[OpenApiExample("Accept", {"decision": "accept"}, request_only=True)],
        extensions={"x-example-not-found": True},
    )
    def post(self, request: Request, review_id: str) -> Response:
        data = self.body(request, DecideReviewIn)
        return self.ok(ReviewOut, decide(principal(request), review_id, accept=data["decision"] == "accept"))
