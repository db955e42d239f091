"""The OpenAPI document: what drf-spectacular leaves out, put back."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """Keeps the body of DELETE, and groups operations by dialect."""

    def get_tags(self) -> list[str]:
        if self.path.startswith("/api/v1"):
            return ["/api/v1"]
        return ["/v1"] if self.path.startswith("/v1") else ["service"]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Docstrings speak to developers of the service; what callers should read is said with the operation."""
        return ""

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
