"""Cross-validation over texts: no two parts of one text are on both sides of a split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from training.keep_gate.data import GateRow
from training.keep_gate.fit import LEAST, SCALE, C, fit

FOLDS = 5
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


def probabilities(
    rows: Sequence[GateRow], others: Sequence[GateRow], c: float = C, least: int = LEAST, scale: float = SCALE
) -> list[float]:
    """Each row's probability of being worth keeping, from a model that did not see its text."""
    groups = sorted({row.group for row in rows})
    order = np.random.default_rng(0).permutation(len(groups))
    fold = {groups[at]: int(place) % FOLDS for place, at in enumerate(order)}
    found = [0.0] * len(rows)
    for number in range(FOLDS):
        model = fit([*(row for row in rows if fold[row.group] != number), *others], c=c, least=least, scale=scale)
        for at, row in enumerate(rows):
            if fold[row.group] == number:
                found[at] = model.probability(row.features())
    return found


def figures(rows: Sequence[GateRow], kept: Sequence[bool], only: Callable[[GateRow], bool] = lambda _: True) -> str:
    keepers = [keep for row, keep in zip(rows, kept, strict=True) if row.label == "keep" and only(row)]
    nothing = [keep for row, keep in zip(rows, kept, strict=True) if row.label == "drop" and only(row)]
    lost, dropped = keepers.count(False), nothing.count(False)
    return (
        f"keep {len(keepers):4} lost {lost:3} ({lost / max(len(keepers), 1):.3f})  "
        f"drop {len(nothing):4} dropped {dropped:4} ({dropped / max(len(nothing), 1):.3f})"
    )


def decisions(rows: Sequence[GateRow], found: Sequence[float], threshold: float) -> list[bool]:
    return [p >= threshold if row.rule is None else row.rule for row, p in zip(rows, found, strict=True)]


def report(rows: Sequence[GateRow], others: Sequence[GateRow], threshold: float) -> str:
    """The figures as a text: by threshold, and at `threshold` by role and language, and of the other texts."""
    rows = [*rows, *others]
    found = probabilities(rows, [])
    lines = ["chats, by threshold (5 folds over texts)"]
    for each in THRESHOLDS:
        lines.append(f"  {each:4}  {figures(rows, decisions(rows, found, each), lambda r: r.form == 'chat')}")
    kept = decisions(rows, found, threshold)
    lines.append(f"at {threshold}")
    for name, only in (
        ("user", lambda r: r.role == "user"),
        ("assistant", lambda r: r.role == "assistant"),
        ("English", lambda r: r.lang == "en"),
        ("others", lambda r: r.lang != "en"),
    ):
        lines.append(f"  {name:9} {figures(rows, kept, partial(_is_chat, only))}")
    for form in ("short", "note", "pair", "timeline"):
        lines.append(f"  {form:9} {figures(rows, kept, partial(_has_form, form))}")
    return "\n".join(lines)


def _is_chat(only: Callable[[GateRow], bool], row: GateRow) -> bool:
    return row.form == "chat" and only(row)


def _has_form(form: str, row: GateRow) -> bool:
    return row.form == form
