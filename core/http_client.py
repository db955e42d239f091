"""The only module that creates clients for outbound HTTP, so that every client has time limits.

Every client limits connecting, each read and each write. It follows redirects only if the caller allows a number of
them, since a redirect would send a key or a text to an address that nobody configured. Certificates are verified with
the system's store, or SSL_CERT_FILE.

Proxies: HTTPS_PROXY, HTTP_PROXY and NO_PROXY count only with `environment_proxies=True`. This is right for addresses
that the operator configured; an address of the own network belongs into NO_PROXY. It is wrong for addresses that
callers send: a proxy resolves the name itself, without the checks made here. `post` is for these: it connects to a
checked address, without a proxy.

The library is httpx2, because `openai` uses it too.
"""

from __future__ import annotations

import contextlib
import functools
import re
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

from core import __version__

Client = httpx2.Client
AGENT = f"memproject/{__version__}"
MAX_RESPONSE_BYTES = 4096  # bytes that are read of an uninteresting response
PIECE = 16 * 1024
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.IGNORECASE)
ERRORS = (httpx2.HTTPError, httpx2.InvalidURL)
TIMEOUTS = (httpx2.TimeoutException,)  # of ERRORS
UNREADABLE = (httpx2.DecodingError,)  # of ERRORS: a body that is not in the encoding that its header names


def client(*, connect: float, read: float, environment_proxies: bool, redirects: int = 0) -> httpx2.Client:
    """A client with kept-alive connections. It is thread-safe, but must be created again after a fork. `connect` and
    `read` are seconds; `read` limits the wait for each chunk, not for the whole response."""
    return httpx2.Client(
        timeout=httpx2.Timeout(connect=connect, read=read, write=read, pool=read),
        follow_redirects=redirects > 0,
        max_redirects=redirects,
        trust_env=environment_proxies,
        verify=httpx2.create_ssl_context(),
        headers={"User-Agent": AGENT},
    )


# --- to an address that a caller sent --------------------------------------------------------------------------------
class SendFailed(Exception):
    """No response: `timeout`, `connection` (refused, cut, or an invalid certificate) or `protocol`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


@dataclass(frozen=True, slots=True)
class Origin:
    """The target of a URL; `host` in ASCII. `credentials`: the URL has a user or a password."""

    scheme: str
    host: str
    port: int
    credentials: bool


def origin(url: str) -> Origin | None:
    """None unless it is an http or https URL with a host."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return None
    host, port = parsed.raw_host.decode("ascii"), parsed.port
    if parsed.scheme not in ("http", "https") or not HOST.fullmatch(host):
        return None
    if port is None:
        port = 80 if parsed.scheme == "http" else 443
    return Origin(parsed.scheme, host, port, bool(parsed.userinfo)) if 0 < port < 65536 else None


def post(url: str, *, addresses: Sequence[str], headers: Mapping[str, str], body: bytes, deadline: float) -> int:
    """POST once, to one of these addresses without resolving the host again; → the status code. Redirects are not
    followed.

    Nothing starts or continues after `deadline` (of `time.monotonic()`), however slowly the receiver responds. The host
    name is still used for the Host header and the certificate. Raises SendFailed.
    """
    request = httpx2.Request("POST", url, headers={"User-Agent": AGENT, **headers}, content=body)
    target = request.url
    pinned = _Pinned(addresses, deadline)
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=_tls(), network_backend=pinned, max_connections=1) as pool,
            pool.stream(
                "POST",
                httpcore2.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path),
                headers=request.headers.raw,
                content=body,
            ) as response,
        ):
            with contextlib.suppress(httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
                _skim(response)
            return int(response.status)
    except httpcore2.TimeoutException:
        raise SendFailed("timeout") from None
    except httpcore2.NetworkError:
        raise SendFailed("connection") from None
    except (httpcore2.ProtocolError, ValueError):  # ValueError: a host name that TLS refuses
        raise SendFailed("protocol") from None


def _skim(response: httpcore2.Response) -> None:
    """Read the short response of most receivers, so that they see the connection closed normally."""
    read = 0
    for piece in response.iter_stream():
        read += len(piece)
        if read > MAX_RESPONSE_BYTES:
            return


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


class _Pinned(httpcore2.NetworkBackend):
    """Connects only to the given addresses, without a resolver."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self.addresses = addresses
        self.deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for address in self.addresses:
            left = _left(self.deadline, httpcore2.ConnectTimeout)
            try:
                stream = httpcore2.SyncBackend().connect_tcp(address, port, left, None, socket_options)
                return _Timed(stream, self.deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _Timed(httpcore2.NetworkStream):
    """A connection with a deadline for all operations."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.deadline, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self.stream.write(buffer[start : start + PIECE], _left(self.deadline, httpcore2.WriteTimeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(self.deadline, httpcore2.ConnectTimeout)
        return _Timed(self.stream.start_tls(ssl_context, server_hostname, left), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(deadline: float, late: type[Exception]) -> float:
    """Seconds until the deadline; raises `late` if it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the deadline has passed")
    return left
