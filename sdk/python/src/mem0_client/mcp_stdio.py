"""`memproject-mcp`: an MCP server over stdio, for assistants that start their servers as programs.

Each request of the assistant is one `POST /mcp` to the service of MEM0_BASE_URL, with the key MEM0_API_KEY; the answers
come back in any order. The service keeps no session, so notifications are not sent: they would change nothing.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

import httpx2

from mem0_client._core import VERSION, Core

TIMEOUT = 60.0
"""Seconds for one answer; a store may take the service 10."""

THREADS = 8
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
PARSE_ERROR, INVALID_REQUEST, INTERNAL_ERROR = -32700, -32600, -32603

Message = dict[str, Any]


class Bridge(Core):
    """Forwards messages. `answers` gets one line of JSON for each request."""

    def __init__(
        self,
        answers: BinaryIO,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        http_client: httpx2.Client | None = None,
    ) -> None:
        super().__init__(api_key, base_url, TIMEOUT, max_retries=0)
        self._headers |= {"Content-Type": "application/json", "User-Agent": f"memproject-mcp/{VERSION}"}
        self._http = http_client or httpx2.Client(timeout=TIMEOUT)
        self._answers, self._writing = answers, threading.Lock()
        self._version: str | None = None  # of the protocol, from the answer to `initialize`

    def serve(self, lines: Iterable[bytes]) -> None:
        """Forward every line until the end of the input; return when all are answered."""
        with ThreadPoolExecutor(THREADS) as pool:
            for line in lines:
                if not line.strip():
                    continue
                message = _parsed(line)
                if not isinstance(message, dict):
                    code = PARSE_ERROR if message is None else INVALID_REQUEST
                    self._write(_failure(None, code, "Send one JSON-RPC message in each line."))
                elif "id" not in message or "method" not in message:
                    continue  # a notification, or an answer
                elif message["method"] == "initialize":
                    self._forward(message)  # the next requests need the version in its answer
                else:
                    pool.submit(self._forward, message)

    def _forward(self, message: Message) -> None:
        try:
            answer = self._answer(message)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            said = f"The memory service at {self._url} cannot be reached ({type(error).__name__})."
            answer = _failure(message["id"], INTERNAL_ERROR, said)
        if message["method"] == "initialize":
            result = answer.get("result")
            self._version = result.get("protocolVersion") if isinstance(result, dict) else None
        self._write(answer)

    def _answer(self, message: Message) -> Message:
        headers = self._headers | self._routing(message)
        response = self._http.post(f"{self._url}/mcp", content=json.dumps(message), headers=headers)
        answer = _parsed(response.content)
        if isinstance(answer, dict) and ("result" in answer or "error" in answer):
            return {**answer, "id": message["id"]}  # an error of HTTP may lack the id
        said = f"The memory service answered with the status {response.status_code}."
        return _failure(message["id"], INTERNAL_ERROR, said)

    def _routing(self, message: Message) -> dict[str, str]:
        """The headers that repeat parts of a message over HTTP. Before 2026-07-28 it was the version alone."""
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        named = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
        if not isinstance(named, str):
            return {"MCP-Protocol-Version": self._version} if self._version else {}
        headers = {"MCP-Protocol-Version": _encoded(named), "Mcp-Method": _encoded(str(message["method"]))}
        name = params.get(NAMES.get(str(message["method"]), ""))
        return headers | ({"Mcp-Name": _encoded(name)} if isinstance(name, str) else {})

    def _write(self, answer: Message) -> None:
        with self._writing:
            self._answers.write(json.dumps(answer).encode() + b"\n")
            self._answers.flush()


def _parsed(line: bytes) -> Any:
    """The JSON; None if it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _failure(request_id: Any, code: int, message: str) -> Message:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def _encoded(value: str) -> str:
    """A header's value: text that is not printable ASCII is sent in base64, as the specification says."""
    if value.isascii() and value.isprintable() and value == value.strip() and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def main() -> None:
    try:
        bridge = Bridge(sys.stdout.buffer)
    except ValueError as error:
        sys.exit(f"memproject-mcp: {error}")
    bridge.serve(sys.stdin.buffer)


if __name__ == "__main__":
    main()
