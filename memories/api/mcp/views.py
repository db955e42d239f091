"""`POST /mcp`: authentication, rate limits and the checks of browsers' requests; the rest is `protocol.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import AppError, InvalidRequest, ScopeDenied, UnsupportedMediaType
from core.http.base import ApiView
from core.http.mcp import InvalidParams, is_allowed_origin, is_local, is_preflight
from memories.api.mcp.tools import TOOLS, MemoryTool

PROTOCOL = "memories.api.mcp.protocol"  # imported with the first request, because of its memory
UNREADABLE = object()  # a body that is not JSON
SURROGATE = re.compile("[\ud800-\udfff]")


class McpView(ApiView):
    """A call of a tool has the scope and the rate limit of the same operation of `/api/v1`.

    A refused call is answered by the MCP server as the result of the tool, so that the model reads the reason.
    """

    permission_classes = (requires(POST=Scope.READ),)
    atomic = False
    writes = frozenset()
    message: Any = UNREADABLE
    tool: MemoryTool | None = None
    refusal: AppError | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        check_origin(request)
        self.message = _message(request)
        self.tool = _tool(self.message)
        self.acts = {"POST": self.tool.operation if self.tool else "other"}
        super().initial(request, *args, **kwargs)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """A GET accepts an event stream only and is answered with 405: clients take another error for a broken
        connection."""
        return super().perform_content_negotiation(request, force or request.method != "POST")

    def get_permissions(self) -> Sequence[Any]:
        return [requires(POST=self.tool.scope)()] if self.tool else super().get_permissions()

    def check_permissions(self, request: Request) -> None:
        try:
            super().check_permissions(request)
        except PermissionDenied:
            if self.tool is None:
                raise
            self.refusal = ScopeDenied(f"This API key may not call {self.tool.name}: it lacks {self.tool.scope}.")

    def check_throttles(self, request: Request) -> None:
        try:
            super().check_throttles(request)
        except AppError as error:
            if self.tool is None:
                raise
            self.refusal = error

    @extend_schema(exclude=True)  # the messages are described by the protocol, not by OpenAPI
    def post(self, request: Request) -> HttpResponse:
        if request._request.content_type != "application/json":  # in lower case, without parameters
            raise UnsupportedMediaType
        if self.message is not UNREADABLE:  # the MCP server answers that
            check_message(self.message)
        protocol = import_module(PROTOCOL)
        exchange = protocol.Exchange(request._request, principal(request), self.tool, self.refusal)
        response: HttpResponse = protocol.respond(exchange)
        return response

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # DRF wraps it
        """A browser's preflight is no call: it needs no key. `core/http/mcp.py` adds what the page may do."""
        if is_preflight(request._request):
            return HttpResponse(status=204)
        return super().http_method_not_allowed(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """With the id of the request, if it has one."""
        response: Response = super().handle_exception(exc)
        if isinstance(self.message, dict) and _is_id(self.message.get("id")):
            response.data["id"] = self.message["id"]
        return response


def check_origin(request: Request) -> None:
    """Refuse web pages, which may reach a local service by DNS rebinding: the MCP specification demands it.

    Browsers send `Origin`; allowed are MCP_ALLOWED_ORIGINS and pages of this machine. Django has checked ALLOWED_HOSTS.
    Without authentication, the host must be a name of this machine too.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not is_allowed_origin(origin):
        raise ScopeDenied("Pages of this origin may not call /mcp. An operator can allow it: MCP_ALLOWED_ORIGINS.")
    if not settings.AUTH_ENABLED and not is_local(f"http://{request.get_host()}"):
        raise ScopeDenied("Without authentication, /mcp answers for the host localhost only.")


def check_message(message: Any) -> None:
    """Refuse what is no request and no notification, with one sentence.

    The MCP server would answer with the text of its validation, about 1 KB, and takes a request whose id is not valid
    for a notification, which has no answer.
    """
    if not isinstance(message, dict):
        raise InvalidRequest("Send one JSON-RPC message as a JSON object. Batches are not served.")
    if "id" in message and not _is_id(message["id"]):
        raise InvalidRequest("id: must be a string of valid Unicode or a whole number", field="id")
    if message.get("jsonrpc") != "2.0":
        raise InvalidRequest('jsonrpc: must be "2.0"', field="jsonrpc")
    if not isinstance(message.get("method"), str):
        raise InvalidRequest("method: must be a string", field="method")
    params = message.get("params")
    if params is not None and not isinstance(params, dict):
        raise InvalidRequest("params: must be a JSON object", field="params")
    arguments = (params or {}).get("arguments")
    if message["method"] in ("tools/call", "prompts/get") and not isinstance(arguments, dict | None):
        raise InvalidParams("arguments: must be a JSON object", field="arguments")


def _message(request: Request) -> Any:
    """The JSON of the body, or UNREADABLE."""
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return UNREADABLE


def _is_id(value: Any) -> bool:
    """Whether MCP allows the value as the id of a request. A lone surrogate cannot be sent back."""
    if isinstance(value, str):
        return not SURROGATE.search(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _tool(message: Any) -> MemoryTool | None:
    """The tool that a message calls."""
    if not isinstance(message, dict) or message.get("method") != "tools/call":
        return None
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return TOOLS.get(name) if isinstance(name, str) else None
