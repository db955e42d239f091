"""The interface of every embedder. Embedders get plain data and return plain data, so that no transaction can be held
across a call, and their time limits are fixed when they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
TokenMatrix = NDArray[np.int8]  # word pieces × 64: a unit vector for each, scaled to ±127


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as recall reads them: one vector each, of length 1 (texts × dimensions), and one for each word piece.

    A text of stop words alone has all its pieces; without a model for pieces `token_embeddings` is None. `unknown` is
    the share of each text's word pieces that the vocabulary of the model for pieces lacks, in 0–1; None: not known.
    """

    vectors: Vectors
    token_embeddings: tuple[TokenMatrix, ...] | None
    unknown: tuple[float, ...] | None = None


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their likeness. Safe to use from several threads."""

    @property
    def model(self) -> str:
        """The name stored beside each vector: vectors of different names are never compared."""

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in the order given: float32, shape (len(texts), dimensions), each of length 1.

        No texts give shape (0, dimensions); an empty text gives a vector too. What is beyond the model's window
        doesn't count. Raises ProviderUnavailable or ProviderRefused.
        """

    def warm(self) -> None:
        """Do now what would make the first `embed` of this process slow. Raises like `embed`; may do nothing."""


@runtime_checkable
class TokenEncoder(Embedder, Protocol):
    """An embedder that also gives the vectors of word pieces, out of the same run of its model."""

    @property
    def token_model(self) -> str:
        """The name stored beside the vectors of word pieces."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """As `embed`, with the pieces."""
