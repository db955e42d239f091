"""The longest question fits into a request line; a longer line, and what is no HTTP, is refused in JSON."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from core.http.gthread import MAX_REQUEST_LINE
from tests.e2e.running import Service

MAX_QUESTION = "\U0001f600" * 10_000  # 12 bytes each when they are encoded
DIALECTS = [
    ("/v1/memories/search", "URI_TOO_LONG"),
    ("/api/v1/memories", "uri_too_long"),
]


def sent(service: Service, request: bytes) -> tuple[int, dict[str, str], Any]:
    """(status, headers, JSON) of the answer to these bytes."""
    address = urlsplit(service.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(request)
        found = b"".join(iter(lambda: connection.recv(65536), b""))
    head, body = found.split(b"\r\n\r\n", 1)
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers["Content-Length"]) == len(body)
    return int(first.split()[1]), headers, json.loads(body)


def line(service: Service, path: str, length: int) -> bytes:
    """A GET whose request line has `length` bytes."""
    begun, ended = f"GET {path}?user_id=x&query=".encode(), b" HTTP/1.1"
    head = f"\r\nHost: memproject\r\nX-API-Key: {service.key}\r\nConnection: close\r\n\r\n".encode()
    return begun + b"w" * (length - len(begun) - len(ended)) + ended + head


def test_the_longest_question_is_answered_in_a_get(service: Service) -> None:
    assert service.store("The lighthouse keeper's cat is called Biscuit", "long-question") == 201
    status, body, _ = service.call("GET", f"/v1/memories/search?user_id=long-question&query={quote(MAX_QUESTION)}")
    assert (status, body["success"]) == (200, True)
    status, body, _ = service.call(
        "GET", f"/v1/memories/search?user_id=long-question&query={quote(MAX_QUESTION + 'x')}"
    )
    assert (status, body["error"]["code"]) == (400, "INVALID_REQUEST")
    assert body["error"]["details"] == {"field": "query"}


@pytest.mark.parametrize(("path", "code"), DIALECTS)
@pytest.mark.parametrize("length", [MAX_REQUEST_LINE + 1, 500_000])
def test_a_longer_line_is_refused_in_the_dialects_shape(service: Service, path: str, code: str, length: int) -> None:
    status, headers, body = sent(service, line(service, path, length))
    assert (status, headers["Content-Type"], headers["Connection"]) == (414, "application/json", "close")
    assert headers["X-Request-Id"]
    assert body["error"] == {
        "code": code,
        "message": f"The request line may have at most {MAX_REQUEST_LINE} bytes.",
        "details": {},
    }
    assert set(body) == ({"detail", "error"} if path.startswith("/api/") else {"success", "error", "timestamp"})


def test_a_line_of_the_longest_length_is_read(service: Service) -> None:
    status, _, body = sent(service, line(service, "/v1/memories/search", MAX_REQUEST_LINE))
    assert (status, body["error"]["details"]) == (400, {"field": "query"})


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET /v1/memories/search?query=the zebrawood drawer HTTP/1.1\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"zebrawood\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET /health HTTP/1.1\r\nzebra wood: 1\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET /health HTTP/1.1\r\nX: " + b"zebrawood" * 2000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
    ],
)
def test_what_is_no_http_is_refused_in_json_and_not_logged(
    service: Service, request_bytes: bytes, status: int, code: str
) -> None:
    found, headers, body = sent(service, request_bytes)
    assert (found, headers["Content-Type"], body["error"]["code"]) == (status, "application/json", code)
    assert "zebra" not in json.dumps(body)
    assert "zebra" not in service.child("web").log.read_text()
