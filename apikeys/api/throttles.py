"""Rate limits of API keys. Without Redis, reads continue; writes are refused before anything is committed."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apikeys.limits import resolve
from apikeys.scopes import Scope
from apikeys.types import Principal
from core.errors import RateLimited, Unavailable
from core.http import ratelimit
from core.http.ratelimit import Limit
from core.monitoring import metrics

log = logging.getLogger(__name__)

READS = frozenset({Scope.READ, Scope.STATUS})


class KeyThrottle(BaseThrottle):
    """Counts a request against the limits of its dialect and operation; keeps the usage for the response headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if not settings.RATE_LIMITS_ENABLED or not isinstance(request.user, Principal):
            return True
        cost, parse_error = request_weight(request, view)
        try:
            usage = ratelimit.count(request._request, request.user.caller, limits(request, view, request.user, cost))
        except (RedisError, OSError) as error:
            log.warning("rate limits cannot be counted: %s", type(error).__name__)
            reads = request.method in SAFE_METHODS or required_scope(request, view) in READS
            metrics.redis_unavailable(refused=not reads)
            if reads:
                return True
            raise Unavailable("Writes wait until Redis is back. Try again in a moment.") from None
        if usage is not None:
            request._request.rate_limit_headers = usage.headers()
            if usage.exceeded:
                metrics.rate_limited(request.path)
                raise RateLimited(limit=usage.limit, retry_after=max(1, usage.reset - int(time.time())))
        if parse_error is not None:
            raise parse_error
        return True


def limits(request: Request, view: Any, caller: Principal, cost: int = 1) -> list[Limit]:
    """The limits that a request counts against: one and a burst under `/v1` and on the paths of mem0's clients, which
    end in a slash; one for each operation under `/api/v1`.

    A tool of `/mcp` counts against the limit of the same operation under `/api/v1`.
    """
    rates = resolve(
        settings.RATE_LIMITS,
        settings.RATE_LIMIT_TIERS,
        tenant=caller.tenant_limits,
        tier=caller.tier,
        key=caller.key_limits,
    )
    if not request.path.startswith(("/api/", "/mcp")) or request.path.endswith("/"):
        return [Limit("v1", rates["v1"]), Limit("v1-burst", rates["burst"])]
    act = "delete" if request.method == "DELETE" else getattr(view, "acts", {}).get(request.method, "other")
    return [Limit(f"api-{act}", rates[act], cost)]


def request_weight(request: Request, view: Any) -> tuple[int, APIException | None]:
    """The weight of this request: `cost` of the view, else 1.

    An unreadable body counts as 1. Its error is raised afterwards, since DRF parses the body only once.
    """
    try:
        return (max(1, view.cost(request)) if hasattr(view, "cost") else 1), None
    except APIException as error:
        return 1, error


def required_scope(request: Request, view: Any) -> Scope | None:
    """The scope that the view requires for this method."""
    scopes = [getattr(p, "scopes", {}).get(request.method) for p in view.get_permissions()]
    return next((s for s in scopes if s is not None), None)
