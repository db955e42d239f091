"""A receiver of webhooks on loopback: a real HTTP server in a thread, told what to answer."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

# A certificate for the name hooks.example alone, with its key; made for these tests.
CERTIFICATE = Path(__file__).parent / "data" / "hooks_example.pem"


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> Any:
        """The body, after the public library of Standard Webhooks has checked the signature and its time."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answers` are the status codes of the next answers; when they run out it answers 200."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    meanwhile: Callable[[Message], None] = lambda _: None
    reply: bytes = b"{}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [message.headers["webhook-id"] for message in self.messages]


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # a whole batch may knock at once, on a busy machine


@contextmanager
def receiving(answers: Sequence[int] = (), *, tls: bool = False) -> Iterator[Receiver]:
    receiver, lock = Receiver(answers=list(answers)), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = Message(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            with lock:
                receiver.messages.append(message)
                status = receiver.answers.pop(0) if receiver.answers else 200
            receiver.meanwhile(message)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(receiver.reply)))
            self.end_headers()
            self.wfile.write(receiver.reply)

        def log_message(self, *args: Any) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that go away are part of the tests
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
