"""The keep gate: a logistic regression that drops segments of a conversation that surely have no facts.

Notes are checked by `states_nothing` only. The model was trained on English and decides English only: in other
languages, greetings, questions and requests are dropped.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memories.extraction.greetings import is_greeting
from memories.extraction.keep_features import asks_something, features, is_code
from memories.extraction.language import is_english
from memories.extraction.words import word_list

WEIGHTS = Path(__file__).parent / "weights" / "keep_gate.json"


def _alternatives(name: str) -> str:
    return "|".join(map(re.escape, " ".join(word_list(name).split()).split(", ")))


# A request's first words in the languages that the model does not judge; "schreib auf Deutsch" and "always" last.
REQUEST = re.compile(
    rf"\W*+(?:(?:{_alternatives('politeness')}) ){{0,2}}(?:{_alternatives('requests')})"
    r"(?!\w*[ -](?:immer|toujours|siempre|sempre|altijd|zawsze|всегда|en|in|auf|em|po|на)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Model:
    """`weights` by the name of a feature; features that the training lacked have no weight."""

    bias: float
    threshold: float
    weights: dict[str, float]

    def probability(self, found: dict[str, float]) -> float:
        score = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in found.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def keeps(segment: str, *, role: str, before: str, first: bool, last: bool, count: int) -> bool:
    """Whether a segment of a conversation is kept.

    `role` is that of the message, `before` the segment before this one in it ("" for the first), `first` and `last`
    where it stands in it and `count` how many there are.
    """
    decided = by_rule(segment)
    if decided is not None:
        return decided
    found = features(segment, role=role, before=before, first=first, last=last, count=count)
    model = load()
    return model.probability(found) >= model.threshold


def by_rule(segment: str) -> bool | None:
    """The decision without the model; None: ask the model."""
    if states_nothing(segment):
        return False
    if is_english(segment):
        return None
    return not (asks_something(segment) or REQUEST.match(segment) or (segment.isascii() and is_code(segment[:400])))


def states_nothing(text: str) -> bool:
    """Whether a text is only a greeting, thanks or punctuation: such a note is not stored."""
    return is_greeting(text)


@cache
def load() -> Model:
    saved = json.loads(WEIGHTS.read_text("utf-8"))
    return Model(saved["bias"], saved["threshold"], saved["weights"])
