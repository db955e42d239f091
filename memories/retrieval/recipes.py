"""Ranking weights of each feature, and the logistic curve from their sum to a score. Pure constants.

Fitted on development conversations and checked on others; `docs/retrieval.md` has the figures of every part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FIRST_STAGE = 150  # candidates of the second stage
PER_TEXT = 4  # of one text: a long memory does not displace all others
# If the vocabulary of the local model lacks this share of a question's tokens, its vectors are not used: all unknown
# words have the same vector.
MIN_UNKNOWN = 1 / 3
K1, B = 0.9, 0.4  # BM25 k1 and b: saturation of repeats, penalty of long passages


@dataclass(frozen=True, slots=True)
class NeighbourWeights:
    """The weight of a neighbour's match for a passage: one turn away, two, and more for the answer to a question."""

    near: float = 0.0
    far: float = 0.0
    answer: float = 0.0


@dataclass(frozen=True, slots=True)
class FirstStageWeights:
    """Weights of the cut to FIRST_STAGE, with the features that a whole scope has in one pass."""

    words: float = 0.7
    meaning: float = 1.0
    speaker: float = 0.15
    date: float = 0.10
    role_match: float = 0.20

    @property
    def most_without_vector(self) -> float:
        """The highest score of a passage without its words."""
        return 0.5 * self.meaning + self.speaker + self.date


@dataclass(frozen=True, slots=True)
class NoteWeights:
    """For memories without a conversation: no neighbour and no speaker helps them. As in Recipe."""

    weights: Mapping[str, float]
    logistic_slope: float
    logistic_midpoint: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """`weights` by feature (memories.retrieval.features). `logistic_slope` and `logistic_midpoint` turn their sum into
    a score in 0–1. `note` None: memories without a conversation have the same weights. `margin`: how much the distance
    to the best hit counts beside the sum itself."""

    name: str
    weights: Mapping[str, float]
    logistic_slope: float
    logistic_midpoint: float
    note: NoteWeights | None = None
    margin: float = 0.0
    first: FirstStageWeights = FirstStageWeights()
    words_context: NeighbourWeights = NeighbourWeights(0.2, 0.4, 0.4)
    token_context: NeighbourWeights = NeighbourWeights(0.6, 0.5, 0.3)
    meaning_context: NeighbourWeights = NeighbourWeights(0.8)

    def weights_of(self, *, in_conversation: bool) -> Mapping[str, float]:
        return self.weights if in_conversation or self.note is None else self.note.weights


FULL = Recipe(
    "full",
    {
        "token_embeddings": 0.8,
        "session": 0.15,
        "words": 0.05,
        "words_context": 0.05,
        "meaning": 0.1,
        "meaning_context": 0.1,
        "speaker": 0.18,
        "date": 0.23,
        "role_match": 0.22,
        "asks": -0.04,
        "length": 0.01,
    },
    logistic_slope=2.5,
    logistic_midpoint=0.74,
    note=NoteWeights(
        {
            "token_embeddings": 1.0,
            "meaning": 1.0,
            "words": 0.2,
            "speaker": 0.18,
            "date": 0.23,
            "role_match": 0.22,
            "asks": -0.1,
        },
        logistic_slope=2.5,
        logistic_midpoint=0.64,
    ),
    margin=0.25,
)
LITE = Recipe(
    "lite",
    {
        "words_context": 0.3,
        "meaning_context": 1.0,
        "speaker": 0.3,
        "date": 0.3,
        "role_match": 0.2,
        "asks": -0.06,
        "length": 0.04,
    },
    logistic_slope=2.5,
    logistic_midpoint=0.56,
)
MEANING = FirstStageWeights(words=0, speaker=0, date=0, role_match=0)
ONLY_WORDS = FirstStageWeights(meaning=0, speaker=0, date=0, role_match=0)
PLAIN = FirstStageWeights(speaker=0, date=0, role_match=0)
DENSE = Recipe("dense", {"meaning": 1.0}, logistic_slope=4.8, logistic_midpoint=0.285, first=MEANING)
# For questions that the embedding model can't read, and while it is unavailable.
WORDS = Recipe("words", {"words_share": 1.0}, logistic_slope=2.7, logistic_midpoint=0.25, first=ONLY_WORDS)
RRF = Recipe(
    "rrf", {"ranks": 1.0}, logistic_slope=4.0, logistic_midpoint=0.5, first=PLAIN
)  # for comparisons only: the method of most products

BY_NAME = {recipe.name: recipe for recipe in (FULL, LITE, DENSE, WORDS, RRF)}
