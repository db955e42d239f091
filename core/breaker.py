"""A circuit breaker: while a server does not answer, calls to it are refused at once.

Own code, because the libraries do not fit threads that wait: pybreaker holds a lock during each call, and
circuitbreaker lets all threads retry at once after the pause.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)


class Breaker:
    """One breaker for all threads of a process.

    While it is closed, every call is made. When a call times out, one thread sends `ping`; if that fails too, the
    breaker opens and every call raises `refused`. After `seconds` one caller sends `ping` again while the other calls
    are still refused; an answer closes the breaker.
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
        """Context of one call to the server. Raises `refused` before the call; passes on errors of the call."""
        retry_at = self._retry_at
        if retry_at is not None and self._clock() >= retry_at:
            self._ask()
        if self._retry_at is not None:
            raise self._refused(f"{self.name} does not answer")
        try:
            yield
        except Exception as error:
            if self._timed_out(error):
                self._ask()  # on a busy machine a single call may be slow
            raise

    def reset(self) -> None:
        """Close the breaker."""
        self._retry_at = None

    def _ask(self) -> None:
        """Send a ping: an answer closes the breaker, an error opens it. Does nothing while another thread pings."""
        if not self._pinging.acquire(blocking=False):
            return
        try:
            self._ping()
        except Exception:
            if self._retry_at is None:
                log.warning("%s does not answer: calls are refused, next ping in %g s", self.name, self._seconds)
            self._retry_at = self._clock() + self._seconds
        else:
            if self._retry_at is not None:
                log.warning("%s answers again", self.name)
            self.reset()
        finally:
            self._pinging.release()

    def _timed_out(self, error: BaseException | None) -> bool:
        """Whether the error is a time-out, or was caused by one."""
        while error is not None and not isinstance(error, self._timeouts):
            error = error.__cause__
        return error is not None
