"""Ranking features of each candidate, each roughly in 0–1. Pure numpy.

Each feature has one value for each candidate; a recipe has its weights. Shapes: `n` candidates, `t` words or tokens.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memories.retrieval.query_analysis import Question
from memories.retrieval.recipes import FirstStageWeights, NeighbourWeights, Recipe
from memories.retrieval.temporal import nearness

Floats = npt.NDArray[np.float32]

# Estimates for a candidate without a vector, or without token embeddings, from its share of the question's words and
# its cosine: fitted on development conversations.
COSINE_GUESS = (0.32, 0.18)  # 1, share
TOKENS_GUESS = (0.19, 0.46, 0.59)  # 1, share, cosine
# The average match of a candidate and a token, and the number of candidates that it counts for: with few candidates a
# token that matches all of them is not a common word.
USUAL, USUAL_OF = 0.45, 20


class CandidateFields(Protocol):
    """The fields of a candidate; see `candidates.PassageCandidate`."""

    @property
    def cosine(self) -> float | None: ...
    @property
    def session(self) -> str | None: ...
    @property
    def place(self) -> str | None: ...
    @property
    def after(self) -> Sequence[str]: ...
    @property
    def said_at(self) -> dt.datetime | None: ...
    @property
    def speaker(self) -> str | None: ...
    @property
    def role(self) -> str | None: ...
    @property
    def length(self) -> int: ...
    @property
    def asks(self) -> bool: ...
    @property
    def token_embeddings(self) -> npt.NDArray[np.int8] | None: ...


class Neighbours:
    """Candidates one or two turns apart: `of[i]` beside `at[i]`; `far`: two turns; `answers`: `of` answers the question
    of `at`."""

    def __init__(self, candidates: Sequence[CandidateFields]) -> None:
        places: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, candidate in enumerate(candidates):
            if candidate.session is not None and candidate.place is not None:
                places[candidate.session, candidate.place].append(number)
        links: list[tuple[int, int, bool, bool]] = []
        for (session, _), here in places.items():
            for distance, place in enumerate(candidates[here[0]].after):
                for later in places.get((session, place), ()):
                    for earlier in here:
                        answers = distance == 0 and candidates[earlier].asks and not candidates[later].asks
                        links.append((later, earlier, distance == 1, answers))
                        links.append((earlier, later, distance == 1, False))
        table = np.array(links, np.int64).reshape(-1, 4)
        self.of, self.at = table[:, 0], table[:, 1]
        self.far, self.answers = table[:, 2].astype(bool), table[:, 3].astype(bool)

    def spread(self, own: Floats, context: NeighbourWeights) -> Floats:
        """`own` (t × n), each value raised to the weighted value of a neighbour."""
        counts = np.where(self.far, context.far, context.near + context.answer * self.answers).astype(np.float32)
        spread = own.copy()
        if counts.any():
            np.maximum.at(spread.T, self.of, counts[:, None] * own.T[self.at])
        return spread


def of(
    question: Question,
    candidates: Sequence[CandidateFields],
    parts: Floats,
    idf: Floats,
    ideal: float,
    best_words: float,
    query_tokens: npt.NDArray[np.int8] | None,
    recipe: Recipe,
) -> dict[str, Floats]:
    """Features by name. `parts` (words × n) are BM25's; `query_tokens` the question's token embeddings (t × 64)."""
    near = Neighbours(candidates)
    words = parts.sum(axis=0, dtype=np.float32)
    total = max(float(idf.sum()), 1e-9)
    coverage = ((parts > 0) * idf[:, None]).sum(axis=0) / total
    similarity = meaning(_cosine(candidates), coverage)
    in_context = near.spread(parts, recipe.words_context).sum(axis=0)
    found = {
        "words": words / max(best_words, 1e-9),
        "words_share": words / max(ideal, 1e-9),
        "words_context": in_context / max(float(in_context.max(initial=0.0)), 1e-9),
        "meaning": similarity,
        "meaning_context": near.spread(similarity[None, :], recipe.meaning_context)[0],
        "speaker": _speaker(question, candidates),
        "date": _date(question, candidates),
        "role_match": _role_match(question, candidates),
        "asks": np.array([c.asks for c in candidates], np.float32),
        "length": np.log1p(np.array([c.length for c in candidates], np.float32)),
        "ranks": _ranks(words) / 2 + _ranks(similarity) / 2,
    }
    if query_tokens is not None:
        found["token_embeddings"], found["session"] = _late(
            candidates, query_tokens, near, recipe, coverage, similarity
        )
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def first_stage_score(
    question: Question, candidates: Sequence[CandidateFields], words: Floats, weights: FirstStageWeights
) -> Floats:
    """The score of the cut of a whole scope (n). `words`: the share of the best BM25."""
    total: Floats = (
        weights.words * words
        + weights.meaning * meaning(_cosine(candidates), words)
        + weights.speaker * _speaker(question, candidates)
        + weights.date * _date(question, candidates)
        + weights.role_match * _role_match(question, candidates)
    )
    return total


def meaning(cosine: Floats, words: npt.NDArray[np.floating]) -> Floats:
    """Cosines (n), estimated from the share of the question's words where there is none (NaN)."""
    guess = COSINE_GUESS[0] + COSINE_GUESS[1] * words
    similarity: Floats = np.where(np.isnan(cosine), guess, cosine).astype(np.float32)
    return similarity


def _cosine(candidates: Sequence[CandidateFields]) -> Floats:
    return np.array([np.nan if c.cosine is None else c.cosine for c in candidates], np.float32)


def _speaker(question: Question, candidates: Sequence[CandidateFields]) -> Floats:
    return np.array([c.speaker is not None and c.speaker in question.speakers for c in candidates], np.float32)


def _date(question: Question, candidates: Sequence[CandidateFields]) -> Floats:
    if not question.windows:
        return np.zeros(len(candidates), np.float32)
    seconds = np.array([c.said_at.timestamp() if c.said_at else np.nan for c in candidates])
    near: Floats = np.nan_to_num(nearness(question.windows, seconds))
    return near


def _role_match(question: Question, candidates: Sequence[CandidateFields]) -> Floats:
    """-1 for a candidate with another role than the question asks for."""
    other = [c.role is not None and (c.role == "assistant") != question.asks_about_assistant for c in candidates]
    return -np.array(other, np.float32)


def _ranks(values: Floats) -> Floats:
    """Reciprocal ranks, in 0–1 (Cormack, Clarke, Büttcher, SIGIR 2009; k = 60)."""
    rank = np.empty(len(values), np.float32)
    rank[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return (61 / (61 + rank)).astype(np.float32)


def _late(
    candidates: Sequence[CandidateFields],
    query_tokens: npt.NDArray[np.int8],
    near: Neighbours,
    recipe: Recipe,
    coverage: npt.NDArray[np.floating],
    similarity: Floats,
) -> tuple[Floats, Floats]:
    """Late interaction: the similarity of each token of the question with the best token of a candidate, neighbours
    included; and the same for the best of its session. Tokens matched by every candidate get a low weight (like IDF).
    """
    guess = TOKENS_GUESS[0] + TOKENS_GUESS[1] * coverage + TOKENS_GUESS[2] * similarity
    with_pieces = [
        number for number, c in enumerate(candidates) if c.token_embeddings is not None and len(c.token_embeddings)
    ]
    if not with_pieces:
        return guess.astype(np.float32), guess.astype(np.float32)
    stacks = [p for number in with_pieces if (p := candidates[number].token_embeddings) is not None]
    starts = np.cumsum([0, *(len(stack) for stack in stacks[:-1])])
    met = np.maximum.reduceat(_unit(query_tokens) @ _unit(np.concatenate(stacks)).T, starts, axis=1)
    best = np.zeros((len(query_tokens), len(candidates)), np.float32)
    best[:, with_pieces] = np.maximum(met, 0)
    usual = (met.sum(axis=1) + USUAL * USUAL_OF) / (len(stacks) + USUAL_OF)
    weight = np.maximum(1 - usual, 1e-3).astype(np.float32)
    weight /= weight.sum()
    alone = weight @ near.spread(best, recipe.token_context)
    sessions: dict[str, list[int]] = defaultdict(list)
    for number in with_pieces:
        if (session := candidates[number].session) is not None:
            sessions[session].append(number)
    together = weight @ best
    for members in sessions.values():
        together[members] = weight @ best[:, members].max(axis=1)
    without = [
        number for number, c in enumerate(candidates) if c.token_embeddings is None or not len(c.token_embeddings)
    ]
    alone[without] = np.maximum(alone[without], guess[without])
    together[without] = np.maximum(together[without], guess[without])
    return alone.astype(np.float32), together.astype(np.float32)


def _unit(rows: npt.NDArray[np.int8]) -> Floats:
    floats: Floats = rows.astype(np.float32)
    floats /= np.maximum(np.sqrt(np.einsum("ij,ij->i", floats, floats)), 1e-9)[:, None]
    return floats
