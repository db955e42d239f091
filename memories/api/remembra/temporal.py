"""`/api/v1/temporal`: decay of memories, and the clean-up of expired and decayed memories."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import QueryIntegerField, StrictBooleanField, TimestampField
from core.http.responses import PublicIdField, ResponseSerializer, RoundedField, answer
from core.ids import MEMORY
from memories.api import examples as ex
from memories.api.remembra.responses import MemoryOut
from memories.api.remembra.serializers import ScopedIn
from memories.decay import BANDS, DECAYING_BAND, EXPIRED_BAND, HEALTHY_BAND, Decay
from memories.services.decay_report import Cleaned, DecayedMemory, DecayReport, clean, decay_of, report

DAY = 86_400


class ReportIn(ScopedIn):
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100, help_text="Maximum number of listed memories.")


class DecayedMemoryOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory.id")
    content = serializers.CharField(source="memory.content")
    decay_score = RoundedField(source="decay.score", min_value=0, max_value=1)
    last_accessed = TimestampField(
        source="memory.last_used_at", allow_null=True, help_text="Time of the last recall that returned the memory."
    )

    example = DecayedMemory(
        MemoryOut.example,
        Decay(
            score=0.75,
            stability=dt.timedelta(days=214.766494),
            idle=dt.timedelta(days=61.792447),
            by_importance=1.0,
            by_use=2.386294,
            pinned=False,
        ),
    )


class DecayReportOut(ResponseSerializer):
    total_memories = serializers.IntegerField(source="total")
    healthy = serializers.IntegerField(help_text="Number of memories with a score of 0.5 or more.")
    decaying = serializers.IntegerField(help_text="Number of memories with a score from 0.1 to 0.5.")
    expired = serializers.IntegerField(
        help_text="Number of memories with a score below 0.1; the clean-up archives them."
    )
    memories = DecayedMemoryOut(many=True, help_text="Most decayed first.")

    example = DecayReport(100, {"healthy": 85, "decaying": 10, "expired": 5}, (DecayedMemoryOut.example,))

    def get_healthy(self, report: DecayReport) -> int:
        return report.bands.get(HEALTHY_BAND, 0)

    def get_decaying(self, report: DecayReport) -> int:
        return report.bands.get(DECAYING_BAND, 0)

    def get_expired(self, report: DecayReport) -> int:
        return report.bands.get(EXPIRED_BAND, 0)


class DaysField(RoundedField):
    """A span of time in days."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value.total_seconds() / DAY)


class DecayFactorsOut(ResponseSerializer):
    idle_days = DaysField(source="decay.idle", help_text="Days since the last use or change.")
    stability_days = DaysField(source="decay.stability", help_text="Idle days after which the score is 1/e.")
    importance = serializers.FloatField(source="memory.importance")
    importance_factor = RoundedField(source="decay.by_importance", help_text="Factor of the stability by importance.")
    uses = serializers.IntegerField(source="memory.uses")
    use_factor = RoundedField(source="decay.by_use", help_text="Factor of the stability by use.")
    pinned = serializers.BooleanField(source="decay.pinned", help_text="true: the score is always 1.")


class MemoryDecayOut(DecayedMemoryOut):
    band = serializers.ChoiceField(BANDS, source="decay.band")
    parts = DecayFactorsOut(source="*")


class RunCleanupIn(RequestSerializer):
    dry_run = StrictBooleanField(default=False)
    archive = StrictBooleanField(default=True, help_text="false: erase decayed memories instead of archiving them.")


@dataclass(frozen=True, slots=True)
class CleanResult:
    cleaned: Cleaned
    dry_run: bool


class CleanupResultOut(ResponseSerializer):
    expired_deleted = serializers.IntegerField(source="cleaned.expired_deleted")
    decayed_archived = serializers.IntegerField(source="cleaned.decayed_archived")
    decayed_deleted = serializers.IntegerField(source="cleaned.decayed_deleted")
    dry_run = serializers.BooleanField()

    example = CleanResult(Cleaned(3, 5, 0), dry_run=False)


class ReportView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_decay_report",
        summary="Get the decay report of a user",
        description="Counts the memories of each band of the decay score, and lists the most decayed memories.",
        parameters=[ReportIn],
        responses={200: answer(DecayReportOut, "The report")},
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, ReportIn)
        found = report(principal(request), data.get("user_id"), data.get("project"), data["limit"])
        return self.ok(DecayReportOut, found)


class DecayView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_memory_decay",
        summary="Get the decay score of a memory",
        description="Returns the score and the factors that it is computed from.",
        parameters=[OpenApiParameter("memory_id", str, "path", examples=[OpenApiExample("Memory", ex.MEMORY_ID)])],
        responses={200: answer(MemoryDecayOut, "The decay")},
    )
    def get(self, request: Request, memory_id: str) -> Response:
        return self.ok(MemoryDecayOut, decay_of(principal(request), memory_id))


class CleanView(RemembraView):
    permission_classes = (requires(POST=Scope.DELETE),)
    acts = {"POST": "delete"}  # noqa: RUF012
    atomic = False

    @extend_schema(
        operation_id="run_cleanup",
        summary="Delete expired and archive decayed memories",
        description=(
            "Erases expired memories and archives decayed memories that the key may delete. With `archive: false` it "
            "erases decayed memories."
        ),
        request=RunCleanupIn,
        responses={200: answer(CleanupResultOut, "The counts")},
        examples=[OpenApiExample("Count only", {"dry_run": True}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = self.body(request, RunCleanupIn) if request.body else {"dry_run": False, "archive": True}
        done = clean(principal(request), dry_run=data["dry_run"], archive=data["archive"])
        return self.ok(CleanupResultOut, CleanResult(done, data["dry_run"]))
