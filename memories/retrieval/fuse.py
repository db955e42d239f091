"""Step 4 of a recall: the weighted sum of each candidate's features, and the best candidate of each memory. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np

from memories.retrieval import freshness
from memories.retrieval.freshness import Hits
from memories.retrieval.recipes import Recipe
from memories.retrieval.types import Floats, Ranking, Scored


def fuse(scored: Scored) -> Ranking:
    """Memories, best first. A recipe gives the weights, and the logistic curve from the sum to a score in 0–1. Of two
    memories of which the newer replaces the older, the newer ranks first, with at least the score of the older."""
    retrieved = scored.retrieved
    analyzed, recipe, pool = retrieved.analyzed, retrieved.recipe, retrieved.pool
    candidates = pool.candidates
    in_talk = np.array([candidate.session is not None for candidate in candidates], np.bool_)
    columns = {name: _weight(recipe, name, in_talk) * values for name, values in scored.features.items()}
    columns = {name: column for name, column in columns.items() if column.any()}
    total = np.zeros(len(candidates), np.float32) + sum(columns.values())
    logits = _logits(recipe, total, in_talk)
    best: dict[uuid.UUID, int] = {}
    for at in np.argsort(-logits, kind="stable"):
        best.setdefault(candidates[at].memory_id, int(at))
    places = list(best.values())
    hits = Hits([candidates[at] for at in places], total[places])
    order, values = newest_first(logits[places], freshness.pairs(hits, pool.reviews))
    scores = 1 / (1 + np.exp(-values))
    ranked = tuple(
        (hits.candidates[at].memory_id, round(float(score), 6)) for at, score in zip(order, scores, strict=True)
    )
    outdated = freshness.outdated(pool.reviews)
    return Ranking(analyzed.scope, analyzed.query, analyzed.moment, ranked, best, columns, outdated, retrieved)


def newest_first(logits: Floats, pairs: Sequence[tuple[int, int]]) -> tuple[list[int], Floats]:
    """The places of hits in their new order, with their values, both best first. `logits` are in descending order;
    `pairs` (older, newer): a newer one below its older one moves up to it and takes its value."""
    order, values = list(range(len(logits))), logits.copy()
    for older, newer in pairs:
        above, below = order.index(older), order.index(newer)
        if below > above:
            order.insert(above, order.pop(below))
            values[newer] = values[older]
    return order, values[order]


def _weight(recipe: Recipe, name: str, in_talk: Floats) -> Floats:
    own = recipe.weights.get(name, 0.0)
    other = own if recipe.note is None else recipe.note.weights.get(name, 0.0)
    return np.where(in_talk, own, other).astype(np.float32)


def _logits(recipe: Recipe, total: Floats, in_talk: Floats) -> Floats:
    """The logistic curve by kind; the distance to the best counts too."""
    note = recipe.note or recipe
    slope = np.where(in_talk, recipe.logistic_slope, note.logistic_slope)
    logits = slope * (total - np.where(in_talk, recipe.logistic_midpoint, note.logistic_midpoint))
    found: Floats = (logits + recipe.margin * (logits - logits.max(initial=-np.inf))).astype(np.float32)
    return found
