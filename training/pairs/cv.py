"""Cross-validation: timelines by timeline, pairs by old text. Thresholds are chosen on the other folds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from memories.decisions import decide
from memories.decisions.model import CLASSES, PairModel
from training.pairs import data, fit, thresholds, timelines
from training.pairs.data import LabelledStatement, LabelledTimeline
from training.pairs.fit import Fitted

FOLDS = 5
# Beginnings of the ids of the timelines that were written after the aims were set; they are reported apart.
NEW = ("fc", "ts", "tt", "tu", "tv", "tw", "tx", "ty", "tz", "xx")

Folds = list[tuple[PairModel, list[LabelledTimeline]]]


def folds(names: Sequence[str], count: int = FOLDS) -> dict[str, int]:
    """A fold for each name, at random with a fixed seed."""
    unique = sorted(set(names))
    return {unique[j]: i % count for i, j in enumerate(np.random.default_rng(0).permutation(len(unique)))}


class Data:
    """All statements with their features."""

    def __init__(self) -> None:
        self.timelines = data.timelines()
        self.told = [statement for timeline in self.timelines for statement in data.statements_of(timeline)]
        self.written = data.pair_statements()
        self.x = {id(statement): fit.compared(statement) for statement in (*self.told, *self.written)}

    def fit(self, statements: Sequence[LabelledStatement]) -> Fitted:
        return fit.fit(fit.table(statements, [self.x[id(statement)] for statement in statements]))

    def outcomes(
        self, pair_model: PairModel, statements: Sequence[LabelledStatement]
    ) -> list[thresholds.LikeliestEffects]:
        found = []
        for statement in statements:
            x = self.x[id(statement)]
            found.append(thresholds.outcome(statement, x, pair_model.probabilities(x)))
        return found


def timelines_by_fold(
    everything: Data,
) -> tuple[Folds, list[list[thresholds.LikeliestEffects]]]:
    """A model for each fold, trained on the other timelines and all pairs; and the outcomes of each fold."""
    fold = folds([timeline.id for timeline in everything.timelines])
    models, outcomes = [], []
    for k in range(FOLDS):
        rest = [statement for statement in everything.told if fold[statement.family] != k]
        pair_model = fit.export(everything.fit([*everything.written, *rest]), fit.THRESHOLDS)
        held = [statement for statement in everything.told if fold[statement.family] == k]
        models.append((pair_model, [timeline for timeline in everything.timelines if fold[timeline.id] == k]))
        outcomes.append(everything.outcomes(pair_model, held))
    return models, outcomes


def run_timelines(
    models: Folds, outcomes: Sequence[Sequence[thresholds.LikeliestEffects]], told: bool = False
) -> dict[str, Counter[str]]:
    """Print and return the counts of whole timelines, by language."""
    counts: dict[str, Counter[str]] = {}
    for k, (pair_model, tested) in enumerate(models):
        chosen = thresholds.choose([one for i, group in enumerate(outcomes) if i != k for one in group])
        tuned = replace(pair_model, thresholds=chosen)
        print(f"fold {k}: {len(tested)} timelines, thresholds {chosen}", flush=True)
        for timeline in tested:
            judge = partial(decide.judge_with, tuned, is_chat=timeline.is_chat)
            found = timelines.store(timeline, judge, print if told else None)
            groups = ["all", "English" if timeline.language == "en" else "others", timeline.language]
            if timeline.is_chat:
                groups = ["chats", f"chats {groups[1]}"]
            elif timeline.id[:2] not in NEW:
                groups += ["first 74", f"first 74 {groups[1]}"]
            for group in groups:
                counts.setdefault(group, Counter()).update(found)
    for group in sorted(counts, key=lambda group: (len(group) == 2, group)):
        print(line(group, counts[group]), flush=True)
    return counts


def line(group: str, counts: Counter[str]) -> str:
    """One row of the table of timelines."""
    parts = [f"{group:16s} items {counts['items']:5d}"]
    parts += [f"{harm} {counts[harm]:3d}" for harm in ("dropped wrongly", "ended wrongly")]
    for effect in ("supersede", "negate", "duplicate"):
        done, whole = counts[f"{effect} done"], counts[effect]
        parts.append(f"{effect} {done}/{whole} {done / max(whole, 1):.2f}")
    parts.append(f"proposed {counts['proposed']} ({counts['proposed rightly']} right)")
    return ", ".join(parts)


def run_pairs(everything: Data) -> None:
    """Print the figures of the written pairs by class, cross-validated by old text."""
    fold = folds([statement.family for statement in everything.written])
    counts: dict[str, Counter[str]] = {}
    for k in range(FOLDS):
        rest = [statement for statement in everything.written if fold[statement.family] != k]
        pair_model = fit.export(everything.fit([*rest, *everything.told]), fit.THRESHOLDS)
        for statement in everything.written:
            if fold[statement.family] == k:
                x = everything.x[id(statement)][:1]
                said = decide.choose(pair_model, x, pair_model.probabilities(x)).effect
                for group in ("all", "English" if statement.language == "en" else "others"):
                    _count(counts.setdefault(group, Counter()), said, statement.candidates[0].accept)
    for group, found in counts.items():
        recalls = ", ".join(f"{c} {found[c + ' right']}/{found[c]}" for c in CLASSES)
        print(
            f"pairs {group:8s} {found['n']}, right {found['right'] / found['n']:.3f}, "
            f"dropped wrongly {found['dropped']}, ended wrongly {found['ended']}, repetitions replaced "
            f"{found['replaced']}; {recalls}"
        )


def _count(counts: Counter[str], said: decide.Effect, accept: tuple[str, ...]) -> None:
    counts["n"] += 1
    counts["right"] += said in accept
    counts[accept[0]] += 1
    counts[f"{accept[0]} right"] += said == accept[0]
    counts["dropped"] += said == "duplicate" and "duplicate" not in accept
    ends = said in ("supersede", "negate", "extend")
    counts["ended"] += ends and set(accept) == {"keep_both"}
    counts["replaced"] += ends and "duplicate" in accept
