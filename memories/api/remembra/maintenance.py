"""`/api/v1`: the clean-up of expired memories, and the receipts of erasures."""

from __future__ import annotations

from dataclasses import dataclass

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import MetadataField, StrictBooleanField, TimestampField
from core.http.responses import PublicIdField, ResponseSerializer, answer
from core.ids import RECEIPT
from memories.api.remembra.responses import DeleteResultOut
from memories.services.cleanup import clean_expired
from memories.services.erasures import erasure


class ExpiryCleanupIn(RequestSerializer):
    dry_run = StrictBooleanField(required=False, help_text="true: count the memories without erasing them.")


class ExpiryCleanupQuery(RequestSerializer):
    dry_run = serializers.BooleanField(required=False)


@dataclass(frozen=True, slots=True)
class CleanupResult:
    would_delete: int
    dry_run: bool

    @property
    def deleted(self) -> int:
        return 0 if self.dry_run else self.would_delete


class ExpiryCleanupResultOut(ResponseSerializer):
    deleted = serializers.IntegerField()
    would_delete = serializers.IntegerField()
    dry_run = serializers.BooleanField()

    example = CleanupResult(3, dry_run=False)


class CleanupView(RemembraView):
    """Beat runs the clean-up every minute; this runs it now, for the whole scope of the caller."""

    permission_classes = (requires(POST=Scope.DELETE),)
    acts = {"POST": "delete"}  # noqa: RUF012
    atomic = False

    @extend_schema(
        operation_id="delete_expired_memories",
        summary="Delete expired memories",
        description="Erases all expired memories that the key may delete. The service does the same every minute.",
        parameters=[ExpiryCleanupQuery],
        request=ExpiryCleanupIn,
        responses={200: answer(ExpiryCleanupResultOut, "The counts")},
        examples=[OpenApiExample("Count only", {"dry_run": True}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        asked = self.query(request, ExpiryCleanupQuery)
        if request.body:
            asked |= self.body(request, ExpiryCleanupIn)
        dry_run = asked.get("dry_run", False)
        count = clean_expired(principal(request), dry_run=dry_run)
        return self.ok(ExpiryCleanupResultOut, CleanupResult(count, dry_run))


class ErasureReceiptOut(ResponseSerializer):
    id = PublicIdField(RECEIPT)
    scope = MetadataField()
    counts = serializers.DictField(child=serializers.IntegerField())
    requested_at = TimestampField()
    completed_at = TimestampField(allow_null=True)
    signature = serializers.CharField(allow_blank=True)

    example = DeleteResultOut.example


class ErasureView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_erasure",
        summary="Get the receipt of an erasure",
        description=(
            "Returns the scope and the counts of the erasure, and when it was completed. The receipt is signed."
        ),
        responses={200: answer(ErasureReceiptOut, "The receipt")},
    )
    def get(self, request: Request, receipt_id: str) -> Response:
        return self.ok(ErasureReceiptOut, erasure(principal(request), receipt_id))
