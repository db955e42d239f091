"""What every chat promises, and how it fails: always so that the same write may be tried again."""

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
    """There is no reading this time; the write's row tries again, and at last the rules answer.

    `retry_after`: the seconds that the server asked for, if it did.
    """

    default_message = "The language model did not answer."

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ModelUnavailable(ModelFailed):
    """Away, overloaded or too slow."""


class ModelRefused(ModelFailed):
    """It would not answer: it declined, or the settings are wrong for its server."""


class BrokenAnswer(ModelFailed):
    """It answered, but not what can be read."""


class Chat(Protocol):
    """One question, one answer. Safe to use from several threads."""

    @property
    def model(self) -> str:
        """The name that the server knows the model by."""

    def complete(self, system: str, user: str) -> str:
        """The model's answer: text that should be JSON. Retries nothing. Raises ModelFailed."""

    def probe(self) -> None:
        """Ask whether the server is there, without asking the model. Raises ModelFailed."""


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
    """The object that a server sent. Raises BrokenAnswer."""
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
    """What an answer other than 2xx means. `code` is the server's word for it; anything but a code is left out, since
    it may quote a text."""
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
    """An operator's mistake is one line, however many writes meet it."""
    log.error(message)


def _wait(header: str) -> float | None:
    """Seconds, by a Retry-After of either form."""
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", header.strip()):
        return min(float(header), MAX_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return min(max((until - now()).total_seconds(), 0.0), MAX_RETRY_AFTER)
