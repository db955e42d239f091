"""Step 3 of a recall: the ranking features of each candidate, each roughly in 0–1. Pure numpy.

Each feature has one value for each candidate; a recipe has its weights. Shapes: `n` candidates, `t` words or tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memories.retrieval import first_stage
from memories.retrieval.lexical import Lexical
from memories.retrieval.recipes import NeighbourWeights, Recipe
from memories.retrieval.types import Floats, PassageCandidate, Pool, Question, Retrieved, Scored

# Estimates for a candidate without token embeddings, from its share of the question's words and its cosine: fitted on
# development conversations.
TOKENS_GUESS = (0.19, 0.46, 0.59)  # 1, share, cosine
# The average match of a candidate and a token, and the number of candidates that it counts for: with few candidates a
# token that matches all of them is not a common word.
USUAL, USUAL_OF = 0.45, 20


def score(retrieved: Retrieved) -> Scored:
    """The features of the candidates that were retrieved."""
    question, recipe = retrieved.analyzed.question, retrieved.recipe
    found = features(question, retrieved.pool, retrieved.lexical, retrieved.query_tokens, recipe)
    return Scored(retrieved, found)


class Neighbours:
    """Candidates that are one or two turns apart: `of[i]` beside `at[i]`; `far`: two turns; `answers`: `of` answers the
    question of `at`. `turns`: the candidates of each turn that has several memories."""

    def __init__(self, candidates: Sequence[PassageCandidate]) -> None:
        places: dict[tuple[str | int, str | int], list[int]] = defaultdict(list)
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

    def spread(self, own: Floats, context: NeighbourWeights) -> Floats:
        """`own` (t × n), each value raised to the weighted value of a neighbour."""
        counts = np.where(self.far, context.far, context.near + context.answer * self.answers).astype(np.float32)
        spread = own.copy()
        if counts.any():
            np.maximum.at(spread.T, self.of, counts[:, None] * own.T[self.at])
        for here in self.turns:
            most = context.near * own[:, here].max(axis=1, keepdims=True)
            spread[:, here] = np.maximum(spread[:, here], most)
        return spread


def features(
    question: Question, pool: Pool, lexical: Lexical, query_tokens: npt.NDArray[np.int8] | None, recipe: Recipe
) -> dict[str, Floats]:
    """Features by name. `query_tokens` are the question's token embeddings (t × 64)."""
    candidates, parts, idf = pool.candidates, pool.parts, lexical.idf
    near = Neighbours(candidates)
    words = parts.sum(axis=0, dtype=np.float32)
    total = max(float(idf.sum()), 1e-9)
    coverage = ((parts > 0) * idf[:, None]).sum(axis=0) / total
    similarity = first_stage.meaning(first_stage.cosines(candidates), coverage)
    in_context = near.spread(parts, recipe.words_context).sum(axis=0)
    found = {
        "words": words / max(pool.best_words, 1e-9),
        "words_share": words / max(lexical.ideal, 1e-9),
        "words_context": in_context / max(float(in_context.max(initial=0.0)), 1e-9),
        "meaning": similarity,
        "meaning_context": near.spread(similarity[None, :], recipe.meaning_context)[0],
        "speaker": first_stage.speaker(question, candidates),
        "date": first_stage.date(question, candidates),
        "role_match": first_stage.role_match(question, candidates),
        "asks": np.array([c.asks for c in candidates], np.float32),
        "length": np.log1p(np.array([c.length for c in candidates], np.float32)),
        "ranks": _ranks(words) / 2 + _ranks(similarity) / 2,
    }
    if query_tokens is not None:
        found["token_embeddings"], found["session"] = _late(
            candidates, query_tokens, near, recipe, coverage, similarity
        )
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def _ranks(values: Floats) -> Floats:
    """Reciprocal ranks, in 0–1 (Cormack, Clarke, Büttcher, SIGIR 2009; k = 60)."""
    rank = np.empty(len(values), np.float32)
    rank[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return (61 / (61 + rank)).astype(np.float32)


def _late(
    candidates: Sequence[PassageCandidate],
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
    sessions: dict[str | int, list[int]] = defaultdict(list)
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
