"""Choose the thresholds of the decision: the lowest ones at which the harm stays under its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memories.decisions import guards
from memories.decisions.features import INDEX, Features
from memories.decisions.model import DUPLICATE, EXTEND, NEGATE, SUPERSEDE, Probabilities
from training.pairs.data import Statement

# Shares of the statements of a language group. The aims of the project are 0.4 % and 1 %.
MAX_DROPPED = 0.003
MAX_ENDED = 0.009
LEAST = 0.35  # no threshold is lower
REVIEW_SHARE = 0.6  # of the threshold of an end


@dataclass(frozen=True, slots=True)
class Outcome:
    """The likeliest end and repetition of one statement: the probability, and whether it does harm."""

    english: bool
    end: float
    end_harms: bool
    drop: float
    drop_harms: bool


def outcome(statement: Statement, x: Features, p: Probabilities) -> Outcome:
    """As `decide.choose` takes them."""
    ends = p[:, SUPERSEDE] + p[:, NEGATE]
    drops = np.where(guards.forbids_drop(x) | (p[:, DUPLICATE] <= ends), 0.0, p[:, DUPLICATE])
    replaces = np.where(guards.forbids_end(x), 0.0, ends + p[:, EXTEND])
    replaces = np.where(replaces > p[:, DUPLICATE], replaces, 0.0)
    target = statement.candidates[int(replaces.argmax())]
    repeats = any("duplicate" in candidate.accept for candidate in statement.candidates)
    return Outcome(
        english=bool(x[0, INDEX["english"]]),
        end=float(replaces.max()),
        end_harms=target.accept == ("keep_both",),
        drop=float(drops.max()),
        drop_harms=not repeats,
    )


def choose(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The thresholds of `decide.choose`."""
    found = {}
    for language, english in (("en", True), ("other", False)):
        group = [one for one in outcomes if one.english is english]
        end = _lowest([(one.end, one.end_harms) for one in group], MAX_ENDED)
        drops = [(one.drop, one.drop_harms) for one in group if one.end < end]
        found[f"end_{language}"], found[f"drop_{language}"] = end, _lowest(drops, MAX_DROPPED)
    found["review"] = REVIEW_SHARE * min(found["end_en"], found["end_other"])
    return {name: round(value, 3) for name, value in found.items()}


def _lowest(proposals: Sequence[tuple[float, bool]], most: float) -> float:
    """The lowest threshold at which the share of harmful proposals is at most `most`."""
    allowed, harmed, best = most * len(proposals), 0, 1.0
    for probability, harms in sorted(proposals, reverse=True):
        harmed += harms
        if harmed > allowed or probability < LEAST:
            break
        best = probability
    return best
