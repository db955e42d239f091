"""Any server with an OpenAI-compatible `/v1/embeddings`: OpenAI, Ollama, vLLM, Text Embeddings Inference, llama.cpp."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import openai
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core import http_client
from core.monitoring import metrics
from memories.embeddings.base import Vectors
from memories.errors import ProviderRefused, ProviderUnavailable

BATCH_TEXTS = 128
CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
_HINTS = {
    401: "check EMBEDDING_API_KEY",
    403: "check EMBEDDING_API_KEY",
    404: "check EMBEDDING_BASE_URL and EMBEDDING_MODEL",
}


class OpenAICompatibleEmbedder:
    """`base_url` ends before `/embeddings` and may be an address of the own network; the server's `model` must give
    `dimensions` numbers. An empty `api_key` serves servers that want none. `read` is the wait in seconds for each
    request of at most 128 texts. It retries nothing: the caller's task does."""

    def __init__(
        self, *, base_url: str, api_key: str, model: str, dimensions: int,
        connect: float = CONNECT_SECONDS, read: float = READ_SECONDS,
    ) -> None:  # fmt: skip
        self.model = model
        self.dimensions = dimensions
        self._client = client_of(base_url=base_url, api_key=api_key, connect=connect, read=read)

    def warm(self) -> None:
        """Nothing: what is slow is the server, and a start must not depend on it."""

    @metrics.embedding("openai")
    def embed(self, texts: Sequence[str]) -> Vectors:
        batches = [self._batch(texts[i : i + BATCH_TEXTS]) for i in range(0, len(texts), BATCH_TEXTS)]
        return np.concatenate(batches) if batches else np.zeros((0, self.dimensions), np.float32)

    def _batch(self, texts: Sequence[str]) -> Vectors:
        # OpenAI refuses an empty string, and UTF-8 can't say a lone surrogate.
        sent = [text.encode("utf-8", "replace").decode("utf-8") or " " for text in texts]
        try:
            answer: object = self._client.embeddings.create(model=self.model, input=sent, encoding_format="float")
        except openai.APIStatusError as error:
            raise _from_status(error) from None  # the chain would carry the server's words, and they may quote a text
        except openai.APITimeoutError:
            raise ProviderUnavailable("The embedding server did not answer in time.") from None
        except openai.APIConnectionError as error:
            raise ProviderUnavailable("The embedding server can't be reached.") from error
        except (openai.OpenAIError, ValueError):  # ValueError: a body that is not JSON
            raise ProviderUnavailable("The embedding server's answer can't be read.") from None
        return self._vectors(_in_order(answer, len(texts)))

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


def client_of(*, base_url: str, api_key: str, connect: float, read: float) -> openai.OpenAI:
    """The library's client through ours, without retries: its caller's task tries again."""
    client = http_client.client(connect=connect, read=read, environment_proxies=True)
    made = openai.OpenAI(
        # Never None: the library would then take its own environment variables instead of ours.
        api_key=api_key or "none",
        base_url=base_url,
        timeout=client.timeout,
        max_retries=0,
        http_client=client,
    )
    made.organization = made.project = None  # OPENAI_ORG_ID and OPENAI_PROJECT_ID aren't settings
    return made


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
    """The vectors by their `index`. The library doesn't check what a server sends, so nothing is taken for granted."""
    data = getattr(answer, "data", None)
    if not isinstance(data, list):
        raise ProviderUnavailable("The embedding server's answer can't be read.")
    if len(data) != count:
        raise ProviderRefused(f"The embedding server sent {len(data)} vectors for {count} texts.")
    found = {getattr(item, "index", None): getattr(item, "embedding", None) for item in data}
    if set(found) != set(range(count)):
        raise ProviderRefused("The embedding server did not number its vectors.")
    return [found[index] for index in range(count)]


def _from_status(error: openai.APIStatusError) -> ProviderUnavailable | ProviderRefused:
    status = error.status_code
    code = error.code if isinstance(error.code, str) and re.fullmatch(r"[\w.-]{1,64}", error.code) else ""
    said = f"The embedding server answered {status}{f' ({code})' if code else ''}"
    if status in (408, 429) or status >= 500:
        return ProviderUnavailable(f"{said}.")
    return ProviderRefused(f"{said}: {_HINTS.get(status, 'check the EMBEDDING_ settings')}.")
