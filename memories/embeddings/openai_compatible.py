"""Any server with an OpenAI-compatible `/v1/embeddings`: OpenAI, Ollama, vLLM, Text Embeddings Inference, llama.cpp.

One POST over a kept-alive connection, without the library `openai`: its client took 7 ms of CPU for a question.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence

import numpy as np
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core import http_client
from core.monitoring import metrics
from memories.embeddings.base import Vectors
from memories.errors import ProviderRefused, ProviderUnavailable

BATCH_TEXTS = 128
CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
TEXT_BYTES = 128 * 1024  # of an answer for one text: 4,096 numbers of 32 characters
ERROR_BYTES = 64 * 1024  # of an answer without vectors
_HINTS = {
    401: "check EMBEDDING_API_KEY",
    403: "check EMBEDDING_API_KEY",
    404: "check EMBEDDING_BASE_URL and EMBEDDING_MODEL",
}


class OpenAICompatibleEmbedder:
    """`base_url` ends before `/embeddings` and may be an address of the own network; the server's `model` must give
    `dimensions` numbers. An empty `api_key` serves servers that want none. `read` is the wait in seconds for each
    response to at most 128 texts. It retries nothing: the caller's task does."""

    def __init__(
        self, *, base_url: str, api_key: str, model: str, dimensions: int,
        connect: float = CONNECT_SECONDS, read: float = READ_SECONDS,
    ) -> None:  # fmt: skip
        self.model = model
        self.dimensions = dimensions
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._headers = {"Authorization": f"Bearer {api_key or 'none'}", "Content-Type": "application/json"}
        self._seconds = connect + read
        self._client = http_client.client(connect=connect, read=read, environment_proxies=True)

    def warm(self) -> None:
        """Nothing: what is slow is the server, and a start must not depend on it."""

    @metrics.embedding("openai")
    def embed(self, texts: Sequence[str]) -> Vectors:
        batches = [self._batch(texts[i : i + BATCH_TEXTS]) for i in range(0, len(texts), BATCH_TEXTS)]
        return np.concatenate(batches) if batches else np.zeros((0, self.dimensions), np.float32)

    def _batch(self, texts: Sequence[str]) -> Vectors:
        # OpenAI refuses an empty string, and UTF-8 can't say a lone surrogate.
        sent = [text.encode("utf-8", "replace").decode("utf-8") or " " for text in texts]
        body = {"model": self.model, "input": sent, "encoding_format": "float"}
        status, answer = self._post(json.dumps(body).encode(), ERROR_BYTES + len(sent) * TEXT_BYTES)
        if not 200 <= status < 300:
            raise _from_status(status, answer) from None  # no chain, as it would carry the server's words
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            raise _parse_error() from None
        return self._vectors(_in_order(found, len(texts)))

    def _post(self, body: bytes, most: int) -> tuple[int, bytes]:
        """(status, at most `most` bytes of body). Raises ProviderUnavailable, and ProviderRefused for a longer one."""
        deadline, answer = time.monotonic() + self._seconds, bytearray()
        try:
            with self._client.stream("POST", self._url, content=body, headers=self._headers) as response:
                for piece in response.iter_bytes():
                    answer += piece
                    if len(answer) > most:
                        raise ProviderRefused("The embedding server's answer is too long.")
                    if time.monotonic() > deadline:
                        raise _late()
                return response.status_code, bytes(answer)
        except http_client.TIMEOUTS:
            raise _late() from None
        except http_client.UNREADABLE:
            raise _parse_error() from None
        except http_client.ERRORS as error:
            raise ProviderUnavailable("The embedding server can't be reached.") from error

    def _vectors(self, rows: list[object]) -> Vectors:
        for row in rows:
            if not isinstance(row, list):
                raise ProviderRefused("The embedding server did not send lists of numbers.")
            if len(row) != self.dimensions:
                raise ProviderRefused(
                    f"The embedding server sent vectors of {len(row)} numbers, but EMBEDDING_DIM is {self.dimensions}."
                )
        try:
            vectors = np.array(rows, np.float64)
        except (TypeError, ValueError):
            raise ProviderRefused("The embedding server did not send lists of numbers.") from None
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise ProviderRefused("The embedding server sent a vector that is zero or not finite.")
        unit: Vectors = (vectors / lengths).astype(np.float32)
        return unit


def from_settings() -> OpenAICompatibleEmbedder:
    """As configured by EMBEDDING_BASE_URL, EMBEDDING_API_KEY, EMBEDDING_MODEL and EMBEDDING_DIM."""
    for name in ("EMBEDDING_BASE_URL", "EMBEDDING_MODEL"):
        if not getattr(settings, name):
            raise ImproperlyConfigured(f"EMBEDDING_PROVIDER 'openai' needs {name}.")
    return OpenAICompatibleEmbedder(
        base_url=settings.EMBEDDING_BASE_URL,
        api_key=settings.EMBEDDING_API_KEY,
        model=settings.EMBEDDING_MODEL,
        dimensions=settings.EMBEDDING_DIM,
    )


def _in_order(answer: object, count: int) -> list[object]:
    """The vectors by their `index`. Nothing about a server's answer is taken for granted."""
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(data, list):
        raise _parse_error()
    if len(data) != count:
        raise ProviderRefused(f"The embedding server sent {len(data)} vectors for {count} texts.")
    items = [item for item in data if isinstance(item, Mapping) and isinstance(item.get("index"), int)]
    found = {item["index"]: item.get("embedding") for item in items}
    if set(found) != set(range(count)):
        raise ProviderRefused("The embedding server did not number its vectors.")
    return [found[index] for index in range(count)]


def _from_status(status: int, answer: bytes) -> ProviderUnavailable | ProviderRefused:
    """Without the server's words, which may quote a text; only its error code is named."""
    code = _code(answer)
    said = f"The embedding server answered {status}{f' ({code})' if code else ''}"
    if status in (408, 429) or status >= 500:
        return ProviderUnavailable(f"{said}.")
    return ProviderRefused(f"{said}: {_HINTS.get(status, 'check the EMBEDDING_ settings')}.")


def _code(answer: bytes) -> str:
    """The code of an error; "" if it has none, or one that may be a text."""
    try:
        code = json.loads(answer)["error"]["code"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[\w.-]{1,64}", code) else ""


def _late() -> ProviderUnavailable:
    return ProviderUnavailable("The embedding server did not answer in time.")


def _parse_error() -> ProviderUnavailable:
    return ProviderUnavailable("The embedding server's answer can't be read.")
