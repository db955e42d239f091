"""`/api/v1/temporal`: decay of memories, and the clean-up of expired or decayed ones."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.clock import iso
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import QueryIntegerField, StrictBooleanField, TimestampField
from core.ids import MEMORY, public
from memories.api import examples as ex
from memories.api.remembra.schema import answer
from memories.api.remembra.serializers import ScopedIn
from memories.services.decay_report import DecayedMemory, clean, decay_of, report

DAY = 86_400
BANDS = ["healthy", "decaying", "expired"]


class ReportIn(ScopedIn):
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100, help_text="Of the most decayed memories.")


class FadedOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    content = serializers.CharField()
    decay_score = serializers.FloatField(min_value=0, max_value=1)
    last_accessed = TimestampField(allow_null=True, help_text="When recall last found it.")


class ReportOut(serializers.Serializer[Any]):
    total_memories = serializers.IntegerField()
    healthy = serializers.IntegerField(help_text="A score of 0.5 or more.")
    decaying = serializers.IntegerField()
    expired = serializers.IntegerField(help_text="Below 0.1: the clean-up archives them.")
    memories = FadedOut(many=True, help_text="The most decayed first.")


class PartsOut(serializers.Serializer[Any]):
    idle_days = serializers.FloatField(help_text="Since it was last used or changed.")
    stability_days = serializers.FloatField(help_text="After so long idle the score is 1/e.")
    importance = serializers.FloatField()
    importance_factor = serializers.FloatField(help_text="What importance makes of the stability.")
    uses = serializers.IntegerField()
    use_factor = serializers.FloatField(help_text="What use makes of the stability.")
    pinned = serializers.BooleanField(help_text="true: the score is 1.")


class DecayOut(FadedOut):
    band = serializers.ChoiceField(BANDS)
    parts = PartsOut()


class CleanIn(RequestSerializer):
    dry_run = StrictBooleanField(default=False)
    archive = StrictBooleanField(default=True, help_text="false erases what has decayed.")


class CleanOut(serializers.Serializer[Any]):
    expired_deleted = serializers.IntegerField()
    decayed_archived = serializers.IntegerField()
    decayed_deleted = serializers.IntegerField()
    dry_run = serializers.BooleanField()


_DECAYED_MEMORY = {"id": ex.MEMORY_ID, "content": ex.TEXT, "decay_score": 0.75, "last_accessed": ex.MOMENT}
_PARTS = {
    "idle_days": 61.792447,
    "stability_days": 214.766494,
    "importance": 0.5,
    "importance_factor": 1.0,
    "uses": 3,
    "use_factor": 2.386294,
    "pinned": False,
}


def decayed_memory(found: DecayedMemory) -> dict[str, Any]:
    used = found.memory.last_used_at
    return {
        "id": public(MEMORY, found.memory.id),
        "content": found.memory.content,
        "decay_score": round(found.decay.score, 6),
        "last_accessed": iso(used) if used else None,
    }


class ReportView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_decay_report",
        summary="Decay of a user's memories",
        parameters=[ReportIn],
        responses={
            200: answer(
                ReportOut,
                "The report",
                {"total_memories": 100, "healthy": 85, "decaying": 10, "expired": 5, "memories": [_DECAYED_MEMORY]},
            )
        },
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, ReportIn)
        found = report(principal(request), data.get("user_id"), data.get("project"), data["limit"])
        bands = {band: found.bands.get(band, 0) for band in BANDS}
        return self.ok(
            {"total_memories": found.total, **bands, "memories": [decayed_memory(f) for f in found.memories]}
        )


class DecayView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_decay",
        summary="Decay of a memory, with the parts of its score",
        parameters=[OpenApiParameter("memory_id", str, "path", examples=[OpenApiExample("A memory", ex.MEMORY_ID)])],
        responses={200: answer(DecayOut, "The decay", {**_DECAYED_MEMORY, "band": "healthy", "parts": _PARTS})},
    )
    def get(self, request: Request, memory_id: str) -> Response:
        found = decay_of(principal(request), memory_id)
        parts = {
            "idle_days": round(found.decay.idle.total_seconds() / DAY, 6),
            "stability_days": round(found.decay.stability.total_seconds() / DAY, 6),
            "importance": found.memory.importance,
            "importance_factor": round(found.decay.by_importance, 6),
            "uses": found.memory.uses,
            "use_factor": round(found.decay.by_use, 6),
            "pinned": found.decay.pinned,
        }
        return self.ok({**decayed_memory(found), "band": found.decay.band, "parts": parts})


class CleanView(RemembraView):
    permission_classes = (requires(POST=Scope.DELETE),)
    acts = {"POST": "delete"}  # noqa: RUF012
    atomic = False

    @extend_schema(
        operation_id="api_temporal_cleanup",
        summary="Erase what has expired, and archive or erase what has decayed",
        request=CleanIn,
        responses={
            200: answer(
                CleanOut,
                "Cleaned",
                {"expired_deleted": 3, "decayed_archived": 5, "decayed_deleted": 0, "dry_run": False},
            )
        },
        examples=[OpenApiExample("Only say what would happen", {"dry_run": True}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = self.body(request, CleanIn) if request.body else {"dry_run": False, "archive": True}
        done = clean(principal(request), dry_run=data["dry_run"], archive=data["archive"])
        return self.ok(
            {
                "expired_deleted": done.expired_deleted,
                "decayed_archived": done.decayed_archived,
                "decayed_deleted": done.decayed_deleted,
                "dry_run": data["dry_run"],
            }
        )
