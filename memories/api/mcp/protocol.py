"""The MCP server: the official SDK speaks the protocol, in all its versions; the calls are those of `tools.py`.

Imported with the first request, since the SDK takes about 35 MB in a web process. Nothing is kept between requests: the
SDK is asynchronous, so each request has an event loop in a thread beside its own, and services run in its own thread,
which has the database connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote

import mcp_types as types
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from apikeys.types import Principal
from core.http.base import validated
from core.http.exception_handler import exception_handler
from core.http.mcp import MAX_BODY_SIZE
from memories.api.mcp import instructions, schemas
from memories.api.mcp.serializers import UserProfileArgumentsIn
from memories.api.mcp.tools import TOOLS, MemoryTool

Context = ServerRequestContext[Any]
AsgiMessage = MutableMapping[str, Any]

VERSION = "1.0.0"
JSON = "application/json"
PROMPT_NAME = "use_memory"
PROFILE, MEMORY = "memproject://users/{user_id}/profile", "memproject://memories/{memory_id}"
# The tool that returns a resource, and the argument that its URI holds.
RESOURCES = (
    (re.compile(r"memproject://users/([^/?#]+)/profile"), "user_profile", "user_id"),
    (re.compile(r"memproject://memories/([^/?#]+)"), "get_memory", "memory_id"),
)


class Exchange:
    """One authenticated request. `tool`: the tool that it may call, or, with `refusal`, may not call."""

    def __init__(
        self, request: HttpRequest, caller: Principal, tool: MemoryTool | None, refusal: Exception | None
    ) -> None:
        self.request, self.caller, self.tool, self.refusal = request, caller, tool, refusal

    def call(self, tool: MemoryTool, arguments: dict[str, Any]) -> types.CallToolResult:
        """The result for the model; errors are results too, so that the model can react."""
        try:
            if self.refusal is not None:
                raise self.refusal
            result = tool.answer(self.caller, arguments)
        except Exception as error:
            return types.CallToolResult(content=[_text(self._explained(error))], is_error=True)
        shown = str(result[tool.text_field]) if tool.text_field else _json(result)
        return types.CallToolResult(content=[_text(shown)], structured_content=result)

    def read(self, uri: str) -> types.ReadResourceResult:
        """The resource as JSON, by the tool that returns the same. Raises MCPError."""
        tool, arguments = _resource(uri)
        try:
            result = tool.answer(self.caller, arguments)
        except Exception as error:
            raise self._protocol_error(error, uri=uri) from None
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type=JSON, text=_json(result))]
        )

    def prompt(self, arguments: Mapping[str, str]) -> str:
        """The text of the prompt. Raises MCPError for a user that the caller's tools would refuse."""
        if not (user_id := arguments.get("user_id")):  # clients send an empty field of a form
            return instructions.prompt(None)
        try:
            user_id = validated(UserProfileArgumentsIn, {"user_id": user_id})["user_id"]
            return instructions.prompt(self.caller.acting_user(user_id, user_id))
        except Exception as error:
            raise self._protocol_error(error) from None

    def resources(self) -> types.ListResourcesResult:
        """The profile of the caller's own user; the others are named by templates."""
        user_id = self.caller.acting_user(None, settings.DEFAULT_USER_ID)
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=PROFILE.format(user_id=quote(user_id, safe="")),
                    name="user_profile",
                    title="Profile of the user",
                    description="Counts, topics, entities and most important facts of the user's memories.",
                    mime_type=JSON,
                )
            ]
        )

    def _explained(self, error: Exception) -> str:
        failure = self._failure(error)
        text = f"{failure['data']['code']}: {failure['message']}"
        wait = failure["data"].get("retry_after")
        return f"{text} Try again in {wait} seconds." if wait is not None else text

    def _protocol_error(self, error: Exception, **data: Any) -> MCPError:
        failure = self._failure(error)
        code = types.INTERNAL_ERROR if failure["code"] == types.INTERNAL_ERROR else types.INVALID_PARAMS
        return MCPError(code, failure["message"], failure["data"] | data)

    def _failure(self, error: Exception) -> dict[str, Any]:
        """`code`, `message` and `data` of an exception, as the HTTP API answers it; an unexpected one is logged."""
        failure: dict[str, Any] = exception_handler(error, {"request": self.request}).data["error"]
        return failure


def _resource(uri: str) -> tuple[MemoryTool, dict[str, Any]]:
    """The tool that returns the resource, and its arguments. Raises MCPError."""
    for pattern, tool, argument in RESOURCES:
        if match := pattern.fullmatch(uri):
            with contextlib.suppress(UnicodeDecodeError):  # %FF
                return TOOLS[tool], {argument: unquote(match[1], errors="strict")}
    raise MCPError(types.INVALID_PARAMS, "There is no resource with this URI.", {"uri": uri})


def respond(exchange: Exchange) -> HttpResponse:
    """The server's response to the message in the body."""
    return async_to_sync(_respond)(exchange)


async def _respond(exchange: Exchange) -> HttpResponse:
    """Bridge Django's request to the SDK, which is an ASGI application, and its response back."""
    request = exchange.request
    incoming: list[AsgiMessage] = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[AsgiMessage] = []

    async def receive() -> AsgiMessage:
        if not incoming:
            await asyncio.Event().wait()  # for the disconnect of the client, until the SDK has answered
        return incoming.pop()

    async def send(message: AsgiMessage) -> None:
        sent.append(message)

    named = {**request.headers, "Content-Type": JSON}  # the view has read it; the SDK compares it by case
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    scope: AsgiMessage = {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "query_string": b"",
        "headers": headers,
        "state": {"exchange": exchange},
    }
    manager = StreamableHTTPSessionManager(
        _server(), json_response=True, stateless=True, max_request_body_size=MAX_BODY_SIZE
    )
    async with manager.run():
        await manager.handle_request(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    response = HttpResponse(body, status=sent[0]["status"])
    for name, value in sent[0]["headers"]:
        if name.lower() != b"content-length":
            response[name.decode("latin-1")] = value.decode("latin-1")
    return response


# --- the handlers of the SDK -----------------------------------------------------------------------------------------
def _exchange(context: Context) -> Exchange:
    request: Any = context.request
    found: Exchange = request.state.exchange
    return found


def _in_thread(act: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Runs in the thread of the request."""
    return sync_to_async(act, thread_sensitive=True)


async def _list_tools(_: Context, __: Any) -> types.ListToolsResult:
    return types.ListToolsResult(tools=_tools())


async def _call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    exchange = _exchange(context)
    if exchange.tool is None or exchange.tool.name != params.name:  # only the tool whose scope was checked
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name[:64]}")
    result: types.CallToolResult = await _in_thread(exchange.call)(exchange.tool, params.arguments or {})
    return result


async def _list_resources(context: Context, _: Any) -> types.ListResourcesResult:
    return _exchange(context).resources()


async def _list_templates(_: Context, __: Any) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(
        resource_templates=[
            types.ResourceTemplate(
                uri_template=PROFILE,
                name="profile",
                title="Profile of a user",
                description="Counts, topics, entities and most important facts of a user's memories.",
                mime_type=JSON,
            ),
            types.ResourceTemplate(
                uri_template=MEMORY,
                name="memory",
                title="A memory",
                description="One memory by its id, mem_…",
                mime_type=JSON,
            ),
        ]
    )


async def _read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    result: types.ReadResourceResult = await _in_thread(_exchange(context).read)(str(params.uri))
    return result


async def _list_prompts(_: Context, __: Any) -> types.ListPromptsResult:
    argument = types.PromptArgument(name="user_id", description="Id of the end user.", required=False)
    return types.ListPromptsResult(
        prompts=[
            types.Prompt(
                name=PROMPT_NAME,
                title="Use your memory",
                description="Tells the assistant when to read, add, correct and erase memories.",
                arguments=[argument],
            )
        ]
    )


async def _get_prompt(context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    if params.name != PROMPT_NAME:
        raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name[:64]}")
    text = _exchange(context).prompt(params.arguments or {})
    return types.GetPromptResult(
        description="Use your memory", messages=[types.PromptMessage(role="user", content=_text(text))]
    )


@functools.cache
def _server() -> Server[Any]:
    return Server(
        "memproject",
        version=VERSION,
        title="memproject",
        instructions=instructions.INSTRUCTIONS,
        get_tool_input_schema=lambda _: None,  # no argument of a tool is also a header
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read_resource,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
    )


@functools.cache
def _tools() -> list[types.Tool]:
    return [
        types.Tool(
            name=tool.name,
            title=tool.title,
            description=tool.description,
            input_schema=schemas.of(tool.request()),
            output_schema=schemas.of(tool.response()),
            annotations=types.ToolAnnotations(
                title=tool.title,
                read_only_hint=tool.is_read,
                destructive_hint=tool.destructive,
                idempotent_hint=tool.idempotent,
                open_world_hint=False,
            ),
        )
        for tool in TOOLS.values()
    ]


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _json(result: dict[str, Any]) -> str:
    return json.dumps(result, ensure_ascii=False)
