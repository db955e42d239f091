"""Store timelines item by item, decide with a model as the service does, and count the right and wrong effects.

The counts are those of a store over HTTP: an end of an item that is over already, or of an item that the new one
repeats or extends, does no harm; a new item that is dropped is wrong unless it is a repetition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from memories.decisions.decide import Candidate, Effect, Judgement
from training.pairs.data import LabelledTimeline

Judge = Callable[[str, list[Candidate]], Judgement]
ACTS = {"supersede", "negate", "extend", "duplicate"}


def store(timeline: LabelledTimeline, judge: Judge, told: Callable[[str], None] | None = None) -> Counter[str]:
    """The counts of one timeline. `told` gets a line about every wrong effect."""
    items, classes, counts = timeline.items, timeline.classes, Counter[str]()
    live: list[int] = []
    over: set[int] = set()
    for n, item in items.items():
        targets, may = {classes[o] for o in item.get("of", ())}, {item["effect"], *item.get("also", ())}
        near = timeline.nearest(live, n)
        candidates = [Candidate(items[o]["text"], float(timeline.cosines[o - 1, n - 1])) for o in near]
        judgement = judge(item["text"], candidates)
        old = near[judgement.index] if judgement.index is not None else None
        dropped = judgement.effect is Effect.DUPLICATE
        ended = {old} if old is not None and not dropped else set[int]()
        counts["items"] += 1
        counts[item["effect"]] += 1
        wrong = [o for o in ended if classes[o] not in (targets if may & ACTS else set()) and classes[o] != classes[n]]
        wrong = [o for o in wrong if classes[o] not in over]
        if dropped and "duplicate" not in may:
            counts["dropped wrongly"] += 1
            _tell(told, timeline, n, old, judgement)
        if wrong:
            counts["ended wrongly"] += 1
            _tell(told, timeline, n, wrong[0], judgement)
        before = {classes[o] for o in live}
        live = [o for o in live if o not in ended] + ([] if dropped else [n])
        if item["effect"] in ("supersede", "negate"):
            over |= targets
            left = {classes[o] for o in live if o != n}
            counts[f"{item['effect']} done"] += bool((before & targets) - left)
        if item["effect"] == "duplicate":
            counts["duplicate done"] += bool(before & targets) and (
                dropped or any(classes[o] in targets for o in ended)
            )
        counts["proposed"] += len(judgement.open)
        counts["proposed rightly"] += any(classes[near[one.index]] in targets for one in judgement.open)
    return counts


def _tell(
    told: Callable[[str], None] | None, timeline: LabelledTimeline, n: int, old: int | None, judgement: Judgement
) -> None:
    if told is not None:
        item, text = timeline.items[n], timeline.items[old]["text"] if old else ""
        kind = f"{item['effect']} {item.get('trap', '')}".strip()
        told(
            f"{timeline.id}/{n} ({kind}) {judgement.effect} {judgement.probability:.2f}: {item['text'][:140]!r} "
            f"<- {text[:140]!r}"
        )
