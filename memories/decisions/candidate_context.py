"""Features of a candidate among the other candidates of one statement: is another one a better target?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memories.decisions import overlap
from memories.decisions.texts import Text

# Measures of nearness of which the rank and the distance to the best other candidate are features.
RANKED = ("soft_new", "hard_new", "mean_cosine", "gram_new_in_old")
PLACES = ("rank", "gap")
NAMES = [
    "candidates",
    "own_words",
    "own_share",
    "own_rank",
    "elsewhere_new",
    "elsewhere_new_most",
    "elsewhere_old",
    "elsewhere_old_most",
    "fresh_new",
    *(f"{place}_{name}" for name in RANKED for place in PLACES),
]
_PLACES = [overlap.NAMES.index(name) for name in RANKED]


def compare(new: Text, olds: Sequence[Text], overlaps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The values of NAMES, [candidates, len(NAMES)]. `overlaps`: the features of `overlap`, [candidates, …]."""
    values = np.zeros((len(olds), len(NAMES)), np.float32)
    own = _words(new, olds, values)
    values[:, 0] = min(len(olds), 8)
    values[:, 3] = _rank(own)
    start = NAMES.index(f"{PLACES[0]}_{RANKED[0]}")
    for i, place in enumerate(_PLACES):
        column = overlaps[:, place]
        values[:, start + 2 * i] = _rank(column)
        values[:, start + 1 + 2 * i] = column - _best_other(column)
    return values


def _words(new: Text, olds: Sequence[Text], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill the columns of words by rarity, and return the first. "own": the words that the new text shares with the
    candidate, less where other candidates share them too. "elsewhere": the words that only one of the two texts has,
    but another candidate too: they name another known thing. "fresh": the words of the new text in no candidate."""
    weight = _weights(new)
    times = Counter(word for old in olds for word in old.bag)
    fresh = sum(value for word, value in weight.items() if word not in times)
    total = max(sum(weight.values()), 1e-9)
    for row, old in zip(values, olds, strict=True):
        own = sum(value / times[word] for word, value in weight.items() if word in old.bag)
        of_new = [value for word, value in weight.items() if word in times and word not in old.bag]
        of_old = [value for word, value in _weights(old).items() if times[word] > 1 and word not in new.bag]
        row[1:3] = own, own / total
        row[4:9] = sum(of_new), max(of_new, default=0.0), sum(of_old), max(of_old, default=0.0), fresh
    return values[:, 1]


def _weights(text: Text) -> dict[str, float]:
    """The rarity of each word with content, by its stem."""
    return {text.stems[i]: rarity + 0.2 for i, rarity in zip(text.content, text.rarity.tolist(), strict=True)}


def _rank(column: NDArray[np.float32]) -> NDArray[np.float32]:
    """The number of candidates with a higher value."""
    return np.asarray((column[None] > column[:, None]).sum(1), np.float32)


def _best_other(column: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest value of the other candidates; 0 where there are none."""
    if len(column) < 2:
        return np.zeros_like(column)
    top = np.argsort(column)[-2:]
    best = np.full_like(column, column[top[1]])
    best[top[1]] = column[top[0]]
    return best
