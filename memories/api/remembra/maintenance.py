"""`/api/v1`: the clean-up of expired memories, and the receipts of erasures."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.clock import iso
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import MetadataField, StrictBooleanField, TimestampField
from core.ids import RECEIPT, public
from memories.api import examples as ex
from memories.api.remembra.schema import answer
from memories.services.cleanup import clean_expired
from memories.services.erasures import erasure


class CleanupIn(RequestSerializer):
    dry_run = StrictBooleanField(required=False, help_text="true only counts.")


class CleanupQueryIn(RequestSerializer):
    dry_run = serializers.BooleanField(required=False)


class CleanedOut(serializers.Serializer[Any]):
    deleted = serializers.IntegerField()
    would_delete = serializers.IntegerField()
    dry_run = serializers.BooleanField()


class CleanupView(RemembraView):
    """Beat runs the clean-up every minute; this runs it now, for the whole scope of the caller."""

    permission_classes = (requires(POST=Scope.DELETE),)
    acts = {"POST": "delete"}  # noqa: RUF012
    atomic = False

    @extend_schema(
        operation_id="api_cleanup_expired",
        summary="Erase what has expired",
        parameters=[CleanupQueryIn],
        request=CleanupIn,
        responses={200: answer(CleanedOut, "Cleaned", {"deleted": 3, "would_delete": 3, "dry_run": False})},
        examples=[OpenApiExample("Count only", {"dry_run": True}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        asked = self.query(request, CleanupQueryIn)
        if request.body:
            asked |= self.body(request, CleanupIn)
        dry_run = asked.get("dry_run", False)
        count = clean_expired(principal(request), dry_run=dry_run)
        return self.ok({"deleted": 0 if dry_run else count, "would_delete": count, "dry_run": dry_run})


class ErasureOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    scope = MetadataField()
    counts = serializers.DictField(child=serializers.IntegerField())
    requested_at = TimestampField()
    completed_at = TimestampField(allow_null=True)
    signature = serializers.CharField(allow_blank=True)


_ERASURE = {
    "id": ex.RECEIPT_ID,
    "scope": {"kind": "memories", "named": 1},
    "counts": {"memories": 1, "revisions": 1, "passages": 1, "embeddings": 1},
    "requested_at": ex.MOMENT,
    "completed_at": ex.MOMENT,
    "signature": "5f3c…",
}


class ErasureView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_erasure",
        summary="The receipt of an erasure",
        responses={
            200: answer(ErasureOut, "The receipt", _ERASURE),
        },
    )
    def get(self, request: Request, receipt_id: str) -> Response:
        found = erasure(principal(request), receipt_id)
        return self.ok(
            {
                "id": public(RECEIPT, found.id),
                "scope": found.scope,
                "counts": found.counts,
                "requested_at": iso(found.requested_at),
                "completed_at": iso(found.completed_at) if found.completed_at else None,
                "signature": found.signature,
            }
        )
