"""A circuit breaker: after one time-out of a server, its calls are refused for some seconds.

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

    Closed, it lets every call through. A call that times out opens it: for `seconds` each call raises `refused` at
    once. After that one caller sends `ping`, while the others are still refused; an answer closes it.
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
        """Around a call of the server. Raises `refused` without calling it, or what the call raises."""
        self._check()
        try:
            yield
        except Exception as error:
            if self._timed_out(error):
                self.trip()
            raise

    def trip(self) -> None:
        if self._retry_at is None:
            log.warning("%s timed out: its calls are refused for %g s", self.name, self._seconds)
        self._retry_at = self._clock() + self._seconds

    def reset(self) -> None:
        self._retry_at = None

    def _check(self) -> None:
        retry_at = self._retry_at
        if retry_at is None:
            return
        if self._clock() < retry_at or not self._pinging.acquire(blocking=False):
            raise self._refused(f"{self.name} does not answer")
        try:
            self._ping()
        except Exception:
            self.trip()
            raise self._refused(f"{self.name} does not answer") from None
        finally:
            self._pinging.release()
        log.warning("%s answers again", self.name)
        self.reset()

    def _timed_out(self, error: BaseException | None) -> bool:
        """Whether it is a time-out, or was raised because of one."""
        while error is not None and not isinstance(error, self._timeouts):
            error = error.__cause__
        return error is not None
