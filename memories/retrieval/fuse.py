"""Step 4 of a recall: the weighted sum of each candidate's features, and the best candidate of each memory. Pure."""

from __future__ import annotations

import uuid

import numpy as np

from memories.retrieval.types import Ranking, Scored


def fuse(scored: Scored) -> Ranking:
    """Memories, best first. A recipe gives the weights, and the logistic curve from the sum to a score in 0–1."""
    retrieved = scored.retrieved
    analyzed, recipe, candidates = retrieved.analyzed, retrieved.recipe, retrieved.pool.candidates
    features = scored.features
    columns = {name: weight * features[name] for name, weight in recipe.weights.items() if name in features}
    total = np.zeros(len(candidates), np.float32) + sum(columns.values())
    scores = 1 / (1 + np.exp(-recipe.logistic_slope * (total - recipe.logistic_midpoint)))
    best: dict[uuid.UUID, int] = {}
    for at in np.argsort(-total, kind="stable"):
        best.setdefault(candidates[at].memory_id, int(at))
    ranked = tuple((memory_id, round(float(scores[at]), 6)) for memory_id, at in best.items())
    return Ranking(analyzed.scope, analyzed.query, analyzed.moment, ranked, best, columns, retrieved)
