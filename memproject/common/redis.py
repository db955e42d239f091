"""The service's own Redis clients. Everything in Redis may vanish at any moment."""

from __future__ import annotations

import functools
import logging
import uuid

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

RESULT_SECONDS = 60


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


def announce(event: uuid.UUID) -> None:
    """Tell whoever waits that `event` is done. Losing this costs a waiter its answer, not the result."""
    key = f"done:{event}"
    try:
        pipe = client().pipeline(transaction=False)
        pipe.rpush(key, b"1")
        pipe.expire(key, RESULT_SECONDS)
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
