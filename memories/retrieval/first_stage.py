"""The first stage of ranking, for a whole scope: its features, its score and its cut. Pure numpy.

`retrieve` cuts a scope to FIRST_STAGE candidates by it; `score` uses the same features again. Shapes: `n` candidates.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from memories.retrieval.recipes import FIRST_STAGE, PER_TEXT, FirstStageWeights
from memories.retrieval.time_expressions import nearness
from memories.retrieval.types import Floats, PassageCandidate, Question

# Estimates for a candidate without a vector, from its share of the question's words: fitted on development
# conversations.
COSINE_GUESS = (0.32, 0.18)  # 1, share


def first_stage_score(
    question: Question, candidates: Sequence[PassageCandidate], words: Floats, weights: FirstStageWeights
) -> Floats:
    """The score of the cut of a whole scope (n). `words`: the share of the best BM25."""
    total: Floats = (
        weights.words * words
        + weights.meaning * meaning(cosines(candidates), words)
        + weights.speaker * speaker(question, candidates)
        + weights.date * date(question, candidates)
        + weights.role_match * role_match(question, candidates)
    )
    return total


def meaning(cosine: Floats, words: npt.NDArray[np.floating]) -> Floats:
    """Cosines (n), estimated from the share of the question's words where there is none (NaN)."""
    guess = COSINE_GUESS[0] + COSINE_GUESS[1] * words
    similarity: Floats = np.where(np.isnan(cosine), guess, cosine).astype(np.float32)
    return similarity


def cosines(candidates: Sequence[PassageCandidate]) -> Floats:
    return np.array([np.nan if c.cosine is None else c.cosine for c in candidates], np.float32)


def speaker(question: Question, candidates: Sequence[PassageCandidate]) -> Floats:
    return np.array([c.speaker is not None and c.speaker in question.speakers for c in candidates], np.float32)


def date(question: Question, candidates: Sequence[PassageCandidate]) -> Floats:
    if not question.windows:
        return np.zeros(len(candidates), np.float32)
    seconds = np.array([c.said_at.timestamp() if c.said_at else np.nan for c in candidates])
    near: Floats = np.nan_to_num(nearness(question.windows, seconds))
    return near


def role_match(question: Question, candidates: Sequence[PassageCandidate]) -> Floats:
    """-1 for a candidate with another role than the question asks for."""
    other = [c.role is not None and (c.role == "assistant") != question.asks_about_assistant for c in candidates]
    return -np.array(other, np.float32)


def shares(ids: Sequence[uuid.UUID], column: Mapping[bytes, int], share: Floats) -> Floats:
    """The share of the scope's best BM25 that each passage has."""
    return np.array([0.0 if (at := column.get(i.bytes)) is None else share[at] for i in ids], np.float32)


def best(candidates: Sequence[PassageCandidate], scores: Floats) -> list[int]:
    """Positions of the FIRST_STAGE best, best first, at most PER_TEXT of one text. Of equal scores the newer passage
    counts more."""
    newest_first = np.array(sorted(range(len(candidates)), key=lambda at: candidates[at].key, reverse=True), np.int64)
    ranked: list[int] = newest_first[np.argsort(-scores[newest_first], kind="stable")].tolist()
    taken: Counter[uuid.UUID] = Counter()
    found = []
    for at in ranked:
        taken[candidates[at].text] += 1
        if taken[candidates[at].text] <= PER_TEXT:
            found.append(at)
            if len(found) == FIRST_STAGE:
                break
    return found


def cutoff(candidates: Sequence[PassageCandidate], scores: Floats) -> float:
    """The score that a passage needs to be among the FIRST_STAGE best of these."""
    found = best(candidates, scores)
    return float(scores[found[-1]]) if len(found) == FIRST_STAGE else -np.inf
