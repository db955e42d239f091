"""From a call to its answer, retries included, without a network: both clients only send and sleep.

Each act is a generator. It yields a `Step` (sleep, then send), is given the response or the failure, and returns what
was asked for.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import math
import os
import random
import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpx2

from mem0_client import _calls as calls
from mem0_client import types as t
from mem0_client.errors import Mem0ConnectionError, Mem0Error, Mem0TimeoutError, of_status

T = TypeVar("T")

VERSION = "1.0.0"
MAX_PAUSE = 60.0
"""Seconds. Rate limits count in windows of a minute; who asks for more patience gets none."""

IN_FLIGHT_PATIENCE = 3
"""Times as many attempts where our own first one is still at work: a store may take the service 10 seconds."""

PATHS = re.compile(r"(?<!/)/(?:v1|mcp)$")
"""The end of an address that names an API of the service. A host may be called `mcp`."""

BUSY = frozenset({429, 502, 503, 504})
BROKEN = (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError)


@dataclass(frozen=True)
class Step:
    pause: float
    request: httpx2.Request


Outcome = httpx2.Response | httpx2.RequestError
Flow = Generator[Step, Outcome, T]


class Core:
    def __init__(self, api_key: str | None, base_url: str | None, timeout: float, max_retries: int) -> None:
        url = base_url or os.environ.get("MEM0_BASE_URL") or "http://localhost:8080"
        if not url.startswith(("http://", "https://")):
            raise ValueError("base_url must start with http:// or https://")
        key = (api_key or os.environ.get("MEM0_API_KEY") or "").strip()
        if not (key.isascii() and key.isprintable()):  # else the failure would quote it
            raise ValueError("api_key must be printable ASCII")
        self._url = PATHS.sub("", url.rstrip("/"))
        self._headers = {"Accept": "application/json", "User-Agent": f"mem0-client-python/{VERSION}"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._timeout = httpx2.Timeout(timeout).as_dict()
        self._max_retries = max_retries

    def _perform(self, call: calls.Call[T], pause: float = 0.0) -> Flow[T]:
        """The answer, after as many attempts as it takes. Any call may be repeated: a write says by its
        Idempotency-Key, the same one each time, that it is the same write."""
        attempt = 0
        while True:
            outcome = yield Step(pause, self._request(call))
            limit = self._max_retries * (IN_FLIGHT_PATIENCE if _in_flight(outcome) else 1)
            retry = None if _answers(call, outcome) else _pause(outcome, attempt)
            if retry is None or attempt >= limit:
                return cast(T, _read(call, outcome))
            pause, attempt = retry, attempt + 1

    def _wait(self, event_id: str, patience: float) -> Flow[t.Event]:
        until, pause = time.monotonic() + patience, 0.0
        while True:
            event = yield from self._perform(calls.event(event_id), pause)
            if event["status"] in ("succeeded", "failed"):
                return event
            pause = min(2.0, pause * 1.5 or 0.25)
            if time.monotonic() + pause > until:
                raise Mem0TimeoutError(f"the write is {event['status']} after {patience:g} s", "TIMEOUT")

    def _request(self, call: calls.Call[Any]) -> httpx2.Request:
        return httpx2.Request(
            call.method,
            self._url + call.path,
            params=call.query or None,
            content=call.body,
            headers={**self._headers, **call.headers, **({"Content-Type": "application/json"} if call.body else {})},
            extensions={"timeout": self._timeout},
        )


def _pause(outcome: Outcome, attempt: int) -> float | None:
    """Seconds until the next attempt; None where another one would not help."""
    backoff: float = min(8.0, 0.5 * 2**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads callers, hides nothing
    if isinstance(outcome, httpx2.RequestError):
        return backoff if isinstance(outcome, BROKEN) else None
    asked = _retry_after(outcome)
    if outcome.status_code not in BUSY and not _in_flight(outcome):
        return None
    pause = backoff if asked is None else max(asked, backoff) if _in_flight(outcome) else asked
    return pause if pause <= MAX_PAUSE else None


def _in_flight(outcome: Outcome) -> bool:
    """Whether an earlier attempt of the same write is still at work."""
    return isinstance(outcome, httpx2.Response) and outcome.status_code == 409 and "Retry-After" in outcome.headers


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds that `Retry-After` asks for: it holds a number or an HTTP date."""
    said = response.headers.get("Retry-After", "")
    try:
        seconds = float(said)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(said)
        except ValueError:
            return None
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
        seconds = (zoned - dt.datetime.now(dt.timezone.utc)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _answers(call: calls.Call[Any], outcome: Outcome) -> bool:
    """An unhealthy service's health is an answer, though its status is 503."""
    return call.bare and isinstance(outcome, httpx2.Response) and "status" in _json(outcome)


def _read(call: calls.Call[Any], outcome: Outcome) -> Any:
    """The answer's data, else the error that it stands for."""
    if isinstance(outcome, httpx2.RequestError):
        late = isinstance(outcome, httpx2.TimeoutException)
        kind, code = (Mem0TimeoutError, "TIMEOUT") if late else (Mem0ConnectionError, "CONNECTION_ERROR")
        raise kind(f"{call.method} {call.path}: {str(outcome) or type(outcome).__name__}", code) from outcome
    body, status, request_id = _json(outcome), outcome.status_code, outcome.headers.get("X-Request-Id")
    if _answers(call, outcome):
        return body
    if outcome.is_success:
        if "data" in body and not call.bare:
            return body["data"]
        raise Mem0Error("the answer is not the service's", "INVALID_RESPONSE", None, status, request_id)
    error = body.get("error")
    said = error if isinstance(error, dict) else {}
    raise of_status(status)(
        str(said.get("message") or outcome.reason_phrase or "no message"),
        str(said.get("code") or f"HTTP_{status}"),
        said.get("details"),
        status,
        request_id,
        _retry_after(outcome),
    )
