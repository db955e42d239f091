"""The Redis clients of the service. All data in Redis may be lost at any moment."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import itertools
import json
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from core.breaker import Breaker

C = TypeVar("C", bound=redis.Redis)

log = logging.getLogger(__name__)

RESULT_SECONDS = 60
SWEPT = "swept"
ROUND_SECONDS = 1.0  # seconds of waiting for a result


class RedisUnavailable(redis.ConnectionError):
    """The circuit breaker is open: the command was not sent."""


@functools.cache
def _pinging() -> redis.Redis:
    """The client for the PING of the breaker, without a breaker itself."""
    return _connected(redis.Redis, 0.3)


# One breaker for all users of Redis in a process: these clients, Django's cache (REDIS_CLIENT_CLASS) and Celery.
breaker = Breaker(
    "Redis",
    ping=lambda: _pinging().ping(),
    timeouts=(redis.TimeoutError, TimeoutError),
    refused=RedisUnavailable,
    seconds=3.0,
)


class RedisClient(redis.Redis):
    """A client behind the circuit breaker."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        with breaker.guard():
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _Pipeline(Pipeline):
    def execute(self, raise_on_error: bool = True) -> list[Any]:
        with breaker.guard():
            return super().execute(raise_on_error)


@functools.cache
def client() -> RedisClient:
    """One pooled client per process; its socket timeout exceeds a round of waiting."""
    return _connected(RedisClient, ROUND_SECONDS + 1)


@functools.cache
def fast_client() -> RedisClient:
    """A second client with a short timeout, for commands that a request does not depend on."""
    return _connected(RedisClient, 0.3)


def _connected(made: type[C], timeout: float) -> C:
    """A client without retries; `timeout` in seconds, for each command."""
    retry = Retry(NoBackoff(), 0)
    found = made.from_url(settings.REDIS_URL, socket_connect_timeout=0.3, socket_timeout=timeout, retry=retry)
    return cast(C, found)


def publish_result(events: Sequence[uuid.UUID]) -> None:
    """Notify waiting requests that these writes are done. If the message is lost, a request responds with 202."""
    if not events:
        return
    try:
        pipe = client().pipeline(transaction=False)
        for event in events:
            pipe.rpush(f"done:{event}", b"1")
            pipe.expire(f"done:{event}", RESULT_SECONDS)
        pipe.execute()
    except redis.RedisError as error:
        log.warning("could not publish a result: %s", type(error).__name__)


def await_result(event: uuid.UUID, seconds: float) -> bool:
    """Wait until the result of `event` is published; False after the time limit, or if Redis is unavailable.

    It waits in rounds: during a BLPOP, a hanging Redis cannot be distinguished from one without a result.
    """
    until = time.monotonic() + seconds
    try:
        while True:
            left = until - time.monotonic()
            # 0 would wait without a limit
            if client().blpop([f"done:{event}"], timeout=max(0.01, min(left, ROUND_SECONDS))) is not None:
                return True
            if left <= ROUND_SECONDS:
                return False
    except redis.RedisError as error:
        log.warning("could not wait for a result: %s", type(error).__name__)
        return False


def note_sweep(moment: dt.datetime) -> None:
    """Store the time of the last successful sweeps. Raises RedisError."""
    fast_client().set(SWEPT, moment.isoformat())


def last_sweep() -> dt.datetime | None:
    """The time of the last successful sweeps; None before the first. Raises RedisError."""
    found: Any = fast_client().get(SWEPT)
    return dt.datetime.fromisoformat(found.decode()) if found else None


def contents() -> Iterator[tuple[str, str]]:
    """(key, text) of everything in our Redis, with messages of queues decoded. Bytes that are not text are decoded with
    replacements. Raises RedisError."""
    for key in client().scan_iter(count=1000):
        yield key.decode(errors="replace"), " ".join(_decoded(part) for part in _parts(key))


def _parts(key: bytes) -> Iterator[bytes]:
    mine: Any = client()
    match mine.type(key):
        case b"string":
            yield mine.get(key) or b""
        case b"list":
            yield from mine.lrange(key, 0, -1)
        case b"set":
            yield from mine.smembers(key)
        case b"zset":
            yield from mine.zrange(key, 0, -1)
        case b"hash":
            yield from itertools.chain.from_iterable(mine.hgetall(key).items())
        case b"stream":
            for _, fields in mine.xrange(key):
                yield from itertools.chain.from_iterable(fields.items())


def _decoded(part: bytes) -> str:
    """A message of a queue is JSON with its body in base64."""
    text = part.decode(errors="replace")
    with suppress(ValueError, TypeError, KeyError):
        text += " " + base64.b64decode(json.loads(text)["body"]).decode(errors="replace")
    return text
