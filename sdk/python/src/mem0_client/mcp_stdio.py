"""`memproject-mcp`: an MCP server over stdio, for assistants that start their servers as programs.

Each request of the assistant is one `POST /mcp` to the service of MEM0_BASE_URL, with the key MEM0_API_KEY; the answers
come back in any order. The service keeps no session, so notifications are not sent: they would change nothing.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, BinaryIO, NoReturn

import httpx2

from mem0_client._core import VERSION, Core

TIMEOUT = 60.0
"""Seconds for one answer; a store may take the service 10."""

GRACE_SECONDS = 10.0
"""Seconds without any answer, after the end of the input, until the requests in flight are given up."""

THREADS = 8
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
PARSE_ERROR, INVALID_REQUEST, INTERNAL_ERROR = -32700, -32600, -32603

Message = dict[str, Any]


class Bridge(Core):
    """Forwards messages. `answers` gets exactly one line of JSON for each request."""

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
        self._shown = re.sub("//.*@", "//", self._url)  # without a password

    def serve(self, lines: Iterable[bytes]) -> None:
        """Forward every line until the end of the input; return when all are answered, or when no answer comes."""
        pool = ThreadPoolExecutor(THREADS)
        running: set[Future[str | None]] = set()
        agreed: Future[str | None] | None = None  # the version of the protocol, from the answer to `initialize`
        for line in lines:
            if not line.strip():
                continue
            message = _parsed(line)
            if not isinstance(message, dict):
                code = PARSE_ERROR if message is None else INVALID_REQUEST
                self._write(_line(_failure(None, code, "Send one JSON-RPC message in each line.")))
            elif "id" not in message or ("method" not in message and message.keys() & {"result", "error"}):
                continue  # a notification, or an answer
            elif not _is_id(message["id"]):
                said = "id: must be a string of valid Unicode or a whole number"
                self._write(_line(_failure(None, INVALID_REQUEST, said)))
            else:
                future = pool.submit(self._forward, line, message, agreed)
                running.add(future)
                future.add_done_callback(running.discard)
                agreed = future if message.get("method") == "initialize" else agreed
        while running and wait(set(running), GRACE_SECONDS, FIRST_COMPLETED).done:
            pass
        pool.shutdown(wait=False, cancel_futures=True)

    def _forward(self, line: bytes, message: Message, agreed: Future[str | None] | None) -> str | None:
        """Answer one request. The version that was agreed, if it is an `initialize`."""
        try:
            answer = self._answer(line, message, agreed)
            written = _line(answer)
        except Exception as error:  # a client waits for the answer of each request
            answer = _failure(message["id"], INTERNAL_ERROR, self._explained(error))
            written = _line(answer)
        self._write(written)
        version = answer.get("result", {}).get("protocolVersion")
        return version if isinstance(version, str) else None

    def _explained(self, error: Exception) -> str:
        if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL)):
            return f"The memory service at {self._shown} cannot be reached ({type(error).__name__})."
        return f"The request could not be forwarded ({type(error).__name__})."

    def _answer(self, line: bytes, message: Message, agreed: Future[str | None] | None) -> Message:
        headers = self._headers | self._routing(message, agreed)
        response = self._http.post(f"{self._url}/mcp", content=line.strip(), headers=headers)
        answer = _parsed(response.content)
        if not _is_answer(answer):
            said = f"The memory service answered with the status {response.status_code}."
            return _failure(message["id"], INTERNAL_ERROR, said)
        kind = "error" if "error" in answer else "result"
        return {"jsonrpc": "2.0", "id": message["id"], kind: answer[kind]}  # an error of HTTP may lack the id

    def _routing(self, message: Message, agreed: Future[str | None] | None) -> dict[str, str]:
        """The headers that repeat parts of a message over HTTP. Before 2026-07-28 it was the version alone."""
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        named = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
        if not isinstance(named, str):
            version = agreed.result() if agreed else None
            return {"MCP-Protocol-Version": version} if version else {}
        method = str(message.get("method", ""))
        headers = {"MCP-Protocol-Version": _header(named), "Mcp-Method": _header(method)}
        name = params.get(NAMES.get(method, ""))
        return headers | ({"Mcp-Name": _header(name)} if isinstance(name, str) else {})

    def _write(self, line: bytes) -> None:
        with self._writing:
            self._answers.write(line)
            self._answers.flush()


def _parsed(line: bytes) -> Any:
    """The JSON; None if it is none."""
    try:
        return json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _is_id(value: Any) -> bool:
    """Whether MCP allows the value as the id of a request. A lone surrogate is no Unicode."""
    if isinstance(value, str):
        return not re.search("[\ud800-\udfff]", value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_answer(answer: Any) -> bool:
    """Whether it is an answer of JSON-RPC. A page of a proxy is none, nor is an error of another path of the service:
    a client that reads one on stdout waits for its answer for ever."""
    if not isinstance(answer, dict) or answer.get("jsonrpc") != "2.0":
        return False
    if "error" not in answer:
        return isinstance(answer.get("result"), dict)
    error = answer["error"]
    if not isinstance(error, dict) or "result" in answer:
        return False
    code = error.get("code")
    return isinstance(code, int) and not isinstance(code, bool) and isinstance(error.get("message"), str)


def _failure(request_id: Any, code: int, message: str) -> Message:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def _line(answer: Message) -> bytes:
    return json.dumps(answer, allow_nan=False).encode() + b"\n"


def _header(value: str) -> str:
    """A header's value: text that is not printable ASCII is sent in base64, as the specification says. The service
    refuses broken Unicode in the message itself."""
    if value.isascii() and value.isprintable() and value == value.strip() and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode(errors='replace')).decode()}?="


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    parser = argparse.ArgumentParser(
        prog="memproject-mcp",
        description="A server of the Model Context Protocol over stdio. It forwards each message to a memory service.",
        epilog="Environment: MEM0_BASE_URL, the address of the service (http://localhost:8080); MEM0_API_KEY, the key.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    parser.parse_args(arguments)
    # End at once: Python would raise KeyboardInterrupt only after the read of the next line.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        Bridge(sys.stdout.buffer).serve(sys.stdin.buffer)
    except ValueError as error:
        sys.exit(f"memproject-mcp: {error}")
    os._exit(0)  # an ordinary exit would wait for the threads of the requests that are given up


if __name__ == "__main__":
    main()
