"""Extensions of drf-spectacular for the OpenAPI document, and the error responses of all operations."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from core import errors
from core.http import mem0
from core.http.dialects import dialect_of
from core.http.fields import MetadataField, TimestampField
from core.idempotency.keys import KeyReuseError

MOMENT = "2026-03-01T10:30:00Z"
MEMORY_ID = "mem_01890a5dac967b2e8b7c3f0a9d1e2f30"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _error_body(name: str) -> Any:
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "code": serializers.CharField(),
        "message": serializers.CharField(),
        "details": MetadataField(),
    }
    return inline_serializer(name, fields)


class ErrorOut(serializers.Serializer[Any]):
    """A refusal of `/v1`."""

    success = serializers.BooleanField(default=False)
    error = _error_body("V1ErrorBody")
    timestamp = TimestampField()


class RemembraErrorOut(serializers.Serializer[Any]):
    """A refusal of `/api/v1`."""

    detail = serializers.CharField()
    error = _error_body("RemembraErrorBody")


class Schema(AutoSchema):
    """Keeps the body of DELETE, and groups operations by dialect."""

    def get_tags(self) -> list[str]:
        if self.path.startswith("/api/v1"):
            return ["/api/v1"]
        return ["/v1"] if self.path.startswith("/v1") else ["service"]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Empty: docstrings are for developers. Descriptions for callers are part of each operation."""
        return ""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        """The responses of the operation, and the error responses that it does not declare."""
        bodies = super()._get_response_bodies(direction)
        dialect = dialect_of(self.path)
        for error in self._refusals():
            bodies.setdefault(str(error.status), self._refusal(error, dialect))
        return dict(sorted(bodies.items()))

    def _refusals(self) -> list[errors.AppError]:
        """One example of each error response that this operation may give."""
        found: list[errors.AppError] = [errors.InvalidRequest(), errors.NotAcceptable(), errors.Unavailable()]
        if self.get_auth():
            limited = errors.RateLimited(limit=100, retry_after=12)
            found += [errors.Unauthenticated(), errors.ScopeDenied(), limited]
        if "{memory_id}" in self.path:
            found += [errors.MemoryNotFound(MEMORY_ID), errors.MemoryExpired(MEMORY_ID)]
        elif "{" in self.path or getattr(self.view, "ids_in_query", False):
            found.append(errors.NotFound())
        if self.method in UNSAFE:
            found += [errors.Conflict(), errors.PayloadTooLarge(), errors.UnsupportedMediaType(), KeyReuseError()]
        else:
            found.append(errors.UriTooLong())
        return found

    def _refusal(self, error: errors.AppError, dialect: ModuleType) -> dict[str, Any]:
        shape = ErrorOut if dialect is mem0 else RemembraErrorOut
        component = self.resolve_serializer(shape, "response")
        shown = dialect.failure(error)
        if "timestamp" in shown:
            shown["timestamp"] = MOMENT
        examples = {shown["error"]["code"]: {"value": shown, "summary": error.message}}
        content = {"application/json": {"schema": component.ref, "examples": examples}}
        return {"content": content, "description": error.message}

    def map_parsers(self) -> list[str]:
        """The media types that clients should send. Others that the API accepts are not part of the contract."""
        return ["application/json"]

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE":
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"
