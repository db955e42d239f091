"""How much each sign of relevance counts, and what a sum of them means. Pure constants.

Found on development conversations and checked on others; `docs/retrieval.md` has the figures of every part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FIRST_STAGE = 150  # candidates that are ranked in the second stage
PER_TEXT = 4  # of them from one text: a long memory doesn't crowd out all others
# If the vocabulary of the local model lacks this share of a question's word pieces, its vectors are left out: all
# unknown words have the same vector.
MIN_UNKNOWN = 1 / 3
K1, B = 0.9, 0.4  # BM25: how fast repeats stop counting, how much a long passage pays


@dataclass(frozen=True, slots=True)
class Context:
    """What a neighbour's match counts for a passage: one turn away, two, and more for the answer to a question."""

    near: float = 0.0
    far: float = 0.0
    answer: float = 0.0


@dataclass(frozen=True, slots=True)
class First:
    """The cut to FIRST_STAGE: what can be known of a whole scope in one pass."""

    words: float = 0.7
    meaning: float = 1.0
    speaker: float = 0.15
    date: float = 0.10
    voice: float = 0.20

    @property
    def most_without_vector(self) -> float:
        """What a passage without a vector may get by anything but its words."""
        return 0.5 * self.meaning + self.speaker + self.date


@dataclass(frozen=True, slots=True)
class Recipe:
    """`weights` by feature (memories.retrieval.features). `slope` and `middle` turn their sum into a score in 0–1."""

    name: str
    weights: Mapping[str, float]
    slope: float
    middle: float
    first: First = First()
    words_context: Context = Context(0.2, 0.4, 0.4)
    pieces_context: Context = Context(0.6, 0.5, 0.3)
    meaning_context: Context = Context(0.8)


FULL = Recipe(
    "full",
    {
        "pieces": 1.0,
        "session": 0.15,
        "words": 0.05,
        "words_context": 0.05,
        "meaning": 0.1,
        "meaning_context": 0.1,
        "speaker": 0.18,
        "date": 0.23,
        "voice": 0.22,
        "asks": -0.04,
        "length": 0.01,
    },
    slope=2.5,
    middle=0.76,
)
LITE = Recipe(
    "lite",
    {
        "words_context": 0.3,
        "meaning_context": 1.0,
        "speaker": 0.3,
        "date": 0.3,
        "voice": 0.2,
        "asks": -0.06,
        "length": 0.04,
    },
    slope=2.5,
    middle=0.56,
)
MEANING = First(words=0, speaker=0, date=0, voice=0)
ONLY_WORDS = First(meaning=0, speaker=0, date=0, voice=0)
PLAIN = First(speaker=0, date=0, voice=0)
DENSE = Recipe("dense", {"meaning": 1.0}, slope=4.8, middle=0.285, first=MEANING)
# For questions that the embedding model can't read, and while it is away.
WORDS = Recipe("words", {"words_share": 1.0}, slope=2.7, middle=0.25, first=ONLY_WORDS)
RRF = Recipe("rrf", {"ranks": 1.0}, slope=4.0, middle=0.5, first=PLAIN)  # only to compare: what most products do

BY_NAME = {recipe.name: recipe for recipe in (FULL, LITE, DENSE, WORDS, RRF)}
