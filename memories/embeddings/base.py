"""The interface of embedders. They get and return plain data, so that no transaction is open during a call. Their time
limits are fixed at creation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
TokenMatrix = NDArray[np.int8]  # tokens × 64 (or a multiple): a unit vector for each token, scaled to ±127


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoded texts: one vector for each text, of length 1 (texts × dimensions), and one for each token.

    A text of stop words keeps all its tokens; without a token model `token_embeddings` is None. `unknown` is the share
    of each text's tokens that are not in the vocabulary of the token model, in 0–1; None: not known.
    """

    vectors: Vectors
    token_embeddings: tuple[TokenMatrix, ...] | None
    unknown: tuple[float, ...] | None = None


class Embedder(Protocol):
    """Converts texts into vectors; the dot product of two vectors is their similarity. Thread-safe."""

    @property
    def model(self) -> str:
        """The name stored with each vector: vectors of different models are never compared."""

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row for each text, in order: float32, shape (len(texts), dimensions), each of length 1.

        Without texts the shape is (0, dimensions); an empty text has a vector too. Text beyond the model's window is
        ignored. Raises ProviderUnavailable or ProviderRefused.
        """

    def warm(self) -> None:
        """Load what would make the first `embed` of this process slow. Raises like `embed`; may do nothing."""


@runtime_checkable
class TokenEncoder(Embedder, Protocol):
    """An embedder that also returns the vectors of tokens, from the same run of its model."""

    @property
    def token_model(self) -> str:
        """The name stored with token embeddings; empty if the model has none."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Like `embed`, with token embeddings."""

    def encode_question(self, text: str) -> Encoded:
        """One text that is compared with stored ones, never stored: one row. It may differ a little from the row that
        `encode` gives, so thresholds of decisions between stored texts don't hold for it."""
