"""Why a memory was found: frozen data that travels between API and retrieval. No framework."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeatureContribution:
    """One ranking feature of a hit: `points`, its part of the sum, are its `value` times its `weight`. `sign` is its
    name for operators."""

    sign: str
    points: float
    meaning: str
    feature: str = ""
    value: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Why:
    """The ranking features of a hit, the largest first, and the words of the question that it has. `sum`: of the parts,
    before the calibration; `score`: after it."""

    parts: tuple[FeatureContribution, ...] = ()
    words: tuple[str, ...] = ()
    sum: float = 0.0
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class TimeInQuestion:
    """A time that a question names in `words`."""

    words: str
    start: dt.datetime
    stop: dt.datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Memories that the context of a recall leaves out; `shortened` are there in parts."""

    max_tokens: int
    tokens: int
    over_budget: tuple[uuid.UUID, ...] = ()
    near_duplicates: tuple[uuid.UUID, ...] = ()
    shortened: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a question was understood, and what was ranked.

    `recipe`: one of `memories.types.RECIPES`, or "newest" without a question. `above_threshold` and `below_threshold`
    count ranked memories, `best_below` is the highest score below (None: nothing was).
    """

    recipe: str
    candidates: int
    below_threshold: int
    words: tuple[str, ...]
    speaker: tuple[str, ...]
    times: tuple[TimeInQuestion, ...]
    asks_the_assistant: bool
    left_out: LeftOut
    asked_as: str = ""
    threshold: float = 0.0
    above_threshold: int = 0
    best_below: float | None = None
