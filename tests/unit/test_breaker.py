"""The circuit breaker, by a clock that stands still."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.breaker import Breaker

SECONDS = 3.0


class Refused(Exception):
    pass


class Server:
    """A server that answers or hangs, a clock, and the breaker between them and the callers."""

    def __init__(self) -> None:
        self.now, self.hangs, self.calls, self.pings = 100.0, False, 0, 0
        self.pinging, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
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
        self.pinging.set()
        assert self.may_answer.wait(30)
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

    def refuses(self) -> bool:
        try:
            self.call()
        except Refused:
            return True
        return False


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def hanging(server: Server) -> Server:
    """One call has timed out."""
    server.hangs = True
    with pytest.raises(TimeoutError):
        server.call()
    return server


def test_while_it_answers_nothing_is_pinged_or_refused(server: Server) -> None:
    assert [server.call() for _ in range(3)] == ["answered"] * 3
    assert (server.calls, server.pings) == (3, 0)


def test_after_one_timeout_calls_are_refused_without_being_made(hanging: Server) -> None:
    hanging.now += SECONDS - 0.1
    assert [hanging.refuses() for _ in range(5)] == [True] * 5
    assert (hanging.calls, hanging.pings) == (1, 1)


def test_a_call_that_is_late_while_pings_are_answered_leaves_it_closed(server: Server) -> None:
    with pytest.raises(TimeoutError):
        server.call(TimeoutError())
    assert server.call() == "answered"
    assert server.pings == 1


def test_after_the_pause_a_ping_decides(hanging: Server) -> None:
    for pings in (2, 3):
        hanging.now += SECONDS
        assert [hanging.refuses(), hanging.refuses()] == [True, True]
        assert (hanging.calls, hanging.pings) == (1, pings)
    hanging.hangs = False
    assert hanging.refuses()
    hanging.now += SECONDS
    assert [hanging.call(), hanging.call()] == ["answered"] * 2
    assert (hanging.calls, hanging.pings) == (3, 4)


def test_one_caller_pings_and_the_others_are_refused_meanwhile(hanging: Server) -> None:
    hanging.hangs = False
    hanging.now += SECONDS
    hanging.pinging.clear()
    hanging.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(hanging.call)
        assert hanging.pinging.wait(30)
        assert [hanging.refuses() for _ in range(5)] == [True] * 5
        hanging.may_answer.set()
        assert first.result(30) == "answered"
    assert (hanging.calls, hanging.pings) == (2, 2)


def test_of_several_threads_that_time_out_at_once_one_pings(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.hangs = True
    server.may_answer.clear()
    inside = threading.Barrier(4)

    def call() -> None:
        with server.breaker.guard():
            inside.wait(30)
            raise TimeoutError

    with ThreadPoolExecutor(4) as pool, caplog.at_level(logging.WARNING):
        calls = [pool.submit(call) for _ in range(4)]
        assert server.pinging.wait(30)
        until = threading.Event()
        while sum(found.done() for found in calls) < 3:
            until.wait(0.01)
        server.may_answer.set()
        assert [type(found.exception(30)) for found in calls] == [TimeoutError] * 4
    assert server.pings == 1
    assert server.refuses()
    assert [record.getMessage() for record in caplog.records] == [
        "It does not answer: calls are refused, next ping in 3 s"
    ]


@pytest.mark.parametrize("error", [ConnectionRefusedError(), ValueError()])
def test_another_error_leaves_it_closed(server: Server, error: Exception) -> None:
    with pytest.raises(type(error)):
        server.call(error)
    assert server.call() == "answered"
    assert server.pings == 0


def test_an_error_that_was_raised_for_a_timeout_opens_it(server: Server) -> None:
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = TimeoutError()

    def call() -> None:
        with server.breaker.guard():
            server.hangs = True
            raise wrapped

    with pytest.raises(ValueError, match="wrapped"):
        call()
    assert server.refuses()
