"""The headers of a key as security schemes of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "apikeys.api.authentication.ApiKeyAuthentication"
    name = ["bearer", "apiKey", "token"]  # noqa: RUF012  drf-spectacular reads a list

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """One header is sufficient."""
        token: list[dict[str, list[Any]]] = [{"token": []}] if auto_schema.path.endswith("/") else []
        return [*token, {"bearer": []}, {"apiKey": []}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer <key>"},
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "Authorization: Token <key>, as the clients of mem0 send it",
            },
        ]
