"""Limit failed authentication per address. Imports no app: a key is a text here.

Only failures count. When an address has used up its failures, a key is refused before it is looked up, unless the same
key was accepted from the same address within a week. So a client behind the address of an attacker keeps working, and
guesses are not tested any more. Redis has the counts and the accepted keys (as HMACs). Each process remembers the keys
that it accepted, so that an accepted key needs no query to Redis.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import cache, caches
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from core.errors import RateLimited, Unauthenticated
from core.http.client_address import client_address
from core.monitoring import metrics

log = logging.getLogger(__name__)

GROUP = "failed-keys"
ACCEPTED_SECONDS = 7 * 86_400  # how long an accepted key passes a used-up limit
REMEMBERED_SECONDS = 3_600  # how long a process does not write it to Redis again
MESSAGE = "Too many requests with API keys that are not valid came from this address."


@contextmanager
def limited(request: HttpRequest, key: str) -> Iterator[None]:
    """Wraps the look-up of a key, which raises Unauthenticated. Raises RateLimited before it.

    Without Redis nothing is refused; a log line and a metric report it.
    """
    if not settings.RATE_LIMITS_ENABLED:
        yield
        return
    address = client_address(request) or "unknown"
    accepted = "accepted-key:" + salted_hmac(__name__, f"{address} {key}", algorithm="sha256").hexdigest()
    remembered = caches["process"].get(accepted) is not None
    if not remembered:
        _refuse_used_up(request, address, accepted)
    try:
        yield
    except Unauthenticated:
        _count_failure(request, address, accepted)
        raise
    if not remembered:
        _remember(accepted)


def _refuse_used_up(request: HttpRequest, address: str, accepted: str) -> None:
    try:
        usage = _usage(request, address, increment=False)
        if usage["count"] < usage["limit"] or cache.get(accepted) is not None:
            return
    except (RedisError, OSError) as error:
        _not_counted(error)
        return
    metrics.key_failed("limited")
    metrics.rate_limited(request.path)
    raise RateLimited(MESSAGE, limit=usage["limit"], retry_after=max(1, usage["time_left"] + 1))


def _count_failure(request: HttpRequest, address: str, accepted: str) -> None:
    metrics.key_failed("unauthenticated")
    caches["process"].delete(accepted)  # revoked after it was accepted
    try:
        _usage(request, address, increment=True)
        cache.delete(accepted)
    except (RedisError, OSError) as error:
        _not_counted(error)


def _remember(accepted: str) -> None:
    caches["process"].set(accepted, True, REMEMBERED_SECONDS)
    try:
        cache.set(accepted, True, ACCEPTED_SECONDS)
    except (RedisError, OSError) as error:
        log.warning("an accepted key cannot be remembered: %s", type(error).__name__)


def _usage(request: HttpRequest, address: str, *, increment: bool) -> dict[str, int]:
    """The failures of `address` in the current window: `count`, `limit` and `time_left` in seconds."""
    usage: dict[str, int] | None = get_usage(
        request, GROUP, key=lambda *_: address, rate=settings.RATE_LIMITS_FAILED_KEYS, increment=increment
    )
    if usage is None or not usage["limit"]:  # django-ratelimit lost the count between two of its calls
        raise OSError("no count")
    return usage


def _not_counted(error: Exception) -> None:
    metrics.key_failed("not_counted")
    log.warning("failed authentication cannot be counted: %s", type(error).__name__)
