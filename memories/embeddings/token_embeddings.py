"""Token embeddings of 64 signed bytes each, for late interaction (ColBERT, Khattab and Zaharia, SIGIR 2020).

A matrix projects the model's last layer for a token from 384 to 64 dimensions. It was fitted once, on public chat text,
by a singular value decomposition. Stop words and punctuation are left out.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memories.embeddings.base import TokenMatrix

DIMENSIONS = 64
MODEL = "all-MiniLM-L6-v2/64"
PROJECTION = Path(__file__).with_name("proj64.npy")
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
MARKS = ("?", ".", ",", "!", "'", "’", "-", '"', "(", ")", ":", ";", "*", "[CLS]", "[SEP]", "...", "…")


class Vocabulary(Protocol):
    def token_to_id(self, token: str) -> int | None: ...


def dropped(vocabulary: Vocabulary) -> frozenset[int]:
    """The ids of tokens without meaning of their own."""
    ids = (vocabulary.token_to_id(piece) for piece in (*STOP_WORDS, *MARKS))
    return frozenset(i for i in ids if i is not None)


@cache
def _projection() -> npt.NDArray[np.float32]:
    matrix: npt.NDArray[np.float32] = np.load(PROJECTION)
    return matrix


def compress(ids: list[int], layer: npt.NDArray[np.float32], without: Collection[int]) -> TokenMatrix:
    """`layer` (tokens × 384, one row for each of `ids`) as bytes, without the tokens `without` unless there are no
    others."""
    kept = [place for place, piece in enumerate(ids) if piece not in without] or list(range(len(ids)))
    narrow = _unit(_unit(layer[kept]) @ _projection())
    # Each row uses the whole range of a byte: its length, which was 1, is lost.
    largest = np.maximum(np.abs(narrow).max(axis=1, keepdims=True), 1e-12)
    scaled: TokenMatrix = np.round(narrow * (127 / largest)).astype(np.int8)
    return scaled


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    unit: npt.NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit


def load(stored: bytes | memoryview) -> TokenMatrix:
    """The matrix that was stored with `tobytes()`."""
    return np.frombuffer(stored, np.int8).reshape(-1, DIMENSIONS)
