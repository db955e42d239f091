"""Token embeddings of 64 signed bytes each, for late interaction (ColBERT, Khattab and Zaharia, SIGIR 2020).

A matrix projects the model's last layer for a token from 384 to 64 dimensions, after the mean of all tokens is taken
away where it is long. Both were fitted once, on public chat text (`training/local_models`). Stop words and
punctuation are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memories.embeddings.base import TokenMatrix

Rows = npt.NDArray[np.float32]

DIMENSIONS = 64  # of one network
STOP_WORDS = [
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "cannot",
    "could",
    "d",
    "did",
    "do",
    "does",
    "doing",
    "don",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "get",
    "got",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "let",
    "ll",
    "m",
    "many",
    "may",
    "me",
    "might",
    "more",
    "most",
    "much",
    "must",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "ought",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "re",
    "s",
    "same",
    "shan",
    "she",
    "should",
    "so",
    "some",
    "such",
    "t",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "us",
    "ve",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "won",
    "would",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
]
MARKS = (
    "<s>",
    "</s>",
    "▁",
    "?",
    ".",
    ",",
    "!",
    "'",
    "’",
    "-",
    '"',
    "(",
    ")",
    ":",
    ";",
    "*",
    "[CLS]",
    "[SEP]",
    "...",
    "…",
)


class Vocabulary(Protocol):
    def token_to_id(self, token: str) -> int | None: ...


def dropped(vocabulary: Vocabulary) -> frozenset[int]:
    """The ids of tokens without meaning of their own."""
    pieces = (*STOP_WORDS, *MARKS)  # "▁" begins a word in a vocabulary of SentencePiece
    ids = (vocabulary.token_to_id(piece) for piece in (*pieces, *(f"▁{piece}" for piece in pieces)))
    return frozenset(i for i in ids if i is not None)


@dataclass(frozen=True)
class FittedArrays:
    """What was fitted for a network (`training/local_models`).

    `mean` [width]: of the unit vectors of tokens. `matrix` [width, 64]. `passages`, `questions` [width]: the mean of
    the vectors of stored texts and of questions; None: not to be taken away. Vectors of some models all point the same
    way, and questions another: without it a cosine of theirs says little, and thresholds don't fit (docs/models.md).
    """

    mean: Rows
    matrix: Rows
    passages: Rows | None
    questions: Rows | None

    def narrow(self, layer: Rows) -> Rows:
        """Vectors of length 1 in 64 dimensions, from rows of the last layer."""
        centred: Rows = unit(layer) - self.mean
        return unit(centred @ self.matrix)

    def centred(self, vectors: Rows, *, question: bool) -> Rows:
        """Vectors of texts, of length 1."""
        mean = self.questions if question else self.passages
        return vectors if mean is None else unit(vectors - mean)


@cache
def fitted(name: str) -> FittedArrays:
    """Read a file of this package."""
    with np.load(Path(__file__).with_name(name)) as file:
        return FittedArrays(file["mean"], file["matrix"], *(file.get(part) for part in ("passages", "questions")))


def kept(ids: Sequence[int], without: Collection[int], first: int = 0) -> list[int]:
    """The places of tokens that mean something, from `first` on; all of these if there are no others."""
    places = range(first, len(ids))
    return [place for place in places if ids[place] not in without] or list(places)


def pack(narrow: Rows) -> TokenMatrix:
    """Bytes of vectors of length 1. Each row uses the whole range of a byte: its length is lost."""
    largest = np.maximum(np.abs(narrow).max(axis=1, keepdims=True), 1e-12)
    scaled: TokenMatrix = np.round(narrow * (127 / largest)).astype(np.int8)
    return scaled


def unit(rows: Rows) -> Rows:
    """Each row with length 1; a row of zeros stays."""
    scaled: Rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return scaled


def width(token_model: str) -> int:
    """Bytes of a token under the model of this name, which ends in it unless it is 64."""
    _, _, number = token_model.rpartition("/")
    return int(number) if number.isdecimal() else DIMENSIONS


def load(stored: bytes | memoryview, token_model: str) -> TokenMatrix:
    """The matrix that was stored with `tobytes()`."""
    return np.frombuffer(stored, np.int8).reshape(-1, width(token_model))
