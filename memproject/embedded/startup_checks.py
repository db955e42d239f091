"""Preconditions of a start, and requests to stop it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from types import FrameType


class CannotStartError(Exception):
    """An error with one sentence for the operator."""


class StoppedError(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an Exception, like KeyboardInterrupt, so that no `except Exception`
    catches it."""


class Interrupt:
    """Notes a request to stop at once, and raises only at points where nothing is half-started."""

    def __init__(self) -> None:
        self.shutdown_requested = False
        self._at_once = False

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started by nohup
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.shutdown_requested = True
        if self._at_once:
            raise StoppedError

    def check(self) -> None:
        """Raises StoppedError if a stop was requested."""
        if self.shutdown_requested:
            raise StoppedError

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """For long work that starts nothing: a stop may raise in the middle of it."""
        self._at_once = True
        try:
            self.check()
            yield
        finally:
            self._at_once = False


@contextlib.contextmanager
def instance_lock(data: Path, url: str) -> Iterator[None]:
    """Hold the lock of the folder; the system releases it when this process ends."""
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStartError(f"memproject is running already with {data}: {lock.read().strip()}.") from None
        lock.truncate(0)
        lock.write(f"{url}, process {os.getpid()}")
        lock.flush()
        yield


def check_port(host: str, port: str) -> None:
    """Whether the service can listen there."""
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise CannotStartError(f"API_PORT must be a port number, not '{port}'.")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            change = "API_HOST" if isinstance(error, socket.gaierror) else "API_PORT"
            raise CannotStartError(f"Cannot listen on {host}:{port} ({error.strerror}): change {change}.") from None


def url_of(host: str, port: str) -> str:
    """The URL of the service for a browser on this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
