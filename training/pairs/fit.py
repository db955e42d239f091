"""Fit the pair model with scikit-learn, and turn it into the arrays that `memories.decisions.model` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from memories.decisions import pair_features, texts
from memories.decisions.model import CLASSES, CLIP, Linear, PairModel, Trees
from training.pairs.data import LabelledStatement

FORESTS = 3
TREE_SHARE = 0.7
REGULARISATION = 0.01  # C of the logistic regression
FIRST_ACCEPTED = 0.7  # the share of the first of several accepted effects in the weight of a pair
BOOSTING = {
    "max_iter": 80,
    "learning_rate": 0.07,
    "max_leaf_nodes": 8,
    "l2_regularization": 10.0,
    "min_samples_leaf": 12,
    "max_features": 0.3,
    "early_stopping": False,
}
THRESHOLDS = {
    "drop_en": 0.58,
    "drop_other": 0.54,
    "end_en": 0.76,
    "drop_chat": 0.9,
    "end_chat": 0.95,
    "end_other": 0.75,
    "review": 0.45,
}


@dataclass(frozen=True, slots=True)
class SampleTable:
    """`x` [pairs, features]; `row` [samples] into it, with `y` and `weight`: a pair with several accepted effects is
    several samples."""

    x: pair_features.Features
    row: NDArray[np.int64]
    y: NDArray[np.int64]
    weight: NDArray[np.float64]


def samples(accept: Sequence[str]) -> list[tuple[int, float]]:
    """Classes and shares of the accepted effects."""
    if len(accept) == 1 or accept[0] == "extend":
        return [(CLASSES.index(accept[0]), 1.0)]
    rest = (1 - FIRST_ACCEPTED) / (len(accept) - 1)
    return [(CLASSES.index(effect), rest if i else FIRST_ACCEPTED) for i, effect in enumerate(accept)]


def compared(statement: LabelledStatement) -> pair_features.Features:
    """The features of a statement's candidates."""
    olds = [texts.read(candidate.text) for candidate in statement.candidates]
    return pair_features.compare(texts.read(statement.text), olds)


def table(statements: Sequence[LabelledStatement], compared_: Sequence[pair_features.Features]) -> SampleTable:
    """The samples of statements with the features of their candidates."""
    row, y, weight, at = [], [], [], 0
    for statement in statements:
        for candidate in statement.candidates:
            for label, share in samples(candidate.accept) if candidate.weight else ():
                row.append(at)
                y.append(label)
                weight.append(share * candidate.weight)
            at += 1
    return SampleTable(np.vstack(compared_), np.array(row), np.array(y), np.array(weight))


@dataclass(frozen=True, slots=True)
class Fitted:
    """The estimators of scikit-learn, with the standardisation of the logistic regression."""

    forests: list[Any]
    linear: Any
    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def probabilities(self, x: pair_features.Features) -> NDArray[np.float64]:
        """As scikit-learn computes them."""
        trees = np.mean([forest.predict_proba(x) for forest in self.forests], axis=0)
        linear = self.linear.predict_proba(_standardised(x, self.mean, self.std))
        return np.asarray(TREE_SHARE * trees + (1 - TREE_SHARE) * linear)


def _standardised(
    x: pair_features.Features, mean: NDArray[np.float32], std: NDArray[np.float32]
) -> pair_features.Features:
    return np.asarray(np.clip((x - mean) / std, -CLIP, CLIP), np.float32)


def fit(data: SampleTable, forests: int = FORESTS) -> Fitted:
    """Deterministic: the seeds are fixed."""
    x = data.x[data.row]
    grown = [
        HistGradientBoostingClassifier(random_state=seed, **BOOSTING).fit(x, data.y, sample_weight=data.weight)
        for seed in range(forests)
    ]
    mean, std = x.mean(0), x.std(0) + np.float32(1e-6)
    linear = LogisticRegression(C=REGULARISATION, max_iter=300, tol=1e-3)
    linear.fit(_standardised(x, mean, std), data.y, sample_weight=data.weight)
    return Fitted(grown, linear, mean, std)


def export(fitted: Fitted, thresholds: dict[str, float]) -> PairModel:
    """The model in the arrays of the service."""
    linear = Linear(
        fitted.linear.coef_.astype(np.float32), fitted.linear.intercept_.astype(np.float32), fitted.mean, fitted.std
    )
    return PairModel(pair_features.NAMES, _trees(fitted.forests), linear, TREE_SHARE, thresholds)


def _trees(forests: Sequence[Any]) -> Trees:
    columns: dict[str, list[NDArray[Any]]] = {k: [] for k in ("feature", "threshold", "left", "right", "value")}
    roots, slots, depth, at = [], [], 0, 0
    for place, forest in enumerate(forests):
        for round_ in forest._predictors:  # not public, but the same since 0.21; the test of equality holds it
            for label, tree in enumerate(round_):
                nodes = tree.nodes
                leaf, own = nodes["is_leaf"].astype(bool), np.arange(len(nodes)) + at
                roots.append(at)
                slots.append(place * len(CLASSES) + label)
                columns["feature"].append(np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64))
                columns["threshold"].append(np.where(leaf, 0, _rounded_down(nodes["num_threshold"])))
                columns["left"].append(np.where(leaf, own, nodes["left"] + at).astype(np.int64))
                columns["right"].append(np.where(leaf, own, nodes["right"] + at).astype(np.int64))
                columns["value"].append(np.where(leaf, nodes["value"], 0).astype(np.float32).astype(np.float64))
                depth, at = max(depth, int(nodes["depth"].max())), at + len(nodes)
    base = np.array([forest._baseline_prediction.ravel() for forest in forests], np.float32).astype(np.float64)
    flat = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Trees(**flat, roots=np.array(roots), slots=np.array(slots), base=base, depth=depth)


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The highest 32-bit numbers that are not above: then the comparison with a 32-bit feature stays the same."""
    nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def write(pair_model: PairModel, path: Path) -> None:
    """Write what `memories.decisions.model.read` reads."""
    trees, linear = pair_model.trees, pair_model.linear
    meta = {
        "features": pair_model.features,
        "thresholds": dict(pair_model.thresholds),
        "tree_share": pair_model.tree_share,
        "depth": trees.depth,
    }
    np.savez_compressed(
        path,
        meta=np.array(json.dumps(meta)),
        feature=trees.feature.astype(np.int16),
        threshold=trees.threshold,
        left=trees.left.astype(np.uint16),
        right=trees.right.astype(np.uint16),
        value=trees.value.astype(np.float32),
        roots=trees.roots.astype(np.uint16),
        slots=trees.slots.astype(np.uint8),
        base=trees.base.astype(np.float32),
        coef=linear.coef,
        bias=linear.bias,
        mean=linear.mean,
        std=linear.std,
    )
