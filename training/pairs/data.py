"""The training data: statements with their candidates, and the accepted effects on each candidate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memories.decisions import texts

FOLDER = Path(__file__).parent.parent / "data"
COSINES = FOLDER / "cosines.npz"
CONTENTS = FOLDER / "contents.jsonl"

NEIGHBOURS = 8  # candidates of a statement
MIN_COSINE = 0.25  # of the sentence vectors of a candidate
STRANGER_COSINE = (0.15, 0.75)  # of the static vectors of a pair's mined neighbours
OWN_COSINE = 0.6  # a neighbour nearer to the pair's own old text might be replaced in truth

WEIGHT_TARGET, WEIGHT_TRAP, WEIGHT_NEIGHBOUR, WEIGHT_STRANGER = 1.0, 0.8, 0.4, 0.07
TRAINED_STRANGERS = 3  # of the mined neighbours; the others are context alone


@dataclass(frozen=True, slots=True)
class Labelled:
    """A candidate: its text, the effects that a careful reader accepts (the best first) and its weight in training."""

    text: str
    accept: tuple[str, ...]
    weight: float
    kind: str


@dataclass(frozen=True, slots=True)
class LabelledStatement:
    """A new text with its candidates. `family`: the timeline or the old text of a pair; folds never split one.
    `is_chat`: it was said in a conversation."""

    family: str
    language: str
    text: str
    candidates: tuple[Labelled, ...]
    is_chat: bool = False


@dataclass(frozen=True, slots=True)
class LabelledTimeline:
    """What one user says in order of time. `items` by number; `classes`: the first item that says the same; `cosines`:
    [items, items] of the sentence vectors, by number less 1. The `text` of an item is the content that a store keeps.
    `is_chat`: the items are sentences of a conversation; those that the keep gate drops are left out."""

    id: str
    language: str
    items: dict[int, dict[str, Any]]
    classes: dict[int, int]
    cosines: NDArray[np.float32]
    is_chat: bool = False

    def nearest(self, live: list[int], item: int) -> list[int]:
        """The nearest live items by the sentence vectors, nearest first."""
        ordered = sorted(live, key=lambda o: (-self.cosines[o - 1, item - 1], o))[:NEIGHBOURS]
        return [o for o in ordered if self.cosines[o - 1, item - 1] >= MIN_COSINE]


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def timeline_files() -> list[Path]:
    return [*sorted(FOLDER.glob("timelines_*.jsonl")), *chat_files()]


def chat_files() -> list[Path]:
    return sorted(FOLDER.glob("chats_*.jsonl"))


def pair_files() -> list[Path]:
    return sorted(FOLDER.glob("pairs_*.jsonl"))


def timelines() -> list[LabelledTimeline]:
    """All timelines and chats, with the cosines of `cosines.npz` and the contents of `contents.jsonl`."""
    found = []
    content, chats = contents(), chat_files()
    with np.load(COSINES) as cosines:
        for row, is_chat in ((row, path in chats) for path in timeline_files() for row in rows(path)):
            kept = {item["n"]: content.get(item["text"], item["text"]) for item in row["items"]}
            items = {item["n"]: {**item, "text": kept[item["n"]]} for item in row["items"]}
            classes: dict[int, int] = {}
            for n, item in items.items():
                classes[n] = classes[item["of"][0]] if item["effect"] in ("duplicate", "extend") else n
            matrix = cosines[row["id"]].astype(np.float32) / 127
            stored = {n: item for n, item in items.items() if item["text"]}
            found.append(LabelledTimeline(row["id"], row["lang"], stored, classes, matrix, is_chat))
    return found


def contents() -> dict[str, str]:
    """The content that a store makes of a text, where it differs; empty if the keep gate drops the text."""
    return {row["text"]: row["content"] for row in rows(CONTENTS)}


def statements_of(timeline: LabelledTimeline) -> Iterator[LabelledStatement]:
    """The items of a timeline with the live items that retrieval brings, what they act on, and the listed traps."""
    items, classes, live = timeline.items, timeline.classes, list[int]()
    for n, item in items.items():
        acted = {classes[o] for o in item.get("of", ())}
        effects = tuple(e.replace("add", "keep_both") for e in (item["effect"], *item.get("also", ())))
        meant = [o for o in live if classes[o] in acted]
        listed = [o for o in item.get("near", ()) if o in live]
        candidates = []
        for o in dict.fromkeys([*meant, *timeline.nearest(live, n), *listed]):
            accept, weight, kind = ("keep_both",), WEIGHT_NEIGHBOUR, "neighbour"
            if o in meant:
                other = effects[0] in ("duplicate", "extend") and o not in item["of"]
                accept, weight, kind = (("duplicate", "extend") if other else effects), WEIGHT_TARGET, "target"
            elif o in listed:
                weight, kind = WEIGHT_TRAP, "trap"
            candidates.append(Labelled(items[o]["text"], accept, weight, kind))
        if candidates:
            yield LabelledStatement(timeline.id, timeline.language, item["text"], tuple(candidates), timeline.is_chat)
        live.append(n)
        if item["effect"] in ("supersede", "negate"):
            live = [o for o in live if classes[o] not in acted]


def pair_statements() -> list[LabelledStatement]:
    """The written pairs. Beside its old text each new text gets near texts of other families, which it leaves alone:
    a model that has seen only texts about one thing ends unrelated memories."""
    pairs, content = [row for path in pair_files() for row in rows(path)], contents()
    for side in (row[side] for row in pairs for side in ("old", "new")):
        side["text"] = content.get(side["text"]) or side["text"]
    olds = sorted({row["old"]["text"] for row in pairs})
    place = {text: i for i, text in enumerate(olds)}
    means = np.array([texts.read_anew(text).mean for text in olds])
    low, high = STRANGER_COSINE
    found = []
    for row in pairs:
        new, own = texts.read_anew(row["new"]["text"]).mean, place[row["old"]["text"]]
        near, like_own = means @ new, means @ means[own]
        fits = (near >= low) & (near <= high) & (like_own < OWN_COSINE)
        best = [j for j in np.argsort(-near, kind="stable") if fits[j] and j != own][: NEIGHBOURS - 1]
        target = Labelled(row["old"]["text"], tuple(row["accept"]), WEIGHT_TARGET, "target")
        weights = [WEIGHT_STRANGER] * TRAINED_STRANGERS + [0.0] * NEIGHBOURS
        strangers = (
            Labelled(olds[j], ("keep_both",), weight, "stranger") for j, weight in zip(best, weights, strict=False)
        )
        found.append(
            LabelledStatement(row["old"]["text"], row.get("lang", "en"), row["new"]["text"], (target, *strangers))
        )
    return found
