"""Fitting: features seen a few times become columns of a logistic regression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from memories.extraction.keep_gate import Model
from training.keep_gate.data import GateRow

C = 2.0  # inverse strength of the L2 penalty
LEAST = 6  # rows in which a word must stand
LEXICAL = ("w ", "p ", "f ", "l ")
SCALE = 0.5  # of a word's column against the others: a smaller one is penalised more
DIGITS = 4


def fit(
    rows: Sequence[GateRow], *, c: float = C, least: int = LEAST, scale: float = SCALE, threshold: float = 0.5
) -> Model:
    """Deterministic: the same rows in the same order give the same weights. Rows labelled `either` are left out."""
    from sklearn.linear_model import LogisticRegression

    used = [row for row in rows if row.label != "either" and row.rule is None]
    found = [row.features() for row in used]
    names = columns(found, least)
    model = LogisticRegression(C=c, max_iter=2_000, tol=1e-6, solver="lbfgs")
    model.fit(
        matrix(found, names, scale),
        np.array([row.label == "keep" for row in used], int),
        sample_weight=np.array([row.weight for row in used]),
    )
    by_name = {
        name: round(float(weight) * (scale if name.startswith(LEXICAL) else 1.0), DIGITS)
        for name, weight in zip(names, model.coef_[0], strict=True)
    }
    kept = {name: weight for name, weight in by_name.items() if weight}
    return Model(round(float(model.intercept_[0]), DIGITS), threshold, kept)


def columns(found: Sequence[dict[str, float]], least: int = LEAST) -> list[str]:
    count = Counter(name for row in found for name in row)
    return sorted(name for name, times in count.items() if times >= least)


def matrix(found: Sequence[dict[str, float]], names: Sequence[str], scale: float = SCALE) -> Any:
    from scipy.sparse import csr_matrix

    at = {name: column for column, name in enumerate(names)}
    rows, places, values = [], [], []
    for number, row in enumerate(found):
        for name, value in sorted(row.items()):
            if name in at:
                rows.append(number)
                places.append(at[name])
                values.append(value * (scale if name.startswith(LEXICAL) else 1.0))
    return csr_matrix((values, (rows, places)), shape=(len(found), len(names)))
