"""The OpenAPI document: what drf-spectacular leaves out, put back; and the refusals that any operation may give."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from drf_spectacular.openapi import AutoSchema

from core import errors
from core.http import mem0, remembra
from core.http.dialects import dialect_of
from core.idempotency.keys import KeyReuseError

MOMENT = "2026-03-01T10:30:00Z"
MEMORY_ID = "mem_01890a5dac967b2e8b7c3f0a9d1e2f30"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Schema(AutoSchema):
    """Keeps the body of DELETE, and groups operations by dialect."""

    def get_tags(self) -> list[str]:
        if self.path.startswith("/api/v1"):
            return ["/api/v1"]
        return ["/v1"] if self.path.startswith("/v1") else ["service"]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Docstrings speak to developers of the service; what callers should read is said with the operation."""
        return ""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        """What the operation says of itself, and the refusals that it doesn't mention."""
        bodies = super()._get_response_bodies(direction)
        dialect = dialect_of(self.path)
        for error in self._refusals():
            bodies.setdefault(str(error.status), self._refusal(error, dialect))
        return dict(sorted(bodies.items()))

    def _refusals(self) -> list[errors.AppError]:
        """One of each kind that this operation may give, whatever it does."""
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
        shape = mem0.ErrorOut if dialect is mem0 else remembra.RemembraErrorOut
        component = self.resolve_serializer(shape, "response")
        shown = dialect.failure(error)
        if "timestamp" in shown:
            shown["timestamp"] = MOMENT
        examples = {shown["error"]["code"]: {"value": shown, "summary": error.message}}
        content = {"application/json": {"schema": component.ref, "examples": examples}}
        return {"content": content, "description": error.message}

    def map_parsers(self) -> list[str]:
        """What callers should send; what the API understands besides is no part of the contract."""
        return ["application/json"]

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE":
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"
