"""The outermost middleware: request id, body limit, and one log line without any user text."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.errors import InvalidRequest, PayloadTooLarge
from core.http import mcp
from core.http.dialects import is_page
from core.http.exception_handler import answer, undebugged
from core.ids import new_id
from core.monitoring import metrics

log = logging.getLogger("memproject.access")

# The operation of a method and route, if the name of the route is not specific enough.
OPERATIONS = {
    ("memories", "POST"): "store",
    ("memories", "GET"): "list",
    ("memories", "DELETE"): "forget",
    ("memory", "GET"): "get",
    ("memory", "PUT"): "update",
    ("memory", "PATCH"): "update",
    ("memory", "DELETE"): "forget",
    ("user", "GET"): "list",
    ("user", "DELETE"): "forget",
    ("search", "GET"): "recall",
    ("search", "POST"): "recall",
    ("add", "POST"): "store",
    ("list", "POST"): "list",
    ("batch", "PUT"): "update",
    ("batch", "DELETE"): "forget",
}
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def count(request: HttpRequest, route: str, status: int, seconds: float) -> None:
    """Count a request, and as its tenant's operation if a key was accepted."""
    metrics.request_answered(request.method or "", route, status, seconds)
    match = request.resolver_match
    if match is None or is_page(request.path):
        return
    tenant_id = getattr(request.user, "tenant_id", None)  # set by the authentication of a view; None without a key
    if tenant_id is not None:
        name = (match.url_name or "").removeprefix("v1-").removeprefix("api-").removeprefix("platform-")
        metrics.operation_done(tenant_id, OPERATIONS.get((name, request.method or ""), name), seconds)


class RequestMiddleware:
    """Echoes or creates `X-Request-Id`, refuses an oversized body without reading it, and logs the route's template."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        sent = request.headers.get("X-Request-Id", "")
        request_id = sent if REQUEST_ID.fullmatch(sent) else new_id().hex
        response = self._refused(request) or undebugged(request, self.get_response(request))
        response["X-Request-Id"] = request_id
        for name, value in getattr(request, "rate_limit_headers", {}).items():
            response[name] = value
        mcp.add_cors_headers(request, response)
        if request.resolver_match or response.status_code >= 400:  # static files are not counted
            route = request.resolver_match.route if request.resolver_match else "-"
            took = time.perf_counter() - begun
            log.info("%s /%s %d %.1fms %s", request.method, route, response.status_code, took * 1000, request_id)
            count(request, f"/{route}", response.status_code, took)
        return response

    def _refused(self, request: HttpRequest) -> HttpResponse | None:
        if "Transfer-Encoding" in request.headers:
            return answer(request, InvalidRequest("Send a Content-Length: bodies in chunks are not read."))
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit():
            return answer(request, InvalidRequest("Content-Length must be a number."))
        most = _most_bytes(request.path)
        if int(length) > most:
            return answer(request, PayloadTooLarge(f"The body may have at most {most} bytes."))
        return None


def _most_bytes(path: str) -> int:
    """The largest body that the path accepts."""
    is_batch = path.rstrip("/").endswith("/batch")
    most: int = settings.MAX_BATCH_BODY_SIZE if is_batch else settings.MAX_BODY_SIZE
    return min(most, mcp.MAX_BODY_SIZE) if path == mcp.PATH else most
