"""`POST /mcp` as HTTP: errors in JSON-RPC that the MCP server does not answer itself, and pages of browsers (CORS)."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from core.errors import AppError, InvalidRequest
from core.http.remembra import CODES

PATH = "/mcp"
MAX_BODY_SIZE = 1_000_000  # bytes; the largest valid call has 50,000 characters of text and 16 KB of metadata
INVALID_REQUEST, INVALID_PARAMS, INTERNAL_ERROR = -32600, -32602, -32603

# What a page may send and read. `Access-Control-Allow-Origin` names the page's origin and never `*`. No cookies.
REQUEST_HEADERS = (
    "Authorization, X-API-Key, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, X-Request-Id"
)
RESPONSE_HEADERS = "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
PREFLIGHT_SECONDS = 3600  # a browser may remember the answer to a preflight


class InvalidParams(InvalidRequest):
    """The message is valid JSON-RPC; a parameter of its method is not."""


def failure(error: AppError) -> dict[str, Any]:
    """A JSON-RPC error without the id of a request. `data` has the code of `/api/v1` and the details."""
    code = INTERNAL_ERROR if error.status >= 500 else INVALID_REQUEST
    code = INVALID_PARAMS if isinstance(error, InvalidParams) else code
    data = {"code": CODES[error.code], **error.data}
    return {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": error.message, "data": data}}


def is_local(origin: str) -> bool:
    """Whether the origin is a loopback address or `localhost`, with any port."""
    try:
        host = urlsplit(origin).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed_origin(origin: str) -> bool:
    """Whether pages of the origin may call /mcp: those of MCP_ALLOWED_ORIGINS and of this machine."""
    return origin in settings.MCP_ALLOWED_ORIGINS or is_local(origin)


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks if a page may send a request: it sends an API key only after it may."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def add_cors_headers(request: HttpRequest, response: HttpResponse) -> None:
    """Let a page of an allowed origin read the response, also an error. Other requests get no header."""
    origin = request.headers.get("Origin")
    if request.path != PATH or origin is None or not is_allowed_origin(origin):
        return
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Expose-Headers"] = RESPONSE_HEADERS
    patch_vary_headers(response, ("Origin",))
    if is_preflight(request):
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
