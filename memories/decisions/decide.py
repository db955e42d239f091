"""The effect of a new statement on the near memories of its owner: `judge`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from memories.decisions import guards, model, pair_features, texts
from memories.decisions.model import CLASSES, DUPLICATE, EXTEND, KEEP_BOTH, NEGATE, SUPERSEDE, PairModel

# Probabilities that don't come from the model: the training data have no copies and no long texts.
CERTAIN = np.eye(len(CLASSES))


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
    time. CONTRADICTED: the statement ends or reverses what the memory states. REPLACED: another value in the same
    words."""

    NONE = 0
    OTHER_VALUE = 1
    CONTRADICTED = 2
    REPLACED = 3


# A relation is evidence of its own, so an end needs less of the model: this share of its threshold. OTHER_VALUE is
# given to short old texts alone (`pipeline.reconcile`): from two towns or two companies the model can't tell that one
# follows the other. A contradiction shares its words with the old text, so that the model can judge it.
SLOT_FACTOR = np.array([1.0, 0.02, 0.12, 0.01])
# Thresholds for a single candidate, where the model lacks the comparison with others: at most 1 % of the written pairs
# are harmed (docs/models.md).
END_ALONE, DROP_ALONE = 0.9, 0.7


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


def judge(content: str, candidates: Sequence[Candidate], *, is_chat: bool = False) -> Judgement:
    """Compare a statement with its candidates. At most one of them ends; a repetition ends none.

    `is_chat`: the statement is of a conversation, where thresholds of their own hold."""
    return judge_with(model.default(), content, candidates, is_chat=is_chat)


def judge_with(
    pair_model: PairModel, content: str, candidates: Sequence[Candidate], *, is_chat: bool = False
) -> Judgement:
    """`judge` with another model."""
    if not candidates:
        return Judgement(Effect.KEEP_BOTH, None, 1.0)
    new, olds = texts.read(content), [texts.read(candidate.content) for candidate in candidates]
    x = pair_features.compare(new, olds)
    p = pair_model.probabilities(x)
    p[[bool(new.words) and old.words == new.words for old in olds]] = CERTAIN[DUPLICATE]
    # The rest of a long text was not read.
    p[[new.cut or old.cut for old in olds]] = CERTAIN[KEEP_BOTH]
    swapped = [
        candidate.slot is Slot.NONE and texts.swaps_speaker(new, old)
        for candidate, old in zip(candidates, olds, strict=True)
    ]
    p[swapped] = CERTAIN[KEEP_BOTH]
    return choose(pair_model, x, p, np.array([candidate.slot for candidate in candidates]), is_chat=is_chat)


def choose(
    pair_model: PairModel,
    x: pair_features.Features,
    p: model.Probabilities,
    slots: NDArray[np.int_] | None = None,
    *,
    is_chat: bool = False,
) -> Judgement:
    """The judgement from the features [candidates, …], the probabilities [candidates, CLASSES] and the `Slot` of each.

    `drop_*` and `end_*` are the thresholds of a repetition and of an end, in English, in other languages and in a
    conversation of any language; `review`, of a proposal."""
    limits = pair_model.thresholds
    language = "en" if x[:, pair_features.INDEX["english"]].any() else "other"
    slots = np.zeros(len(p), int) if slots is None else slots
    slots = np.where((slots == Slot.OTHER_VALUE) & guards.forbids_other_value(x), Slot.NONE, slots)
    drops, ends = scores(x, p, slots, is_chat=is_chat)
    kinds = (language, "chat") if is_chat else (language,)
    end_limit, drop_limit = (max(limits[f"{act}_{kind}"] for kind in kinds) for act in ("end", "drop"))
    if len(p) == 1:  # no other candidate to compare with
        end_limit, drop_limit = max(end_limit, END_ALONE), max(drop_limit, DROP_ALONE)
    shares = ends / (end_limit * SLOT_FACTOR[slots])
    repeated, target = int(drops.argmax()), int(shares.argmax())
    if drops[repeated] >= drop_limit:
        return Judgement(Effect.DUPLICATE, repeated, float(drops[repeated]))
    sure = shares[target] >= 1
    proposed = tuple(
        Proposed(int(i), _kind(p[i], slots[i]), float(ends[i]))
        for i in np.argsort(-ends, kind="stable")
        if ends[i] >= limits["review"] and not (sure and i == target)
    )
    if sure:
        is_told = slots[target] > Slot.NONE  # decided by the relations, which have no probability of their own
        probability = max(float(ends[target]), END_ALONE if is_told else 0.0)
        return Judgement(_kind(p[target], slots[target]), target, probability, proposed)
    return Judgement(Effect.KEEP_BOTH, None, float(p[:, KEEP_BOTH].min()), proposed)


def scores(
    x: pair_features.Features, p: model.Probabilities, slots: NDArray[np.int_], *, is_chat: bool = False
) -> tuple[model.Probabilities, model.Probabilities]:
    """The probabilities [candidates] that the new text repeats a candidate, and that it replaces or ends it; 0 if a
    guard forbids it. A repetition in other words that says as much may replace the old text too."""
    repeats, acts = p[:, DUPLICATE], 1 - p[:, KEEP_BOTH]
    drops = np.where(guards.forbids_drop(x) | (repeats <= acts - repeats) | (slots > Slot.NONE), 0.0, repeats)
    ends = acts - np.where(guards.says_as_much(x), 0.0, repeats)
    extends = repeats + p[:, EXTEND] > ends / 2  # rather than another value
    addressed, in_chat = guards.is_addressed(x), guards.forbids_end_in_chat(x, extends)
    forbidden = in_chat | addressed if is_chat else np.where(addressed, in_chat, extends & ~guards.covers(x))
    ends = np.where(forbidden & (slots == Slot.NONE), 0.0, ends)
    return drops, np.where(guards.forbids_end(x) & (slots < Slot.CONTRADICTED), 0.0, ends)


def _kind(p: model.Probabilities, slot: int) -> Effect:
    """The most likely of the effects that end a memory. A repetition replaces the old text like an extension, but not
    where the relations differ."""
    kinds = (SUPERSEDE, NEGATE) if slot > Slot.NONE else (DUPLICATE, EXTEND, SUPERSEDE, NEGATE)
    kind = max(kinds, key=lambda kind: p[kind])
    return Effect.EXTEND if kind == DUPLICATE else Effect(CLASSES[kind])


def allows(content: str, old: str, effect: Effect) -> bool:
    """Whether the guards let a statement repeat (DUPLICATE) or end a memory that a language model proposes."""
    new, was = texts.read(content), texts.read(old)
    forbids = guards.forbids_drop if effect is Effect.DUPLICATE else guards.forbids_end
    return not forbids(pair_features.compare(new, [was]))[0] and not texts.swaps_speaker(new, was)
