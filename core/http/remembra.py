"""The `/api/v1` dialect: plain JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.errors import AppError
from core.http.fields import MetadataField
from core.http.responses import ResponseSerializer

CODES = {
    "invalid_request": "validation_error",
    "unauthenticated": "authentication_error",
    "forbidden": "permission_denied",
    "not_found": "not_found",
    "memory_not_found": "not_found",
    "method_not_allowed": "method_not_allowed",
    "not_acceptable": "not_acceptable",
    "conflict": "conflict",
    "memory_expired": "memory_expired",
    "payload_too_large": "payload_too_large",
    "uri_too_long": "uri_too_long",
    "headers_too_large": "headers_too_large",
    "unsupported_media_type": "unsupported_media_type",
    "idempotency_mismatch": "idempotency_mismatch",
    "rate_limited": "rate_limit_exceeded",
    "internal_error": "internal_error",
    "unavailable": "service_unavailable",
    "service_unavailable": "service_unavailable",
}


class ErrorBody(ResponseSerializer):
    code = serializers.CharField()
    message = serializers.CharField()
    details = MetadataField(source="data")

    def get_code(self, error: AppError) -> str:
        return CODES[error.code]


class ErrorOut(ResponseSerializer):
    """An error of `/api/v1`."""

    detail = serializers.CharField(source="message")
    error = ErrorBody(source="*")


def failure(error: AppError) -> dict[str, Any]:
    """`{"detail", "error": {"code", "message", "details"}}`; the published clients read `detail` as a string."""
    return ErrorOut.render(error)
