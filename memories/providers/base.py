"""What every provider promises. Providers get plain data and return plain data, so that no transaction can be held
across a call, and their time limits are fixed when they are made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from memories.statements import Known, Reading
from memories.types import Item
from memproject.common.errors import AppError, Unavailable

Vectors = NDArray[np.float32]
Pieces = NDArray[np.int8]  # word pieces × 64: a unit vector for each, scaled to ±127


class ProviderUnavailable(Unavailable):
    """Away, overloaded, too slow, or not installed yet: the same call may succeed later."""

    default_message = "The model provider is not available. Try again in a moment."


class ProviderRefused(AppError):
    """The provider's answer can't become right by asking again: a wrong key, model or dimension. An operator must
    act. The message names the setting, never a key or a text."""

    default_message = "The model provider refused the request."


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as recall reads them: one vector each, of length 1 (texts × dimensions), and one for each word piece.

    A text of stop words alone has all its pieces; without a model for pieces `pieces` is None. `unknown` is the share
    of each text's word pieces that the vocabulary of the model for pieces lacks, in 0–1; None: not known.
    """

    vectors: Vectors
    pieces: tuple[Pieces, ...] | None
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
class PieceEncoder(Embedder, Protocol):
    """An embedder that also gives the vectors of word pieces, out of the same run of its model."""

    @property
    def piece_model(self) -> str:
        """The name stored beside the vectors of word pieces."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """As `embed`, with the pieces."""


class ModelReader(Protocol):
    """A language model that reads writes (`memories.providers.llm.extractor`)."""

    @property
    def name(self) -> str:
        """The name of the model, stored with each statement."""

    def fits(self, items: Sequence[Item]) -> bool:
        """Whether one call can hold these items."""

    def read(
        self, items: Sequence[Item], *, roles: frozenset[str] | None, known: Sequence[Known], moment: dt.datetime
    ) -> Reading:
        """The statements of `items`, which fit, and their proposals for `known`. Raises ModelFailed."""

    def probe(self) -> None:
        """Ask whether the model's server answers. Raises ModelFailed."""
