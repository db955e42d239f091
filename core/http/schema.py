"""The OpenAPI document: names and tags by one scheme, bodies of DELETE, and the errors that any operation may give."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from drf_spectacular.openapi import AutoSchema

from core import errors
from core.http import mem0, platform, remembra
from core.http.dialects import dialect_of
from core.http.tags import tag_of
from core.idempotency.decorator import KeyReuseError

MOMENT = "2026-03-01T10:30:00Z"
MEMORY_ID = "mem_01890a5dac967b2e8b7c3f0a9d1e2f30"
ERRORS = {mem0: mem0.Mem0ErrorOut, platform: platform.PlatformErrorOut, remembra: remembra.ErrorOut}
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Schema(AutoSchema):
    """Keeps the body of DELETE, and names operations and components by one scheme.

    An operationId is verb_noun as `extend_schema` gives it, with a prefix for `/v1` (`v1_`), for the dialect of mem0's
    clients (`platform_`) and for the paths without a dialect (`service_`). A component has the name of its serializer
    without `In` or `Out`; `V1` marks those of `/v1`.
    """

    def get_operation(self, path: str, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(path, *args, **kwargs)
        if operation:
            operation["operationId"] = _prefix(path) + operation["operationId"]
        return operation

    def get_tags(self) -> list[str]:
        return [tag_of(self.path).name]

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        name = type(serializer).__name__.removesuffix("In").removesuffix("Out")
        return f"V1{name.removeprefix('Mem0')}" if name.startswith("Mem0") else name

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """Without an inherited docstring, which describes the base class, and without required fields if a request may
        select the fields."""
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if not type(serializer).__doc__:
            schema.pop("description", None)
        if getattr(serializer, "selectable", False):
            schema.pop("required", None)
        return schema

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Docstrings are for developers of the service; `extend_schema` has the descriptions for callers."""
        return ""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        """The declared responses, and the errors that the operation doesn't declare."""
        bodies = super()._get_response_bodies(direction)
        dialect = dialect_of(self.path)
        for error in self._refusals():
            bodies.setdefault(str(error.status), self._refusal(error, dialect))
        return dict(sorted(bodies.items()))

    def _refusals(self) -> list[errors.AppError]:
        """One error of each kind that this operation may give."""
        found: list[errors.AppError] = [errors.InvalidRequest(), errors.NotAcceptable(), errors.Unavailable()]
        if self.get_auth():
            limited = errors.RateLimited(limit=100, retry_after=12)
            found += [errors.Unauthenticated(), errors.ScopeDenied(), limited]
        if "{memory_id}" in self.path:
            found += [errors.MemoryNotFound(MEMORY_ID), errors.MemoryExpired(MEMORY_ID)]
        elif "{" in self.path or getattr(self.view, "ids_outside_path", False):
            found.append(errors.NotFound())
        if self.method in UNSAFE:
            found += [errors.Conflict(), errors.PayloadTooLarge(), errors.UnsupportedMediaType(), KeyReuseError()]
        else:
            found.append(errors.UriTooLong())
        return found

    def _refusal(self, error: errors.AppError, dialect: ModuleType) -> dict[str, Any]:
        shape = ERRORS[dialect]
        component = self.resolve_serializer(shape, "response")
        shown = dialect.failure(error)
        if "timestamp" in shown:
            shown["timestamp"] = MOMENT
        examples = {_code(shown): {"value": shown, "summary": error.message}}
        content = {"application/json": {"schema": component.ref, "examples": examples}}
        return {"content": content, "description": error.message}

    def map_parsers(self) -> list[str]:
        """The media type of the contract; the API reads others too."""
        return ["application/json"]

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE":
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"


def _code(shown: dict[str, Any]) -> str:
    """The code in an error of any dialect."""
    error = shown["error"]
    return str(error["code"] if isinstance(error, dict) else shown["code"])


def _prefix(path: str) -> str:
    """The prefix of operationIds under `path`."""
    if dialect_of(path) is platform:
        return "platform_"
    if path.startswith("/api/v1/"):
        return ""
    return "v1_" if path.startswith("/v1/") else "service_"
