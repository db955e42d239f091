"""Reciprocal rank fusion of ranked lists. Pure. (Cormack, Clarke, Büttcher, SIGIR 2009; k = 60)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

K = 60

T = TypeVar("T")


def fuse(rankings: Sequence[Sequence[T]]) -> list[tuple[T, float]]:
    """Best first, with scores in (0, 1]: the sum of 1 / (K + rank), divided by the sum of whoever leads every list.

    An empty list has no say (a question of stop words alone still finds by meaning). Ties keep the order of the
    first list that has them.
    """
    heard = [ranking for ranking in rankings if ranking]
    sums: dict[T, float] = {}
    for ranking in heard:
        for rank, item in enumerate(ranking, start=1):
            sums[item] = sums.get(item, 0.0) + 1 / (K + rank)
    most = len(heard) / (K + 1)
    return sorted(((item, total / most) for item, total in sums.items()), key=lambda pair: -pair[1])
