"""The `/v1` dialect: every response is an envelope."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from core.clock import now
from core.errors import AppError
from core.http import responses
from core.http.fields import MetadataField, TimestampField
from core.http.responses import EXAMPLE_TIME, ResponseSerializer

CODES = {
    "invalid_request": "INVALID_REQUEST",
    "unauthenticated": "UNAUTHORIZED",
    "forbidden": "FORBIDDEN",
    "not_found": "NOT_FOUND",
    "memory_not_found": "MEMORY_NOT_FOUND",
    "method_not_allowed": "METHOD_NOT_ALLOWED",
    "not_acceptable": "NOT_ACCEPTABLE",
    "conflict": "CONFLICT",
    "memory_expired": "MEMORY_EXPIRED",
    "payload_too_large": "PAYLOAD_TOO_LARGE",
    "uri_too_long": "URI_TOO_LONG",
    "headers_too_large": "HEADERS_TOO_LARGE",
    "unsupported_media_type": "UNSUPPORTED_MEDIA_TYPE",
    "idempotency_mismatch": "IDEMPOTENCY_MISMATCH",
    "rate_limited": "RATE_LIMIT_EXCEEDED",
    "internal_error": "INTERNAL_ERROR",
    "unavailable": "SERVICE_UNAVAILABLE",
    "service_unavailable": "SERVICE_UNAVAILABLE",
}


class V1ErrorBody(ResponseSerializer):
    code = serializers.CharField()
    message = serializers.CharField()
    details = MetadataField(source="data")

    def get_code(self, error: AppError) -> str:
        return CODES[error.code]


class Mem0ErrorOut(ResponseSerializer):
    """An error of `/v1`."""

    success = serializers.BooleanField(default=False)
    error = V1ErrorBody(source="*")
    timestamp = TimestampField()

    def get_success(self, error: AppError) -> bool:
        return False

    def get_timestamp(self, error: AppError) -> dt.datetime:
        return now()


def failure(error: AppError) -> dict[str, Any]:
    """`{"success": false, "error": {"code", "message", "details"}, "timestamp"}`."""
    return Mem0ErrorOut.render(error)


@dataclass(frozen=True, slots=True)
class Success:
    data: Any
    message: str
    timestamp: dt.datetime = field(default_factory=now)
    success: bool = True


@functools.cache
def envelope(data: type[ResponseSerializer]) -> type[ResponseSerializer]:
    """The serializer of a Success whose `data` is rendered by another serializer."""
    return free_envelope(f"V1{data.__name__.removeprefix('Mem0').removesuffix('Out')}Envelope", data)


def free_envelope(name: str, data: Callable[[], serializers.Field[Any, Any, Any, Any]]) -> type[ResponseSerializer]:
    """The same for `data` of any field; `name` is the component's."""
    fields = {
        "success": serializers.BooleanField(),
        "data": data(),
        "message": serializers.CharField(),
        "timestamp": TimestampField(),
    }
    return cast(type[ResponseSerializer], type(name, (ResponseSerializer,), fields))


def answer(data: type[ResponseSerializer], message: str, record: Any = None) -> OpenApiResponse:
    """A response of the OpenAPI document in its envelope, with an example of `record` or else of `data.example`."""
    shown = Success(data.example if record is None else record, message, EXAMPLE_TIME)
    return responses.answer(envelope(data), message, shown)
