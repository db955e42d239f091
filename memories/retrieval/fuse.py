"""Step 4 of a recall: the weighted sum of each candidate's features, and the best candidate of each memory. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memories.retrieval import freshness
from memories.retrieval.freshness import Hits
from memories.retrieval.recipes import Recipe
from memories.retrieval.types import Floats, Ranking, Scored


@dataclass(frozen=True, slots=True)
class WeightedCandidates:
    """`columns` are the weighted features, `total` their sums and `logits` the logistic curve (n candidates). `places`
    are the best candidates of the memories, best first."""

    columns: Mapping[str, Floats]
    total: Floats
    logits: Floats
    places: Sequence[int]


def fuse(scored: Scored) -> Ranking:
    """Memories, best first. A recipe gives the weights, and the logistic curve from the sum to a score in 0–1. Of two
    memories of which the newer replaces the older, the newer ranks first, with at least the score of the older."""
    retrieved, found = scored.retrieved, weighted(scored)
    analyzed, pool, places = retrieved.analyzed, retrieved.pool, found.places
    hits = Hits([pool.candidates[at] for at in places], found.total[places])
    order, values = newest_first(found.logits[places], freshness.pairs(hits, pool.reviews))
    scores = 1 / (1 + np.exp(-values))
    ranked = tuple(
        (hits.candidates[at].memory_id, round(float(score), 6)) for at, score in zip(order, scores, strict=True)
    )
    best = {candidate.memory_id: at for candidate, at in zip(hits.candidates, places, strict=True)}
    outdated = freshness.outdated(pool.reviews)
    return Ranking(analyzed.scope, analyzed.query, analyzed.moment, ranked, best, found.columns, retrieved, outdated)


def weighted(scored: Scored) -> WeightedCandidates:
    """The candidates of each memory by their features alone."""
    recipe, candidates = scored.retrieved.recipe, scored.retrieved.pool.candidates
    in_talk = np.array([candidate.session is not None for candidate in candidates], np.bool_)
    columns = {name: _weight(recipe, name, in_talk) * values for name, values in scored.features.items()}
    columns = {name: column for name, column in columns.items() if column.any()}
    total = np.zeros(len(candidates), np.float32) + sum(columns.values())
    logits = _logits(recipe, total, in_talk)
    best: dict[uuid.UUID, int] = {}
    for at in np.argsort(-logits, kind="stable").tolist():
        best.setdefault(candidates[at].memory_id, at)
    return WeightedCandidates(columns, total, logits, list(best.values()))


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


def _weight(recipe: Recipe, name: str, in_talk: npt.NDArray[np.bool_]) -> Floats:
    own, other = (recipe.weights_of(in_conversation=is_turn).get(name, 0.0) for is_turn in (True, False))
    return np.where(in_talk, own, other).astype(np.float32)


def _logits(recipe: Recipe, total: Floats, in_talk: npt.NDArray[np.bool_]) -> Floats:
    """The logistic curve by kind; the distance to the best counts too."""
    note = recipe.note or recipe
    slope = np.where(in_talk, recipe.logistic_slope, note.logistic_slope)
    logits = slope * (total - np.where(in_talk, recipe.logistic_midpoint, note.logistic_midpoint))
    found: Floats = (logits + recipe.margin * (logits - logits.max(initial=-np.inf))).astype(np.float32)
    return found
