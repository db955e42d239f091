"""Inference of the pair model in numpy: boosted trees and a logistic regression over the features of all candidates.

A blend of the two gives the probabilities. `training/pairs` writes the weights; scikit-learn is not needed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = ("duplicate", "extend", "supersede", "negate", "keep_both")
DUPLICATE, EXTEND, SUPERSEDE, NEGATE, KEEP_BOTH = range(5)
CLIP = 4.0  # standard deviations of a feature in the logistic regression

FILE = Path(__file__).parent / "weights" / "pairs.npz"

FloatArray = NDArray[np.float32]
Probabilities = NDArray[np.float64]  # [candidates, CLASSES]


@dataclass(frozen=True, slots=True)
class Trees:
    """Forests of binary trees in flat arrays [nodes]. A leaf is its own child on both sides, with its `value`.
    `roots` and `slots` [trees]: the first node, and the forest times CLASSES plus the class. `base` [forests, CLASSES].
    `depth`: the longest way to a leaf."""

    feature: NDArray[np.int64]
    threshold: FloatArray
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    roots: NDArray[np.int64]
    slots: NDArray[np.int64]
    base: NDArray[np.float64]
    depth: int

    def probabilities(self, x: FloatArray) -> Probabilities:
        """The mean of the forests. Every tree goes one step down at a time, for all candidates at once."""
        count, size = len(x), self.base.size
        line = np.arange(count)[:, None]
        at = np.broadcast_to(self.roots, (count, len(self.roots)))
        for _ in range(self.depth):
            at = np.where(x[line, self.feature[at]] <= self.threshold[at], self.left[at], self.right[at])
        slots = (line * size + self.slots).ravel()
        sums = np.bincount(slots, self.value[at].ravel(), minlength=count * size)
        raw = self.base + sums.reshape(count, *self.base.shape)
        return np.asarray(softmax(raw).mean(1))


@dataclass(frozen=True, slots=True)
class Linear:
    """A multinomial logistic regression over standardised features: `coef` [CLASSES, features]."""

    coef: FloatArray
    bias: FloatArray
    mean: FloatArray
    std: FloatArray

    def probabilities(self, x: FloatArray) -> Probabilities:
        z = np.clip((x - self.mean) / self.std, -CLIP, CLIP)
        return softmax((z @ self.coef.T + self.bias).astype(np.float64))


@dataclass(frozen=True, slots=True)
class PairModel:
    """`features`: the names of the columns. `tree_share`: the weight of the trees in the blend. `thresholds`: see
    `memories.decisions.decide`."""

    features: tuple[str, ...]
    trees: Trees
    linear: Linear
    tree_share: float
    thresholds: Mapping[str, float]

    def probabilities(self, x: FloatArray) -> Probabilities:
        """Of each class for each candidate [candidates, CLASSES], from its features [candidates, features]."""
        if not len(x):
            return np.zeros((0, len(CLASSES)))
        share = self.tree_share
        return share * self.trees.probabilities(x) + (1 - share) * self.linear.probabilities(x)


def softmax(raw: Probabilities) -> Probabilities:
    """Along the last axis."""
    powers = np.exp(raw - raw.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def read(path: Path) -> PairModel:
    """The model of a file that `training.pairs` wrote."""
    with np.load(path) as file:
        meta: dict[str, Any] = json.loads(str(file["meta"]))
        whole = {key: file[key].astype(np.int64) for key in ("feature", "left", "right", "roots", "slots")}
        trees = Trees(
            **whole,
            threshold=file["threshold"],
            value=file["value"].astype(np.float64),
            base=file["base"].astype(np.float64),
            depth=meta["depth"],
        )
        linear = Linear(file["coef"], file["bias"], file["mean"], file["std"])
    return PairModel(tuple(meta["features"]), trees, linear, meta["tree_share"], meta["thresholds"])


@cache
def default() -> PairModel:
    """The model of the package, read at the first use."""
    return read(FILE)
