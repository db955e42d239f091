"""Ports of `make up`: Neo4j leaves the API's alone, and another server on it is not taken for the service."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from memproject.embedded import neo4j_server, up
from memproject.embedded.startup_checks import CannotStartError, Interrupt
from memproject.embedded.supervisor import Supervisor


class Answer(BaseHTTPRequestHandler):
    """What the server answers to each GET, always with 200."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_port_besides_another_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter([4711, 4711, 4712])

    class Probe(socket.socket):
        """The system gives the API's port first."""

        def bind(self, _: Any, /) -> None: ...

        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", next(given)

    monkeypatch.setattr("memproject.embedded.neo4j_server.socket.socket", Probe)
    assert neo4j_server.free_port(besides=4711) == 4712


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b'{"bolt_routing": "neo4j://127.0.0.1", "neo4j_version": "5"}']
)
def test_another_server_that_answers_is_not_the_service(
    body: bytes, server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answer, "body", body)
    monkeypatch.setattr(up, "READY_SECONDS", 0.3)
    url = f"http://127.0.0.1:{server.server_port}"
    with pytest.raises(CannotStartError, match="did not answer within"):
        up.wait_until_healthy(Supervisor([], lambda _: None), url, tmp_path, Interrupt())


def test_the_service_is_known_by_its_dependencies(
    server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answer, "body", b'{"status": "healthy", "dependencies": {"redis": "healthy"}}')
    url = f"http://127.0.0.1:{server.server_port}"
    up.wait_until_healthy(Supervisor([], lambda _: None), url, tmp_path, Interrupt())
