"""Features: cues of the new and the old text, and their differences."""

from __future__ import annotations

from memories.decisions.texts import Text

OF_NEW = [
    "neg",
    "ended",
    "change",
    "correct",
    "also",
    "maybe",
    "plan",
    "past",
    "temp",
    "said",
    "irony",
    "question",
    "only",
    "still",
    "inverse",
    "first",
    "we",
    "third",
    "you",
    "list",
    "now",
    "progress",
    "replacing",
    "other_word",
    "year_past",
    "strong_past",
    "strong_maybe",
    "strong_plan",
    "strong_temp",
    "strong_quote",
    "strong_view",
    "strong_part",
    "strong_case",
    "strong_again",
    "view",
    "asks",
    "denied",
]
OF_OLD = [
    "neg",
    "ended",
    "change",
    "maybe",
    "plan",
    "past",
    "temp",
    "list",
    "now",
    "strong_maybe",
    "strong_plan",
    "strong_temp",
    "strong_past",
    "view",
    "asks",
    "first",
]
NEWLY = ["neg", "change", "ended", "past", "maybe", "plan", "temp", "view", "asks"]  # in the new text alone
SAME = ["first", "we", "third", "you", "plan", "view"]  # in both or in neither
NAMES = [
    *(f"new_{cue}" for cue in OF_NEW),
    *(f"old_{cue}" for cue in OF_OLD),
    *(f"newly_{cue}" for cue in NEWLY),
    *(f"same_{cue}" for cue in SAME),
    *["neg_differs", "more_neg", "now_both", "exclaims", "sentences", "only_question", "vetoes"],
]
_VETOES = ("strong_maybe", "strong_past", "strong_temp", "strong_plan")


def compare(old: Text, new: Text) -> list[float]:
    """The values of NAMES."""
    o, n = old.cues, new.cues
    only_question = new.sentences > 0 and new.questions >= new.sentences
    return [
        *(float(cue in n) for cue in OF_NEW),
        *(float(cue in o) for cue in OF_OLD),
        *(float(cue in n and cue not in o) for cue in NEWLY),
        *(float((cue in n) == (cue in o)) for cue in SAME),
        float(("neg" in o) != ("neg" in n)),
        float(new.negations - old.negations),
        float("now" in o and "now" in n),
        float(new.exclaims and not old.exclaims),
        float(min(new.sentences, 4)),
        float(only_question),
        float(
            only_question
            + sum(cue in n and cue not in o for cue in _VETOES)
            + ("strong_quote" in n and "strong_view" in n)
            + ("strong_part" in n)
        ),
    ]
