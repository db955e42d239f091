"""The features of a new statement beside its candidates, in one fixed order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memories.decisions import candidate_context, edits, overlap, signs, values
from memories.decisions.texts import Text

GROUPS = (overlap, edits, values, signs)
PAIR_NAMES: tuple[str, ...] = tuple(name for group in GROUPS for name in group.NAMES)
NAMES: tuple[str, ...] = (*PAIR_NAMES, *candidate_context.NAMES)
INDEX = {name: place for place, name in enumerate(NAMES)}

Features = NDArray[np.float32]


def compare(new: Text, olds: Sequence[Text]) -> Features:
    """[candidates, len(NAMES)]: each candidate beside the new text, and among the other candidates."""
    if not olds:
        return np.zeros((0, len(NAMES)), np.float32)
    pairs = np.array([[value for group in GROUPS for value in group.compare(old, new)] for old in olds], np.float32)
    return np.hstack([pairs, candidate_context.compare(new, olds, pairs[:, : len(overlap.NAMES)])])
