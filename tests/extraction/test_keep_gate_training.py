"""The committed weights come from the committed data, and the service computes what scikit-learn computes."""

from __future__ import annotations

import hashlib
import json

import pytest

pytest.importorskip("sklearn")

import numpy as np
from sklearn.linear_model import LogisticRegression

from memories.extraction import keep_gate
from training.keep_gate import data
from training.keep_gate.__main__ import HASHES, THRESHOLD
from training.keep_gate.fit import SCALE, C, columns, fit, matrix


@pytest.fixture(scope="module")
def rows() -> list[data.GateRow]:
    statements, others = data.read()
    return [*statements, *others]


def test_the_hashes_are_those_of_data_and_weights() -> None:
    assert json.loads(HASHES.read_text()) == {
        "data": data.digest(),
        "weights": hashlib.sha256(keep_gate.WEIGHTS.read_bytes()).hexdigest(),
    }


def test_the_weights_come_from_the_data(rows: list[data.GateRow]) -> None:
    again, committed = fit(rows, threshold=THRESHOLD), keep_gate.load()
    assert committed.threshold == THRESHOLD
    assert set(again.weights) ^ set(committed.weights) == set()
    found = [row.features() for row in rows[:956]]
    assert [committed.probability(f) for f in found] == pytest.approx([again.probability(f) for f in found], abs=1e-3)


def test_the_service_computes_what_scikit_learn_computes(rows: list[data.GateRow]) -> None:
    used = [row for row in rows if row.label != "either" and row.rule is None]
    found = [row.features() for row in used]
    names = columns(found)
    columns_of_all = matrix(found, names)
    theirs = LogisticRegression(C=C, max_iter=2_000, tol=1e-6)
    theirs.fit(
        columns_of_all,
        np.array([row.label == "keep" for row in used], int),
        sample_weight=np.array([row.weight for row in used]),
    )
    assert SCALE != 1
    ours = keep_gate.load()
    expected = theirs.predict_proba(columns_of_all[:200])[:, 1]
    assert [ours.probability(each) for each in found[:200]] == pytest.approx(list(expected), abs=1e-3)
