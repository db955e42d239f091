"""gunicorn's thread worker with a longer request line. It refuses requests that it cannot parse with a JSON answer.

gunicorn caps a request line at 8,190 bytes, or reads it without any bound, and answers a refusal as HTML.
"""

from __future__ import annotations

import contextlib
import json
import logging
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from core.errors import AppError, HeadersTooLarge, InvalidRequest, UriTooLong
from core.http.dialects import dialect_of
from core.http.exception_handler import response_headers
from core.ids import new_id

log = logging.getLogger(__name__)

# A question of 10,000 characters takes at most 120,000 bytes: a character beyond the BMP has 12 bytes when encoded.
MAX_REQUEST_LINE = 128 * 1024
MAX_DISCARDED = 1024 * 1024  # bytes of a longer line that are read, so that the client sees the response
PATH_BYTES = 256


class LongLineRequest(Request):
    """A request whose line may have MAX_REQUEST_LINE bytes. The beginning of a longer one is kept with the error."""

    def read_line(self, unreader: Unreader, buf: bytearray, limit: int = 0) -> tuple[bytes, bytearray]:
        try:
            line, rest = super().read_line(unreader, buf, MAX_REQUEST_LINE)
            return line, rest
        except LimitRequestLine as error:
            error.beginning = bytes(buf[:PATH_BYTES])
            discarded, part = len(buf), bytes(buf)
            while part and b"\n" not in part and discarded < MAX_DISCARDED:
                part = unreader.read()
                discarded += len(part)
            raise


class LongLineParser(RequestParser):
    mesg_class = LongLineRequest


class JsonErrorWorker(ThreadWorker):
    """Needs `http_parser = "python"`: the C parser does not call `read_line`."""

    def handle(self, conn: TConn) -> Any:
        if conn.parser is None and not self.cfg.is_ssl:  # gunicorn wraps the socket only where no parser is set
            conn.parser = LongLineParser(self.cfg, conn.sock, conn.client)
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Respond in the dialect of the path. gunicorn's own log line would quote the request."""
        error, request_id = refusal(exc), new_id().hex
        if isinstance(exc, ParseException):
            log.warning("not parsed: %s %d %s", type(exc).__name__, error.status, request_id)
        else:
            log.error("a request failed %s", request_id, exc_info=exc)
        with contextlib.suppress(OSError):  # the client has closed the connection
            util.write_nonblock(client, response(error, path_of(req, exc), request_id))


def refusal(exc: BaseException) -> AppError:
    """The error for an exception of gunicorn, without its message, which quotes the request."""
    match exc:
        case LimitRequestLine():
            return UriTooLong(f"The request line may have at most {MAX_REQUEST_LINE} bytes.")
        case LimitRequestHeaders():
            return HeadersTooLarge()
        case ParseException():
            return InvalidRequest("This is not a valid HTTP/1.1 request.")
        case _:
            return AppError()


def path_of(req: Any, exc: BaseException) -> str:
    """The path of a request, or the known part if the line is too long."""
    if req is not None:
        return str(req.path)
    words = getattr(exc, "beginning", b"").split(b" ", 2)
    return words[1].decode("latin-1") if len(words) > 1 else "/"


def response(error: AppError, path: str, request_id: str) -> bytes:
    """The bytes of a whole response, after which the connection is closed."""
    body = json.dumps(dialect_of(path).failure(error)).encode()
    headers = {
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Request-Id": request_id,
        **response_headers(error),
    }
    lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
