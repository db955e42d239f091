"""The circuit breaker, by a clock that stands still."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from memproject.common.breaker import Breaker

SECONDS = 3.0


class Refused(Exception):
    pass


class Server:
    """A server that answers or hangs, a clock, and the breaker between them and the callers."""

    def __init__(self) -> None:
        self.now, self.hangs, self.calls, self.pings = 100.0, False, 0, 0
        self.breaker = Breaker(
            "It",
            ping=self.ping,
            timeouts=(TimeoutError,),
            refused=Refused,
            seconds=SECONDS,
            clock=lambda: self.now,
        )

    def ping(self) -> None:
        self.pings += 1
        if self.hangs:
            raise TimeoutError

    def call(self, error: Exception | None = None) -> str:
        with self.breaker.guard():
            self.calls += 1
            if self.hangs:
                raise TimeoutError
            if error is not None:
                raise error
        return "answered"


def test_while_it_answers_nothing_is_pinged_or_refused() -> None:
    server = Server()
    assert [server.call() for _ in range(3)] == ["answered"] * 3
    assert (server.calls, server.pings) == (3, 0)


def test_after_one_timeout_calls_are_refused_without_being_made() -> None:
    server = Server()
    server.hangs = True
    with pytest.raises(TimeoutError):
        server.call()
    server.now += SECONDS - 0.1
    for _ in range(5):
        with pytest.raises(Refused):
            server.call()
    assert (server.calls, server.pings) == (1, 0)


def test_after_the_pause_a_ping_decides() -> None:
    server = Server()
    server.hangs = True
    with pytest.raises(TimeoutError):
        server.call()
    for pings in (1, 2):
        server.now += SECONDS
        for _ in range(2):
            with pytest.raises(Refused):
                server.call()
        assert (server.calls, server.pings) == (1, pings)
    server.hangs = False
    with pytest.raises(Refused):
        server.call()
    server.now += SECONDS
    assert [server.call(), server.call()] == ["answered"] * 2
    assert (server.calls, server.pings) == (3, 3)


def test_one_caller_pings_and_the_others_are_refused_meanwhile() -> None:
    server, pinging, answer = Server(), threading.Event(), threading.Event()

    def ping() -> None:
        server.pings += 1
        pinging.set()
        assert answer.wait(30)

    server.breaker._ping = ping
    server.breaker.trip()
    server.now += SECONDS
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(server.call)
        assert pinging.wait(30)
        for _ in range(5):
            with pytest.raises(Refused):
                server.call()
        answer.set()
        assert first.result(30) == "answered"
    assert (server.calls, server.pings) == (1, 1)


def test_several_threads_that_time_out_at_once_open_it_once(caplog: pytest.LogCaptureFixture) -> None:
    server, inside = Server(), threading.Barrier(4)

    def call() -> None:
        with server.breaker.guard():
            inside.wait(30)
            raise TimeoutError

    with ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(call).exception for _ in range(4)]
        assert [type(error(30)) for error in errors] == [TimeoutError] * 4
    with pytest.raises(Refused):
        server.call()
    assert len(caplog.records) <= 4
    server.now += SECONDS
    assert server.call() == "answered"


@pytest.mark.parametrize("error", [ConnectionRefusedError(), ValueError()])
def test_another_error_leaves_it_closed(error: Exception) -> None:
    server = Server()
    with pytest.raises(type(error)):
        server.call(error)
    assert server.call() == "answered"


def test_an_error_that_was_raised_for_a_timeout_opens_it() -> None:
    server = Server()
    wrapped: Any = ValueError("wrapped")
    wrapped.__cause__ = TimeoutError()
    with pytest.raises(ValueError, match="wrapped"):
        server.call(wrapped)
    with pytest.raises(Refused):
        server.call()
