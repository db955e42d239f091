"""The effect of a new statement on the near memories of its owner: `judge`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from memories.decisions import features, guards, model, texts
from memories.decisions.model import CLASSES, DUPLICATE, EXTEND, KEEP_BOTH, NEGATE, SUPERSEDE, PairModel


class Effect(StrEnum):
    """DUPLICATE: the statement says nothing new and is dropped. EXTEND: it repeats a memory whole and says more.
    SUPERSEDE: it has another value of the same thing. NEGATE: the memory no longer holds. KEEP_BOTH: both are true."""

    DUPLICATE = "duplicate"
    EXTEND = "extend"
    SUPERSEDE = "supersede"
    NEGATE = "negate"
    KEEP_BOTH = "keep_both"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A near live memory. `cosine`: of the sentence vectors, 0 if unknown."""

    content: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Proposed:
    """An effect that is likely, but not sure enough to take place."""

    index: int
    effect: Effect
    probability: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """`index`: the candidate on which the statement acts; None with KEEP_BOTH. `probability`: of the effect, 0–1.
    `open`: the pairs between the two thresholds, the most likely first, for the review queue."""

    effect: Effect
    index: int | None
    probability: float
    open: tuple[Proposed, ...] = ()


def judge(content: str, candidates: Sequence[Candidate]) -> Judgement:
    """Compare a statement with its candidates. At most one of them ends; a repetition ends none."""
    return judge_with(model.default(), content, candidates)


def judge_with(pair_model: PairModel, content: str, candidates: Sequence[Candidate]) -> Judgement:
    """`judge` with another model."""
    if not candidates:
        return Judgement(Effect.KEEP_BOTH, None, 1.0)
    new, olds = texts.read(content), [texts.read(candidate.content) for candidate in candidates]
    x = features.compare(new, olds)
    return choose(pair_model, x, pair_model.probabilities(x))


def choose(pair_model: PairModel, x: features.Features, p: model.Probabilities) -> Judgement:
    """The judgement from the features [candidates, …] and the probabilities [candidates, CLASSES].

    `drop_*` and `end_*` are the thresholds of a repetition and of an end, in English and in other languages;
    `extend`, of an extension; `review`, of a proposal."""
    limits = pair_model.thresholds
    language = "en" if x[0, features.INDEX["english"]] else "other"
    ends = p[:, SUPERSEDE] + p[:, NEGATE]
    drops = np.where(guards.forbids_drop(x) | (p[:, DUPLICATE] <= ends), 0.0, p[:, DUPLICATE])
    replaces = np.where(guards.forbids_end(x), 0.0, ends + p[:, EXTEND])
    replaces = np.where(replaces > p[:, DUPLICATE], replaces, 0.0)
    target = int(replaces.argmax())
    sure = replaces[target] >= limits[f"end_{language}"]
    if sure:
        effect, index, probability = _kind(p[target]), target, float(replaces[target])
    elif drops.max() >= limits[f"drop_{language}"]:
        index = int(drops.argmax())
        return Judgement(Effect.DUPLICATE, index, float(drops[index]))
    else:
        effect, index, probability = Effect.KEEP_BOTH, None, float(p[:, KEEP_BOTH].min())
    order = [int(i) for i in np.argsort(-replaces, kind="stable") if replaces[i] >= limits["review"] and i != index]
    return Judgement(effect, index, probability, tuple(Proposed(i, _kind(p[i]), float(replaces[i])) for i in order))


def _kind(p: model.Probabilities) -> Effect:
    """The most likely of the effects that end a memory."""
    kinds = (EXTEND, SUPERSEDE, NEGATE)
    return Effect(CLASSES[max(kinds, key=lambda kind: p[kind])])


def allows(content: str, old: str, effect: Effect) -> bool:
    """Whether the guards let a statement repeat (DUPLICATE) or end a memory, whatever anybody says of the pair."""
    x = features.compare(texts.read(content), [texts.read(old)])
    forbids = guards.forbids_drop if effect is Effect.DUPLICATE else guards.forbids_end
    return not forbids(x)[0]
