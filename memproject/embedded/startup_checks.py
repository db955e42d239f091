"""What must hold before anything is started, and how the run is asked to end."""

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
    """The one sentence that an operator reads."""


class StoppedError(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Like KeyboardInterrupt, no `except Exception` on the way may swallow it."""


class Interrupt:
    """Notes at once that somebody wants an end, and acts on it only where nothing can be left half-started."""

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
        """Raises StoppedError when an end was asked for."""
        if self.shutdown_requested:
            raise StoppedError

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """For long work that starts nothing which would have to be stopped: raise in the middle of it."""
        self._at_once = True
        try:
            self.check()
            yield
        finally:
            self._at_once = False


@contextlib.contextmanager
def instance_lock(data: Path, url: str) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it when we end, however we end."""
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
    """Where a person on this machine finds what listens there."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
