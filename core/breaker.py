"""A circuit breaker: while a server hangs, its calls are refused at once.

Own code, since the libraries do not fit threads that wait: pybreaker holds a lock during every call, and circuitbreaker
lets all threads try at once when the pause is over.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)


class Breaker:
    """Shared by all threads of a process.

    Closed, it lets every call through. When a call times out, one thread sends `ping`; if that fails too, the breaker
    opens, and every call raises `refused`. After `seconds` one caller sends `ping` again, while the others are still
    refused; an answer closes it.
    """

    def __init__(
        self,
        name: str,
        *,
        ping: Callable[[], object],
        timeouts: tuple[type[Exception], ...],
        refused: type[Exception],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._ping, self._timeouts, self._refused = ping, timeouts, refused
        self._seconds, self._clock = seconds, clock
        self._retry_at: float | None = None  # None while it is closed
        self._pinging = threading.Lock()

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Context of one call to the server. Raises `refused` before the call, or passes on the error of the call."""
        retry_at = self._retry_at
        if retry_at is not None and self._clock() >= retry_at:
            self._ask()
        if self._retry_at is not None:
            raise self._refused(f"{self.name} does not answer")
        try:
            yield
        except Exception as error:
            if self._timed_out(error):
                self._ask()  # on a busy machine a single call may be late
            raise

    def reset(self) -> None:
        """Close it."""
        self._retry_at = None

    def _ask(self) -> None:
        """Send a ping: an answer closes the breaker, an error opens it. Does nothing while another thread pings."""
        if not self._pinging.acquire(blocking=False):
            return
        try:
            self._ping()
        except Exception:
            if self._retry_at is None:
                log.warning("%s hangs: its calls are refused, it is asked every %g s", self.name, self._seconds)
            self._retry_at = self._clock() + self._seconds
        else:
            if self._retry_at is not None:
                log.warning("%s answers again", self.name)
            self.reset()
        finally:
            self._pinging.release()

    def _timed_out(self, error: BaseException | None) -> bool:
        """Whether it is a time-out, or was raised because of one."""
        while error is not None and not isinstance(error, self._timeouts):
            error = error.__cause__
        return error is not None
