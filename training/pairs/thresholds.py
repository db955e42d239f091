"""Choose the thresholds of the decision: the lowest ones at which the harm stays under its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memories.decisions import decide
from memories.decisions.model import Probabilities
from memories.decisions.pair_features import INDEX, Features
from training.pairs.data import LabelledStatement

# Shares of the statements of a language group. The aims of the project are 0.4 % and 1 %.
MAX_DROPPED = 0.0035
MAX_ENDED = 0.011
MAX_WRONG_IN_CHAT = 0.0017  # dropped, and as many ended
LEAST = 0.35  # no threshold is lower
REVIEW_SHARE = 0.6  # of the threshold of an end


@dataclass(frozen=True, slots=True)
class LikeliestEffects:
    """The likeliest end and repetition of one statement: the probability, and whether it does harm."""

    english: bool
    is_chat: bool
    end: float
    end_harms: bool
    drop: float
    drop_harms: bool


def outcome(statement: LabelledStatement, x: Features, p: Probabilities) -> LikeliestEffects:
    """As `decide.choose` takes them."""
    drops, ends = decide.scores(x, p, np.zeros(len(p), int), is_chat=statement.is_chat)
    repeated, target = statement.candidates[int(drops.argmax())], statement.candidates[int(ends.argmax())]
    effects = {effect for candidate in statement.candidates for effect in candidate.accept}
    return LikeliestEffects(
        english=bool(x[:, INDEX["english"]].any()),
        is_chat=statement.is_chat,
        end=float(ends.max()),
        end_harms=target.accept == ("keep_both",),
        drop=float(drops.max()),
        drop_harms="duplicate" not in repeated.accept and "duplicate" not in effects,
    )


def choose(
    outcomes: Sequence[LikeliestEffects], max_dropped: float = MAX_DROPPED, max_ended: float = MAX_ENDED
) -> dict[str, float]:
    """The thresholds of `decide.choose`."""
    found = {}
    groups = {
        "en": [one for one in outcomes if one.english and not one.is_chat],
        "other": [one for one in outcomes if not one.english and not one.is_chat],
        "chat": [one for one in outcomes if one.is_chat],
    }
    for name, group in groups.items():
        limits = (MAX_WRONG_IN_CHAT, MAX_WRONG_IN_CHAT) if name == "chat" else (max_dropped, max_ended)
        drop = _lowest([(one.drop, one.drop_harms) for one in group], limits[0] * len(group))
        ends = [(one.end, one.end_harms) for one in group if one.drop < drop]
        found[f"drop_{name}"], found[f"end_{name}"] = drop, _lowest(ends, limits[1] * len(group))
    found["review"] = REVIEW_SHARE * min(found["end_en"], found["end_other"])
    return {name: round(value, 3) for name, value in found.items()}


def _lowest(proposals: Sequence[tuple[float, bool]], allowed: float) -> float:
    """The lowest threshold at which at most `allowed` proposals do harm."""
    harmed, best = 0, 1.0
    for probability, harms in sorted(proposals, reverse=True):
        harmed += harms
        if harmed > allowed or probability < LEAST:
            break
        best = probability
    return best
