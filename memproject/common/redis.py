"""The service's own Redis clients. Everything in Redis may vanish at any moment."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import itertools
import json
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

RESULT_SECONDS = 60
SWEPT = "swept"


@functools.cache
def client() -> redis.Redis:
    """One pooled client per process, for whoever waits: its socket timeout exceeds every wait."""
    return _connected(settings.STORE_WAIT_SECONDS + 2)


@functools.cache
def brief() -> redis.Redis:
    """Another, for what is done by the way: a Redis that does not answer holds nobody for long."""
    return _connected(0.3)


def _connected(timeout: float) -> redis.Redis:
    """Nothing is tried again: whoever calls does without."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=0.3, socket_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )


def announce(events: Sequence[uuid.UUID]) -> None:
    """Tell the requests that wait that these writes are done. If this is lost, a request answers 202."""
    if not events:
        return
    try:
        pipe = client().pipeline(transaction=False)
        for event in events:
            pipe.rpush(f"done:{event}", b"1")
            pipe.expire(f"done:{event}", RESULT_SECONDS)
        pipe.execute()
    except redis.RedisError as error:
        log.warning("could not announce a result: %s", type(error).__name__)


def wait_for(event: uuid.UUID, seconds: float) -> bool:
    """Wait until `event` was announced; False when the time ran out or Redis is away."""
    try:
        return client().blpop([f"done:{event}"], timeout=seconds) is not None
    except redis.RedisError as error:
        log.warning("could not wait for a result: %s", type(error).__name__)
        return False


def note_sweep(moment: dt.datetime) -> None:
    """Remember when the sweeps last succeeded. Raises RedisError."""
    brief().set(SWEPT, moment.isoformat())


def last_sweep() -> dt.datetime | None:
    """When the sweeps last succeeded; None before the first time. Raises RedisError."""
    found: Any = brief().get(SWEPT)
    return dt.datetime.fromisoformat(found.decode()) if found else None


def contents() -> Iterator[tuple[str, str]]:
    """(key, text) of everything that lies in our Redis, what a queue has encoded decoded; bytes that are no text as
    well as they go. Raises RedisError."""
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
