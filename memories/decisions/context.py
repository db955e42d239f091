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
NAMES = [
    "candidates own_words own_share own_rank",
    *(f"{place}_{name}" for name in RANKED for place in ("rank", "gap")),
]
NAMES = " ".join(NAMES).split()
_PLACES = [overlap.NAMES.index(name) for name in RANKED]


def compare(new: Text, olds: Sequence[Text], overlaps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The values of NAMES, [candidates, len(NAMES)]. `overlaps`: the features of `overlap`, [candidates, …]."""
    count = len(olds)
    values = np.zeros((count, len(NAMES)), np.float32)
    values[:, 0] = min(count, 8)
    own = _own_words(new, olds)
    total = sum(new.rarity) + 0.2 * len(new.rarity)
    values[:, 1] = own
    values[:, 2] = own / max(total, 1e-9)
    values[:, 3] = _rank(own)
    for i, place in enumerate(_PLACES):
        column = overlaps[:, place]
        values[:, 4 + 2 * i] = _rank(column)
        values[:, 5 + 2 * i] = column - _best_other(column)
    return values


def _own_words(new: Text, olds: Sequence[Text]) -> NDArray[np.float32]:
    """The rarity of the words that the new text shares with a candidate, less where other candidates share them too."""
    weight = {new.stems[i]: float(r) + 0.2 for i, r in zip(new.content, new.rarity, strict=True)}
    shared = [new.bag & old.bag for old in olds]
    times = Counter(word for words in shared for word in words)
    return np.array([sum(weight[word] / times[word] for word in sorted(words)) for words in shared], np.float32)


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
