"""`memproject-mcp` as a process: its options, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mem0_client.mcp_stdio import VERSION

SOURCE = Path(__file__).resolve().parent.parent.parent / "sdk" / "python" / "src"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
SECOND = "import mem0_client.mcp_stdio as program; program.GRACE_SECONDS = 2; program.main([])"


class Silent(BaseHTTPRequestHandler):
    """Answers a ping, and nothing else before the server is closed."""

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.release()  # type: ignore[attr-defined]
        if message["method"] != "ping":
            self.server.closing.wait(60)  # type: ignore[attr-defined]
            return
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # a connection beyond the queue would wait a second for its turn


@pytest.fixture
def service() -> Iterator[Any]:
    with Server(("127.0.0.1", 0), Silent) as server:
        server.asked, server.closing = threading.Semaphore(0), threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.closing.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def start(service: Any, *command: str) -> subprocess.Popen[str]:
    url = f"http://127.0.0.1:{service.server_port}" if service else "http://127.0.0.1:1"
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "MEM0_BASE_URL": url, "MEM0_API_KEY": "the-key"}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *command], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env)


def written(*messages: dict[str, Any]) -> str:
    return "".join(json.dumps(message) + "\n" for message in messages)


@pytest.mark.parametrize("first", ["tools/list", "initialize"])
def test_it_ends_with_its_input(service: Any, first: str) -> None:
    """Answers that come soon are written; a service that is silent does not keep the program."""
    hung = PING | {"id": "hung", "method": first}
    process = start(service, "-c", SECOND)
    out, errors = process.communicate(written(PING, hung, *[PING | {"id": i} for i in range(2, 20)]), timeout=30)
    assert (process.returncode, errors) == (0, "")
    answers = sorted(json.loads(line)["id"] for line in out.splitlines())
    assert answers == ([1] if first == "initialize" else list(range(1, 20)))


def test_an_interrupt_ends_it_quietly(service: Any) -> None:
    process = start(service, "-m", "mem0_client.mcp_stdio")
    assert process.stdin
    process.stdin.write(written(PING | {"method": "tools/list"}))
    process.stdin.flush()
    assert service.asked.acquire(timeout=30)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == -signal.SIGINT  # 130 in a shell
    assert process.communicate() == ("", "")


@pytest.mark.parametrize(
    ("option", "status", "starts"),
    [("--version", 0, f"memproject-mcp {VERSION}\n"), ("--help", 0, "usage: memproject-mcp"), ("--port", 2, "")],
)
def test_its_options(option: str, status: int, starts: str) -> None:
    process = start(None, "-m", "mem0_client.mcp_stdio", option)
    assert process.stdin  # stays open: the program reads nothing
    assert process.wait(timeout=30) == status
    out, errors = process.communicate()
    assert out.startswith(starts)
    assert ("MEM0_BASE_URL" in out) == (option == "--help")
    assert bool(errors) == (status == 2)
