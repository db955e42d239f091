"""The effect of a new statement on the near memories of its owner: `judge`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

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


class Slot(IntEnum):
    """What the relations of the two texts say, where both were parsed. OTHER_VALUE: another value of what has one at a
    time. CONTRADICTED: the statement ends or reverses what the memory states."""

    NONE = 0
    OTHER_VALUE = 1
    CONTRADICTED = 2


# A relation is evidence of its own, so an end needs less of the model: so many times its threshold.
SLOT_FACTOR = np.array([1.0, 0.4, 0.12])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A near live memory. `cosine`: of the sentence vectors, 0 if unknown."""

    content: str
    cosine: float
    slot: Slot = Slot.NONE


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
    slots = np.array([candidate.slot for candidate in candidates])
    return choose(pair_model, x, pair_model.probabilities(x), slots)


def choose(
    pair_model: PairModel, x: features.Features, p: model.Probabilities, slots: NDArray[np.int_] | None = None
) -> Judgement:
    """The judgement from the features [candidates, …], the probabilities [candidates, CLASSES] and the `Slot` of each.

    `drop_*` and `end_*` are the thresholds of a repetition and of an end, in English and in other languages;
    `extend`, of an extension; `review`, of a proposal."""
    limits = pair_model.thresholds
    language = "en" if x[0, features.INDEX["english"]] else "other"
    ends = p[:, SUPERSEDE] + p[:, NEGATE]
    drops = np.where(guards.forbids_drop(x) | (p[:, DUPLICATE] <= ends), 0.0, p[:, DUPLICATE])
    slots = np.zeros(len(p), int) if slots is None else slots
    contradicted = slots == Slot.CONTRADICTED
    replaces = np.where(guards.forbids_end(x) & ~contradicted, 0.0, ends + p[:, EXTEND])
    replaces = np.where((replaces > p[:, DUPLICATE]) | contradicted, replaces, 0.0)
    surplus = replaces / (limits[f"end_{language}"] * SLOT_FACTOR[slots])
    target = int(surplus.argmax())
    sure = surplus[target] >= 1
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
