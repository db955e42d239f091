"""Count the requests of a caller in fixed windows in Redis. Imports no app: the caller is a text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django_ratelimit.core import get_usage


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `rate` (`"100/m"`, `"20/10s"`) requests of the group `group`; this request counts as `cost` requests."""

    group: str
    rate: str
    cost: int = 1


@dataclass(frozen=True, slots=True)
class RateLimitUsage:
    """The usage of a limit; `reset` is the end of its window, in epoch seconds."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


def count(request: HttpRequest, caller: str, limits: Sequence[Limit]) -> RateLimitUsage | None:
    """Count this request against all `limits`; → the most exhausted or exceeded one.

    A refused request counts too. A request with a cost above one is counted repeatedly, since django-ratelimit has no
    weights. Raises the errors of the cache if Redis is unavailable.
    """
    found: list[RateLimitUsage] = []
    for limit in limits:
        usage = None
        for _ in range(limit.cost):
            usage = get_usage(request, group=limit.group, key=lambda *_: caller, rate=limit.rate, increment=True)
        if usage is not None:
            left = max(0, usage["limit"] - usage["count"])
            reset = int(time.time()) + int(usage["time_left"]) + 1  # its last second belongs to a window
            found.append(RateLimitUsage(usage["limit"], left, reset, bool(usage["should_limit"])))
    return min(found, key=lambda u: (not u.exceeded, u.remaining / u.limit), default=None)
