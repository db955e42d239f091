"""Guards: features that forbid to drop a statement or to end a memory. Their cases are too rare to be learned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from memories.decisions.pair_features import INDEX, Features

MIN_COVERED = 0.6  # of the old words, by their nearest new ones
MIN_REPEATED = 0.8  # of the old words, exactly
MIN_SHARED = 0.4  # likewise, for an end in English; other languages inflect more
MAX_MESSAGE_WORDS = 14  # with content: a longer message tells of more than one change
# Cues of texts that state nothing for sure.
VAGUE = ("new_view", "new_asks", "new_maybe", "new_question", "old_view", "old_asks", "old_maybe")

Flags = NDArray[np.bool_]


def forbids_drop(x: Features) -> Flags:
    """[candidates]: the new text has a number, a name, a denial, a person or an order of words of its own, or is a
    question: it is never a repetition."""
    has = _columns(x)
    return (
        has("num_new_only")
        | has("newly_neg")
        | has("name_new_only")
        | has("people_new_only")
        | has("opposite")
        | has("only_question")
        | (has("name_swapped") & ~has("new_inverse"))
        | has("reordered")
    )


def forbids_end(x: Features) -> Flags:
    """[candidates]: a question, a hypothesis, a denied change, a remark on the past or on a part of a whole ends
    nothing."""
    has = _columns(x)
    return (
        has("only_question")
        | (has("new_strong_maybe") & ~has("old_strong_maybe"))
        | (has("new_strong_past") & ~has("old_strong_past") & ~has("new_now"))
        | has("new_strong_part")
        | has("new_denied")
        | (has("one_part") & has("new_still"))
    )


def is_addressed(x: Features) -> Flags:
    """[candidates]: the new text exclaims or speaks to somebody ("you"): praise, thanks and news of friends, which are
    near to many memories. In a conversation they end none; in a note the rules of a conversation hold for them."""
    has = _columns(x)
    return has("exclaims") | has("new_you")


def forbids_end_in_chat(x: Features, extends: Flags) -> Flags:
    """[candidates]: an opinion, a request, a question or a hypothesis ends nothing. An old opinion, request or
    hypothesis is not ended. The new text has most words of the old one or words near to them, in English many of them
    exactly, and is short; an extension has nearly all of them. Messages are long and keep to one subject, so that most
    near memories are other facts."""
    has = _columns(x)
    vague = np.any([has(cue) for cue in VAGUE], axis=0)
    repeated = says_as_much(x) & (x[:, INDEX["hard_old"]] >= MIN_REPEATED)
    covered = covers(x) & (~has("english") | (x[:, INDEX["hard_old"]] >= MIN_SHARED))
    is_long = x[:, INDEX["size_new"]] > np.log1p(MAX_MESSAGE_WORDS + 0.5)
    return np.asarray(vague | np.where(extends, ~repeated, ~covered | is_long))


def says_as_much(x: Features) -> Flags:
    """[candidates]: the old text has no number, no name and few words of its own, in the same order, so the new text
    can replace it without loss."""
    has = _columns(x)
    own = has("num_old_only") | has("name_old_only") | has("reordered") | has("name_swapped")
    return ~own & covers(x)


def covers(x: Features) -> Flags:
    """[candidates]: the new text has most words of the old one, or words near to them."""
    return np.asarray(x[:, INDEX["soft_old"]] > MIN_COVERED)


def forbids_other_value(x: Features) -> Flags:
    """[candidates]: another value of a relation ends nothing. Each text names a person by a role of its own ("my son
    Alex" and "my boss Alex" are two people), the new text speaks of a year, or the old one denies."""
    has = _columns(x)
    return has("people_conflict") | has("new_year_past") | has("old_neg")


def _columns(x: Features) -> Callable[[str], Flags]:
    return lambda name: np.asarray(x[:, INDEX[name]] > 0)
