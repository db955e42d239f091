"""The only module that connects to Neo4j. Every call ends within a time limit, even if the server hangs.

The time limits of the driver end with the handshake: a server that hangs afterwards would block the caller. So each
process has an event loop in a thread of its own, where a call can be cancelled. The first call after a fork creates the
thread and the driver. Queries are constants with parameters; values are never part of their text.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from django.conf import settings

if TYPE_CHECKING:  # without a graph no process loads the driver, which takes 40 MB
    from neo4j import AsyncDriver, AsyncManagedTransaction

T = TypeVar("T")
Record = dict[str, Any]
CypherStatement = tuple[LiteralString, Mapping[str, Any]]

log = logging.getLogger(__name__)

RECHECK_SECONDS = 5.0  # seconds for which the result of a health check is valid
PING: LiteralString = "RETURN 1 AS one"
WRITE_SECONDS = 30.0
# Errors of a statement or its data; all other errors are about the state of the server.
REJECTION_CODES = ("Neo.ClientError.Statement.", "Neo.ClientError.Schema.")


class GraphError(Exception):
    """`code` names the failure without any value: Neo4j's own code, or the type of failure."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class GraphUnavailable(GraphError):
    """The server does not answer in time, or refuses the connection: a retry may succeed."""


class GraphRejected(GraphError):
    """The server rejected the statement."""


@dataclass(slots=True)
class _Process:
    """The event loop and the driver of a process, for one address."""

    key: tuple[object, ...]
    loop: asyncio.AbstractEventLoop
    driver: AsyncDriver
    health_cache: tuple[float, bool] = (0.0, False)


_mine: _Process | None = None
_making = threading.Lock()


def is_configured() -> bool:
    return bool(settings.NEO4J_URI)


def read(query: LiteralString, **parameters: Any) -> list[Record]:
    """Rows of one read. Raises GraphUnavailable, GraphRejected."""

    async def work(transaction: AsyncManagedTransaction) -> list[Record]:
        return await (await transaction.run(query, parameters)).data()

    async def reading(driver: AsyncDriver) -> list[Record]:
        async with driver.session() as session:
            return await session.execute_read(work)

    return _call(reading, settings.NEO4J_TIMEOUT_SECONDS)


def write(statements: Sequence[CypherStatement], *, seconds: float = WRITE_SECONDS) -> list[list[Record]]:
    """Run the statements in one transaction; → the rows of each. Raises GraphUnavailable, GraphRejected."""

    async def work(transaction: AsyncManagedTransaction) -> list[list[Record]]:
        return [await (await transaction.run(query, dict(values))).data() for query, values in statements]

    async def writing(driver: AsyncDriver) -> list[list[Record]]:
        async with driver.session() as session:
            return await session.execute_write(work)

    return _call(writing, seconds)


def run_autocommit(query: LiteralString, *, seconds: float = WRITE_SECONDS, **parameters: Any) -> list[Record]:
    """One statement that makes its own transactions, or changes the schema. Raises GraphUnavailable, GraphRejected."""

    async def running(driver: AsyncDriver) -> list[Record]:
        async with driver.session() as session:
            return await (await session.run(query, parameters)).data()

    return _call(running, seconds)


def is_healthy() -> bool:
    """Whether the graph is configured and has answered recently. One check every few seconds, no longer than a read."""
    if not is_configured():
        return False
    mine = _process()
    until, answer = mine.health_cache
    if time.monotonic() >= until:
        mine.health_cache = (
            time.monotonic() + RECHECK_SECONDS,
            answer,
        )  # during the check other threads use the last result
        try:
            read(PING)
            answer = True
        except GraphError as error:
            if answer or until == 0.0:
                log.warning("the graph is unavailable: %s", error.code)
            answer = False
        mine.health_cache = (time.monotonic() + RECHECK_SECONDS, answer)
    return answer


def close() -> None:
    """Close the driver of this process; the next call creates another."""
    global _mine
    with _making:
        closed, _mine = _mine, None
    if closed is not None and closed.key[0] == os.getpid():
        _end(closed)


def _end(closed: _Process) -> None:
    closing = asyncio.run_coroutine_threadsafe(asyncio.wait_for(closed.driver.close(), 1), closed.loop)
    closing.add_done_callback(lambda _: closed.loop.call_soon_threadsafe(closed.loop.stop))


def _process() -> _Process:
    global _mine
    key = (os.getpid(), settings.NEO4J_URI, settings.NEO4J_USER, settings.NEO4J_PASSWORD)
    with _making:
        if _mine is None or _mine.key != key:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="graph", daemon=True).start()
            _mine = _Process(key, loop, asyncio.run_coroutine_threadsafe(_driver(), loop).result())
        return _mine


async def _driver() -> AsyncDriver:
    limit = settings.NEO4J_TIMEOUT_SECONDS
    driver: AsyncDriver = import_module("neo4j").AsyncGraphDatabase.driver(
        settings.NEO4J_URI,
        auth=(settings.NEO4J_USER, settings.NEO4J_PASSWORD),
        connection_timeout=limit,
        connection_acquisition_timeout=2 * limit,
        max_transaction_retry_time=0,
        max_connection_pool_size=16,
        keep_alive=True,
        notifications_min_severity="OFF",
        telemetry_disabled=True,
        user_agent="memproject",
    )
    return driver


def _call(ask: Callable[[AsyncDriver], Awaitable[T]], seconds: float) -> T:
    mine = _process()

    async def limited() -> T:
        async with asyncio.timeout(seconds):
            return await ask(mine.driver)

    try:
        return _wait(mine, limited())
    except _errors() as error:
        raise _translated(mine, error) from None  # its message may quote values


def _errors() -> tuple[type[Exception], ...]:
    """The exception classes of driver calls."""
    raised = import_module("neo4j.exceptions")
    return raised.Neo4jError, raised.DriverError, OSError, TimeoutError


def _wait(mine: _Process, work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, mine.loop).result()


def _translated(mine: _Process, error: Exception) -> GraphUnavailable | GraphRejected:
    code = getattr(error, "code", None) or ""
    if code.startswith(REJECTION_CODES):
        return GraphRejected(code)
    mine.health_cache = (time.monotonic() + RECHECK_SECONDS, False)
    return GraphUnavailable(type(error).__name__)
