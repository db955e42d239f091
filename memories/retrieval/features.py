"""What speaks for each candidate of a recall, sign by sign, each in 0–1 or about so. Pure numpy.

Every feature is one row for each candidate; a recipe weighs them. Shapes: `n` candidates, `t` words or word pieces.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memories.retrieval.question import Question
from memories.retrieval.recipes import Context, First, Recipe
from memories.retrieval.temporal import nearness

Floats = npt.NDArray[np.float32]

# What a candidate without a vector, or without word pieces, would have had: fitted on development conversations, from
# the share of the question's words that it holds and its cosine.
COSINE_GUESS = (0.32, 0.18)  # 1, share
PIECES_GUESS = (0.19, 0.46, 0.59)  # 1, share, cosine
# How well a candidate meets a piece on the average, and for how many candidates that stands: among a handful, what all
# of them meet is no common word.
USUAL, USUAL_OF = 0.45, 20


class Candidate(Protocol):
    """What is read of a candidate; see `candidates.Candidate`."""

    @property
    def memory_id(self) -> uuid.UUID: ...
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
    def pieces(self) -> npt.NDArray[np.int8] | None: ...


class Neighbours:
    """Which candidates were said one or two turns apart, as `of[i]` beside `at[i]`; `far`: two turns; `answers`: `of`
    answers the question that `at` asks. `turns`: the candidates of each turn that has several memories."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
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
        self.turns = [here for here in places.values() if len({candidates[i].memory_id for i in here}) > 1]
        table = np.array(links, np.int64).reshape(-1, 4)
        self.of, self.at = table[:, 0], table[:, 1]
        self.far, self.answers = table[:, 2].astype(bool), table[:, 3].astype(bool)

    def spread(self, own: Floats, context: Context) -> Floats:
        """`own` (t × n), each raised to what a neighbour's counts for it."""
        counts = np.where(self.far, context.far, context.near + context.answer * self.answers).astype(np.float32)
        spread = own.copy()
        if counts.any():
            np.maximum.at(spread.T, self.of, counts[:, None] * own.T[self.at])
        for here in self.turns:
            most = context.near * own[:, here].max(axis=1, keepdims=True)
            spread[:, here] = np.maximum(spread[:, here], most)
        return spread


def of(
    question: Question,
    candidates: Sequence[Candidate],
    parts: Floats,
    idf: Floats,
    ideal: float,
    best_words: float,
    asked: npt.NDArray[np.int8] | None,
    recipe: Recipe,
) -> dict[str, Floats]:
    """Features by name. `parts` (words × n) are BM25's; `asked` the question's word pieces (t × 64)."""
    near = Neighbours(candidates)
    words = parts.sum(axis=0, dtype=np.float32)
    total = max(float(idf.sum()), 1e-9)
    held = ((parts > 0) * idf[:, None]).sum(axis=0) / total
    likeness = meaning(_cosine(candidates), held)
    in_context = near.spread(parts, recipe.words_context).sum(axis=0)
    found = {
        "words": words / max(best_words, 1e-9),
        "words_share": words / max(ideal, 1e-9),
        "words_context": in_context / max(float(in_context.max(initial=0.0)), 1e-9),
        "meaning": likeness,
        "meaning_context": near.spread(likeness[None, :], recipe.meaning_context)[0],
        "speaker": _speaker(question, candidates),
        "date": _date(question, candidates),
        "voice": _voice(question, candidates),
        "asks": np.array([c.asks for c in candidates], np.float32),
        "length": np.log1p(np.array([c.length for c in candidates], np.float32)),
        "ranks": _ranks(words) / 2 + _ranks(likeness) / 2,
    }
    if asked is not None:
        found["pieces"], found["session"] = _late(candidates, asked, near, recipe, held, likeness)
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def first(question: Question, candidates: Sequence[Candidate], words: Floats, weights: First) -> Floats:
    """What the cut of a whole scope goes by (n). `words`: the share of the best BM25."""
    total: Floats = (
        weights.words * words
        + weights.meaning * meaning(_cosine(candidates), words)
        + weights.speaker * _speaker(question, candidates)
        + weights.date * _date(question, candidates)
        + weights.voice * _voice(question, candidates)
    )
    return total


def meaning(cosine: Floats, words: npt.NDArray[np.floating]) -> Floats:
    """Cosines (n), with a guess by the share of the question's words where there is none (NaN)."""
    guess = COSINE_GUESS[0] + COSINE_GUESS[1] * words
    likeness: Floats = np.where(np.isnan(cosine), guess, cosine).astype(np.float32)
    return likeness


def _cosine(candidates: Sequence[Candidate]) -> Floats:
    return np.array([np.nan if c.cosine is None else c.cosine for c in candidates], np.float32)


def _speaker(question: Question, candidates: Sequence[Candidate]) -> Floats:
    return np.array([c.speaker is not None and c.speaker in question.speakers for c in candidates], np.float32)


def _date(question: Question, candidates: Sequence[Candidate]) -> Floats:
    if not question.windows:
        return np.zeros(len(candidates), np.float32)
    seconds = np.array([c.said_at.timestamp() if c.said_at else np.nan for c in candidates])
    near: Floats = np.nan_to_num(nearness(question.windows, seconds))
    return near


def _voice(question: Question, candidates: Sequence[Candidate]) -> Floats:
    """-1 where it was said in the voice that isn't asked for."""
    other = [c.role is not None and (c.role == "assistant") != question.told for c in candidates]
    return -np.array(other, np.float32)


def _ranks(values: Floats) -> Floats:
    """Reciprocal ranks, in 0–1 (Cormack, Clarke, Büttcher, SIGIR 2009; k = 60)."""
    rank = np.empty(len(values), np.float32)
    rank[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return (61 / (61 + rank)).astype(np.float32)


def _late(
    candidates: Sequence[Candidate],
    asked: npt.NDArray[np.int8],
    near: Neighbours,
    recipe: Recipe,
    held: npt.NDArray[np.floating],
    likeness: Floats,
) -> tuple[Floats, Floats]:
    """Late interaction: how well the best piece of a candidate meets each piece of the question, neighbours counted in;
    and the same for the best of its whole session. A piece that every candidate meets says little and weighs little."""
    guess = PIECES_GUESS[0] + PIECES_GUESS[1] * held + PIECES_GUESS[2] * likeness
    with_pieces = [number for number, c in enumerate(candidates) if c.pieces is not None and len(c.pieces)]
    if not with_pieces:
        return guess.astype(np.float32), guess.astype(np.float32)
    stacks = [p for number in with_pieces if (p := candidates[number].pieces) is not None]
    starts = np.cumsum([0, *(len(stack) for stack in stacks[:-1])])
    met = np.maximum.reduceat(_unit(asked) @ _unit(np.concatenate(stacks)).T, starts, axis=1)
    best = np.zeros((len(asked), len(candidates)), np.float32)
    best[:, with_pieces] = np.maximum(met, 0)
    usual = (met.sum(axis=1) + USUAL * USUAL_OF) / (len(stacks) + USUAL_OF)
    weight = np.maximum(1 - usual, 1e-3).astype(np.float32)
    weight /= weight.sum()
    alone = weight @ near.spread(best, recipe.pieces_context)
    sessions: dict[str, list[int]] = defaultdict(list)
    for number in with_pieces:
        if (session := candidates[number].session) is not None:
            sessions[session].append(number)
    together = weight @ best
    for members in sessions.values():
        together[members] = weight @ best[:, members].max(axis=1)
    without = [number for number, c in enumerate(candidates) if c.pieces is None or not len(c.pieces)]
    alone[without] = np.maximum(alone[without], guess[without])
    together[without] = np.maximum(together[without], guess[without])
    return alone.astype(np.float32), together.astype(np.float32)


def _unit(rows: npt.NDArray[np.int8]) -> Floats:
    floats: Floats = rows.astype(np.float32)
    floats /= np.maximum(np.sqrt(np.einsum("ij,ij->i", floats, floats)), 1e-9)[:, None]
    return floats
