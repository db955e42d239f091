"""API key authentication, with the headers of each dialect."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apikeys import services
from apikeys.types import Monitor, Principal
from core.errors import Unauthenticated
from core.http import failed_keys
from core.http.dialects import TOKEN_SCHEME


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>` or `X-API-Key: <key>`; on paths that end in a slash also `Authorization: Token
    <key>`. Two different keys are refused."""

    def authenticate(self, request: Request) -> tuple[Principal | Monitor, None] | None:
        key = self.sent(request)
        if key is None:
            caller = services.anonymous()
            return None if caller is None else (caller, None)
        with failed_keys.limited(request._request, key):
            return self.caller_of(key), None

    def caller_of(self, key: str) -> Principal | Monitor:
        """Raises Unauthenticated."""
        return services.authenticate(key)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def sent(self, request: Request) -> str | None:
        """The key of the request."""
        keys = {key for key in (self._authorization(request), request.headers.get("X-API-Key")) if key}
        if len(keys) > 1:
            raise Unauthenticated("Authorization and X-API-Key name different keys: send one.")
        return keys.pop() if keys else None

    def _authorization(self, request: Request) -> str | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        schemes = ("bearer", TOKEN_SCHEME) if request.path.endswith("/") else ("bearer",)
        return key.strip() if scheme.lower() in schemes else None


class MetricsAuthentication(ApiKeyAuthentication):
    """For the few views that accept METRICS_TOKEN besides keys. Other views treat the token as an unknown key."""

    def caller_of(self, key: str) -> Principal | Monitor:
        return Monitor() if services.is_metrics_token(key) else super().caller_of(key)
