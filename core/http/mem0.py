"""The `/v1` dialect: every response is an envelope."""

from __future__ import annotations

from typing import Any

from core.clock import iso, now
from core.errors import AppError

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


def success(data: Any, message: str) -> dict[str, Any]:
    """`{"success": true, "data", "message", "timestamp"}`."""
    return {"success": True, "data": data, "message": message, "timestamp": iso(now())}


def failure(error: AppError) -> dict[str, Any]:
    """`{"success": false, "error": {"code", "message", "details"}, "timestamp"}`."""
    body = {"code": CODES[error.code], "message": error.message, "details": error.data}
    return {"success": False, "error": body, "timestamp": iso(now())}
