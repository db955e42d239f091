"""Why a memory was found: frozen data that travels between API and retrieval. No framework."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeatureContribution:
    """One ranking feature of a hit, by its name for operators, and its part of the sum."""

    sign: str
    points: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Why:
    """The ranking features of a hit, the largest first, and the words of the question that it has."""

    parts: tuple[FeatureContribution, ...] = ()
    words: tuple[str, ...] = ()
    sum: float = 0.0


@dataclass(frozen=True, slots=True)
class TimeInQuestion:
    """A time that a question names in `words`."""

    words: str
    start: dt.datetime
    stop: dt.datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Memories that the context of a recall leaves out."""

    max_tokens: int
    tokens: int
    over_budget: tuple[uuid.UUID, ...] = ()
    near_duplicates: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a question was understood, and what was ranked.

    `recipe`: one of `memories.types.RECIPES`, or "newest" without a question.
    """

    recipe: str
    candidates: int
    below_threshold: int
    words: tuple[str, ...]
    speaker: tuple[str, ...]
    times: tuple[TimeInQuestion, ...]
    asks_the_assistant: bool
    left_out: LeftOut
