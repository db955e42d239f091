"""The committed weights of the pair model come from the committed data, and numpy computes as scikit-learn does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from memories.decisions import model, pair_features, texts
from memories.decisions.decide import Candidate, judge
from training.pairs import data, train

SAMPLE = 200  # pairs


@pytest.fixture(scope="module")
def sampled() -> list[data.LabelledStatement]:
    """Every so many-th statement of the timelines."""
    told = [statement for timeline in data.timelines()[::12] for statement in data.statements_of(timeline)]
    return told[:: max(1, len(told) // 60)]


def table(statements: list[data.LabelledStatement]) -> pair_features.Features:
    return np.vstack(
        [pair_features.compare(texts.read(s.text), [texts.read(c.text) for c in s.candidates]) for s in statements]
    )


def test_the_weights_belong_to_the_data() -> None:
    manifest = json.loads(train.MANIFEST.read_text("utf-8"))
    assert manifest["data"] == train.data_hash()
    assert manifest["weights"] == train.manifest()["weights"]


def test_the_weights_predict_as_they_did_when_they_were_trained(sampled: list[data.LabelledStatement]) -> None:
    """The manifest has the probabilities of some pairs; other features or weights would give others."""
    expected = json.loads(train.MANIFEST.read_text("utf-8"))["predictions"]
    assert train.predictions(model.default()) == pytest.approx(expected, abs=2e-3)
    assert len(expected) == SAMPLE


def test_numpy_computes_as_scikit_learn_does(tmp_path: Path, sampled: list[data.LabelledStatement]) -> None:
    pytest.importorskip("sklearn")
    from training.pairs import fit

    fitted = fit.fit(fit.table(sampled, [fit.compared(statement) for statement in sampled]), forests=1)
    fit.write(fit.export(fitted, fit.THRESHOLDS), tmp_path / "pairs.npz")
    read, x = model.read(tmp_path / "pairs.npz"), table(sampled)[:SAMPLE]
    assert len(x) == SAMPLE
    assert np.abs(read.probabilities(x) - fitted.probabilities(x)).max() < 1e-5


def test_the_same_data_give_the_same_weights(tmp_path: Path, sampled: list[data.LabelledStatement]) -> None:
    pytest.importorskip("sklearn")
    from training.pairs import fit

    for name in ("one.npz", "two.npz"):
        fitted = fit.fit(fit.table(sampled, [fit.compared(statement) for statement in sampled]), forests=1)
        fit.write(fit.export(fitted, fit.THRESHOLDS), tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_days_and_cosines_are_no_features() -> None:
    assert not {name for name in pair_features.NAMES if "day" in name or "gap_days" in name or name == "cosine"}
    near, far = (judge("The barge is moored at Ely", [Candidate("The barge is moored at Bray", c)]) for c in (0.9, 0.1))
    assert near == far


@pytest.mark.skipif("RETRAIN" not in os.environ, reason="trains for minutes: set RETRAIN")
def test_training_again_gives_the_committed_weights() -> None:
    from training.pairs import cv, fit

    everything = cv.Data()
    fitted = everything.fit([*everything.written, *everything.told])
    again = fit.export(fitted, dict(model.default().thresholds))
    assert np.array_equal(again.trees.feature, model.default().trees.feature)
    assert np.allclose(again.linear.coef, model.default().linear.coef, atol=1e-4)
