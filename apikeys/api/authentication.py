"""The API key of a request, in either of its two headers."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apikeys import services
from apikeys.types import Principal
from memproject.common.errors import Unauthenticated


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>` or `X-API-Key: <key>`; two different keys are a mistake, not a choice."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        sent = {key for key in (self._bearer(request), request.headers.get("X-API-Key")) if key}
        if len(sent) > 1:
            raise Unauthenticated("Authorization and X-API-Key name different keys: send one.")
        principal = services.authenticate(sent.pop() if sent else None)
        return (principal, None) if principal is not None else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def _bearer(self, request: Request) -> str | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else None
