"""MCP's published Python client as a process of its own, over HTTP and over stdio, in both eras of the protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import leaks
from tests.clients.environment import ROOT
from tests.clients.line_process import LineProcess
from tests.e2e.running import Service

LOOP = Path(__file__).parent / "mcp_loop.py"
KINDS = [(transport, mode) for transport in ("http", "stdio") for mode in ("auto", "legacy")]


class Raised(Exception):
    """The client raised its MCPError."""

    def __init__(self, message: str, code: int, data: Any) -> None:
        super().__init__(message)
        self.code, self.data = code, data


@dataclass
class Result:
    """The result of a tool: its structured content and its text."""

    data: Any
    text: str
    is_error: bool


def stdio_command(python: Path, service: Service, key: str) -> dict[str, Any]:
    """`memproject-mcp`, as an assistant starts it; the Python has only the packages that this client needs."""
    settings = {"MEM0_API_KEY": key, "MEM0_BASE_URL": service.url, "PYTHONPATH": str(ROOT / "sdk" / "python" / "src")}
    return {"command": str(python), "args": ["-m", "mem0_client.mcp_stdio"], "env": settings}


class McpClient:
    def __init__(self, python: Path, service: Service, key: str, transport: str = "http", mode: str = "auto") -> None:
        leaks.net.remember(key)
        options: dict[str, Any] = {"url": f"{service.url}/mcp", "key": key, "mode": mode}
        if transport == "stdio":
            options["command"] = stdio_command(python, service, key)
        self._process = LineProcess(python, LOOP, json.dumps(options))
        self.end = self._process.end

    def ask(self, method: str, **arguments: Any) -> Any:
        """The JSON of a result of the client's method."""
        answer = self._process.ask(method=method, arguments=arguments)
        if "raised" in answer:
            raise Raised(answer["raised"], answer["code"], answer["data"])
        return answer["gave"]

    def call(self, tool: str, /, **arguments: Any) -> Result:
        gave = self.ask("call_tool", name=tool, arguments=arguments)
        (content,) = gave["content"]
        return Result(gave.get("structuredContent"), content["text"], gave["isError"])

    def use(self, tool: str, /, **arguments: Any) -> Any:
        """The structured content of a call that succeeds."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result.text
        return result.data
