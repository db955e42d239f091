"""Static vectors of words, without context: no model runs.

The table holds the token embeddings of all-MiniLM-L6-v2 (Apache License 2.0), reduced by a principal component analysis
from 384 to 64 dimensions and rounded to 8 bits. `training/pairs/table.py` makes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 64
FIRST_WORD = 1995  # the pieces before it are signs, single letters and unused places
RARITY_SPLIT = 0.8  # the least rarity of a word of two pieces; 0.1 more for each further piece
MAX_WORD = 64  # characters of a word that are looked up

FILE = Path(__file__).parent / "weights" / "words.npz"

WordVectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Table:
    """`codes`: [pieces, DIMENSIONS], int8. `index`: the row of each piece; "##" begins a piece inside a word."""

    codes: NDArray[np.int8]
    index: dict[str, int]

    def pieces(self, word: str) -> list[int]:
        """The rows of the pieces of a lower-case word, longest piece first. The unknown piece where there is none."""
        row = self.index.get(word)
        if row is not None:
            return [row]
        word = _without_accents(word)[:MAX_WORD]
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            stop = next((e for e in range(len(word), start, -1) if prefix + word[start:e] in self.index), 0)
            if not stop:
                return [self.index["[UNK]"]]
            found.append(self.index[prefix + word[start:stop]])
            start = stop
        return found or [self.index["[UNK]"]]

    def read(self, words: Sequence[str]) -> tuple[WordVectors, WordVectors]:
        """Unit vectors [words, DIMENSIONS] of lower-case words, and their rarity [words]: 0 common … 1 rare."""
        rows = [self.pieces(word) for word in words]
        if not rows:
            return np.zeros((0, DIMENSIONS), np.float32), np.zeros(0, np.float32)
        lengths = np.array([len(row) for row in rows])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        flat = self.codes[np.array([piece for row in rows for piece in row])].astype(np.float32)
        sums = np.add.reduceat(flat, starts, axis=0)
        first = np.maximum(np.array([row[0] for row in rows]) - FIRST_WORD, 0)
        rarity = np.log1p(first) / np.log1p(len(self.index) - FIRST_WORD)
        split = np.minimum(RARITY_SPLIT + 0.1 * (lengths - 2), 1.0)
        return unit(sums), np.where(lengths > 1, np.maximum(rarity, split), rarity).astype(np.float32)


def unit(rows: WordVectors) -> WordVectors:
    """Each row with length 1; a row of zeros stays."""
    norm = np.sqrt((rows * rows).sum(-1, keepdims=True))
    return np.asarray(rows / np.maximum(norm, 1e-9), np.float32)


@cache
def table() -> Table:
    """The table of the package, read at the first use (20 ms, 4 MB)."""
    with np.load(FILE) as file:
        pieces = file["pieces"].tobytes().decode().split("\n")
        return Table(file["codes"], {piece: row for row, piece in enumerate(pieces)})


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")
