"""gunicorn makes a connection's TLS socket only where the connection has no parser yet."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn, ThreadWorker

from core.http.gthread import JsonErrorWorker, LongLineParser


@pytest.mark.parametrize(("is_ssl", "parser"), [(False, LongLineParser), (True, type(None))])
def test_a_tls_connection_is_left_to_gunicorn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_ssl: bool, parser: type
) -> None:
    config = Config()
    if is_ssl:
        certificate = tmp_path / "certificate.pem"
        certificate.touch()
        config.set("certfile", str(certificate))
    assert bool(config.is_ssl) is is_ssl
    handled: list[TConn] = []
    monkeypatch.setattr(ThreadWorker, "handle", lambda _, conn: handled.append(conn))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = TConn(config, ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        worker = JsonErrorWorker.__new__(JsonErrorWorker)
        worker.cfg = config
        worker.handle(connection)
    assert handled == [connection]
    assert type(connection.parser) is parser
