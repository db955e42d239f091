"""An embedder without a model, for fast tests: texts with shared words are similar, and vectors are reproducible."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from core.monitoring import metrics
from memories.embeddings.base import Encoded, TokenMatrix, Vectors
from memories.embeddings.token_embeddings import DIMENSIONS, STOP_WORDS

_WORD = re.compile(r"\w+")
_POSITIONS = 4  # per word, each with a sign of its own: unrelated texts come out near 0


class FakeEmbedder:
    """A bag of hashed words: the cosine of two texts is about the share of shared words."""

    model = "fake-bag-of-words"
    dimensions = 384
    token_model = "fake-words"  # noqa: S105  the name of a model

    def warm(self) -> None:
        """There is nothing to load."""

    @metrics.embedding("fake")
    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4 * _POSITIONS).digest()
                for place in np.frombuffer(digest, "<u4"):
                    vector[int(place >> 1) % self.dimensions] += 1.0 if place & 1 else -1.0
            length = float(np.linalg.norm(vector))
            if length == 0.0:  # no word at all, or words that cancel out
                vector[0] = length = 1.0
            vector /= length
        return vectors

    def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded(self.embed(texts), tuple(_words(text) for text in texts))

    def encode_question(self, text: str) -> Encoded:
        return self.encode([text])


def _words(text: str) -> TokenMatrix:
    """One row for each word that isn't a stop word, the same for the same word; nearly orthogonal ones for others."""
    words = _WORD.findall(text.lower()) or [""]
    rows = [
        np.frombuffer(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=DIMENSIONS).digest(), np.int8)
        for word in [word for word in words if word not in STOP_WORDS] or words
    ]
    return np.stack(rows)


def from_settings() -> FakeEmbedder:
    """It takes no settings."""
    return FakeEmbedder()
