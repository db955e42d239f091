"""`POST /mcp`: authentication, rate limits and the checks of browsers' requests; the rest is `protocol.py`."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

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
from memories.api.mcp.tools import TOOLS, MemoryTool

PROTOCOL = "memories.api.mcp.protocol"  # imported with the first request, because of its memory


class McpView(ApiView):
    """A call of a tool has the scope and the rate limit of the same operation of `/api/v1`.

    A refused call is answered by the MCP server as the result of the tool, so that the model reads the reason.
    """

    permission_classes = (requires(POST=Scope.READ),)
    atomic = False
    writes = frozenset()
    message: Any = None
    tool: MemoryTool | None = None
    refusal: AppError | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        check_origin(request)
        self.message = _message(request)
        self.tool = _tool(self.message)
        self.acts = {"POST": self.tool.operation if self.tool else "other"}
        super().initial(request, *args, **kwargs)

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
        if request.content_type.partition(";")[0].strip() != "application/json":
            raise UnsupportedMediaType
        # The SDK takes a request whose id is not valid for a notification, and ignores it.
        if isinstance(self.message, dict) and "id" in self.message and not _is_id(self.message["id"]):
            raise InvalidRequest("id: must be a string or a whole number", field="id")
        protocol = import_module(PROTOCOL)
        exchange = protocol.Exchange(request._request, principal(request), self.tool, self.refusal)
        response: HttpResponse = protocol.respond(exchange)
        return response

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
    if origin is not None and origin not in settings.MCP_ALLOWED_ORIGINS and not _is_local(origin):
        raise ScopeDenied("Pages of this origin may not call /mcp. An operator can allow it: MCP_ALLOWED_ORIGINS.")
    if not settings.AUTH_ENABLED and not _is_local(f"http://{request.get_host()}"):
        raise ScopeDenied("Without authentication, /mcp answers for the host localhost only.")


def _is_local(origin: str) -> bool:
    """Whether the origin is a loopback address or `localhost`, with any port."""
    try:
        host = urlsplit(origin).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _message(request: Request) -> Any:
    """The JSON of the body; None if it is none: the MCP server answers that."""
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return None


def _is_id(value: Any) -> bool:
    """Whether MCP allows the value as the id of a request."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def _tool(message: Any) -> MemoryTool | None:
    """The tool that a message calls."""
    if not isinstance(message, dict) or message.get("method") != "tools/call":
        return None
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return TOOLS.get(name) if isinstance(name, str) else None
