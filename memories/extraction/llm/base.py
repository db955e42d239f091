"""The interface of chats and their errors. Each error means that the same write may be retried."""

from __future__ import annotations

import datetime as dt
import functools
import json
import logging
import re
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from core import http_client
from core.clock import now
from memories.errors import ProviderUnavailable

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
MAX_ANSWER_BYTES = 2_000_000  # bytes: 50 facts of 1,000 characters, many times over
MAX_RETRY_AFTER = 3600.0  # seconds that a server may ask for
_HINTS = {
    401: "check LLM_API_KEY",
    403: "check LLM_API_KEY",
    404: "check LLM_BASE_URL and LLM_MODEL",
}


class ModelFailed(ProviderUnavailable):
    """No result this time; the write is retried, and finally the rules read it.

    `retry_after`: the seconds that the server asked for, if it did.
    """

    default_message = "The language model did not answer."

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ModelUnavailable(ModelFailed):
    """Unavailable, overloaded or too slow."""


class ModelRefused(ModelFailed):
    """The model declined to answer, or the settings are wrong for its server."""


class BrokenAnswer(ModelFailed):
    """The response cannot be parsed."""


class Chat(Protocol):
    """One prompt, one response. Thread-safe."""

    @property
    def model(self) -> str:
        """The name of the model on the server."""

    def complete(self, system: str, user: str) -> str:
        """The model's response: text that should be JSON. Retries nothing. Raises ModelFailed."""

    def probe(self) -> None:
        """Probe the server without calling the model. Raises ModelFailed."""


def collected(pieces: Iterable[bytes], deadline: float) -> bytes:
    """A body, unless it is still coming at `deadline` (of `time.monotonic()`) or endless. Raises ModelUnavailable."""
    body = bytearray()
    try:
        for piece in pieces:
            body += piece
            if time.monotonic() > deadline or len(body) > MAX_ANSWER_BYTES:
                raise too_slow()
    except http_client.ERRORS:
        raise ModelUnavailable("The language model's server broke off, or did not answer in time.") from None
    return bytes(body)


def parsed(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a response. Raises BrokenAnswer."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BrokenAnswer("The language model's server did not send a JSON object.")
    return found


def left(deadline: float) -> float:
    """Seconds until the deadline. Raises ModelUnavailable when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise too_slow()
    return seconds


def too_slow() -> ModelUnavailable:
    return ModelUnavailable("The language model did not answer in time.")


def from_status(status: int, headers: Mapping[str, str], code: object = None) -> ModelFailed:
    """The error for a status other than 2xx. `code` is the server's error code; any other text is left out, since it
    may quote input."""
    named = f" ({code})" if isinstance(code, str) and re.fullmatch(r"[\w.-]{1,64}", code) else ""
    said = f"The language model's server answered {status}{named}"
    if status in (408, 425, 429) or status >= 500:
        return ModelUnavailable(f"{said}.", retry_after=_wait(headers.get("retry-after", "")))
    message = f"{said}: {_HINTS.get(status, 'check the LLM_ settings')}."
    if status in _HINTS:
        _log_once(message)
    return ModelRefused(message)


@functools.cache
def _log_once(message: str) -> None:
    """Log an operator's mistake once, for any number of writes."""
    log.error(message)


def _wait(header: str) -> float | None:
    """Seconds, from either form of Retry-After."""
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", header.strip()):
        return min(float(header), MAX_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return min(max((until - now()).total_seconds(), 0.0), MAX_RETRY_AFTER)
