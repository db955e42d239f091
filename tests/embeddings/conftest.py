"""Fixtures of the tests of embedders: the real model's directory, and a real HTTP server that answers as it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """Where the embedding model stands; fetched once, by a process of its own, which may use the network."""
    directory = Path(os.environ.get("EMBEDDING_MODEL_DIR") or ROOT / ".cache" / "models")
    subprocess.run([sys.executable, "-m", "memories.embeddings.weights", str(directory)], cwd=ROOT, check=True)
    return directory


@pytest.fixture(scope="session")
def pair_dir(model_dir: Path) -> Path:
    """The same with bge-small-en-v1.5 and e5-small-v2."""
    environment = {**os.environ, "EMBEDDING_PROVIDER": "local", "EMBEDDING_MODEL": "bge-small-en-v1.5+e5-small-v2"}
    command = [sys.executable, "-m", "memories.embeddings.weights", str(model_dir)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return model_dir


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """Answers each request with `answer(request)` and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda request: Answer(404)
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                server.requests.append(request)
                answer = server.answer(request)
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    pass  # the client gave up, as some tests want

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def answer() -> type[Answer]:
    return Answer
