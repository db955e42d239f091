"""The outermost layer: a request id, a limit for the body, one log line without a word of what was said."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from memproject.common.errors import InvalidRequest, PayloadTooLarge
from memproject.common.ids import new_id
from memproject.web.errors import answer

log = logging.getLogger("memproject.access")

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class RequestMiddleware:
    """Echoes or makes `X-Request-Id`, refuses a body that is too large unread, and logs the route's template."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        sent = request.headers.get("X-Request-Id", "")
        request_id = sent if REQUEST_ID.fullmatch(sent) else new_id().hex
        response = self._refused(request) or self.get_response(request)
        response["X-Request-Id"] = request_id
        for name, value in getattr(request, "rate_limit_headers", {}).items():
            response[name] = value
        if request.resolver_match or response.status_code >= 400:  # static files are nobody's business
            route = request.resolver_match.route if request.resolver_match else "-"
            took = (time.perf_counter() - begun) * 1000
            log.info("%s /%s %d %.1fms %s", request.method, route, response.status_code, took, request_id)
        return response

    def _refused(self, request: HttpRequest) -> HttpResponse | None:
        if "Transfer-Encoding" in request.headers:
            return answer(request, InvalidRequest("Send a Content-Length: bodies in chunks are not read."))
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit():
            return answer(request, InvalidRequest("Content-Length must be a number."))
        most = settings.MAX_BATCH_BODY_SIZE if request.path.endswith("/batch") else settings.MAX_BODY_SIZE
        if int(length) > most:
            return answer(request, PayloadTooLarge(f"The body may have at most {most} bytes."))
        return None
