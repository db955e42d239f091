"""Fitting, and cross-validation over texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from memories.extraction.name_types import TYPES
from training.name_types.data import NameRow

C = 0.5  # inverse strength of the L2 penalty
LEAST = 2  # names that must have a feature
FOLDS = 10
DIGITS = 3
Weights = dict[str, list[float]]


def fit(rows: Sequence[NameRow]) -> Weights:
    """Weights of the types in order, by feature; "" is the intercept. The same rows give the same weights."""
    from sklearn.linear_model import LogisticRegression

    count = Counter(feature for row in rows for feature in row.features)
    names = sorted(feature for feature, times in count.items() if times >= LEAST)
    found = np.array([[feature in row.features for feature in names] for row in rows], float)
    model = LogisticRegression(C=C, max_iter=2_000, tol=1e-6)
    model.fit(found, [row.type for row in rows])
    if tuple(model.classes_) != TYPES:
        raise ValueError("a type has no name in the data")
    columns = {"": model.intercept_, **dict(zip(names, model.coef_.T, strict=True))}
    return {name: [round(float(each), DIGITS) for each in column] for name, column in columns.items()}


def guessed(weights: Weights, features: frozenset[str]) -> str:
    scores = np.sum([weights[""], *(weights[each] for each in sorted(features) if each in weights)], axis=0)
    return TYPES[int(np.argmax(scores))]


def report(rows: Sequence[NameRow]) -> str:
    """The share of types that a model gets right which did not see the text, and what the others are taken for."""
    groups = sorted({row.group for row in rows})
    order = np.random.default_rng(0).permutation(len(groups))
    fold = {groups[at]: int(place) % FOLDS for place, at in enumerate(order)}
    pairs: Counter[tuple[str, str]] = Counter()
    for number in range(FOLDS):
        weights = fit([row for row in rows if fold[row.group] != number])
        pairs.update((r.type, guessed(weights, r.features)) for r in rows if fold[r.group] == number)
    right = sum(times for (wanted, found), times in pairs.items() if wanted == found)
    table = [" ".join([f"{wanted:9}", *(f"{pairs[wanted, found]:8}" for found in TYPES)]) for wanted in TYPES]
    header = " ".join([" " * 9, *(f"{name:>8}" for name in TYPES)])
    return "\n".join([f"{right} of {len(rows)} names ({right / len(rows):.3f})", header, *table])
