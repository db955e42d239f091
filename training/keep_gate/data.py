"""The texts that the keep gate is trained on."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from memories.extraction.keep_features import features
from memories.extraction.keep_gate import by_rule

DATA = Path(__file__).parents[1] / "data"
STATEMENTS = "statements_b.jsonl"
SHORT = "statements_short.jsonl"  # short turns, one part each: only trained on, never scored
PAIRS = tuple(f"pairs_{letter}.jsonl" for letter in "abcdef")
TIMELINES = tuple(f"timelines_{letter}.jsonl" for letter in "abcefgijklmnopqr")
# A note and the texts of pairs and timelines are always worth keeping: they count less than a turn of a conversation.
WEIGHT = {"chat": 1.0, "short": 1.0, "note": 0.3, "pair": 0.1, "timeline": 0.05}
NO_STATEMENT = ("question", "quotation", "sarcasm", "irony")


@dataclass(frozen=True)
class GateRow:
    """`label` is keep, drop or either; rows of one `group` are never on both sides of a split."""

    text: str
    label: str
    group: str
    lang: str
    form: str
    role: str = "user"
    before: str = ""
    first: bool = True
    last: bool = True
    count: int = 1

    @property
    def weight(self) -> float:
        return WEIGHT[self.form]

    @property
    def rule(self) -> bool | None:
        return by_rule(self.text)

    def features(self) -> dict[str, float]:
        return features(
            self.text, role=self.role, before=self.before, first=self.first, last=self.last, count=self.count
        )


def read() -> tuple[list[GateRow], list[GateRow]]:
    """The parts of the statements, and the other texts that are worth keeping.

    Only a turn of a conversation has a place in a message. The other texts get the places of turns, one after the
    other: else the model would learn that whatever stands alone is kept.
    """
    statements = list(_statements(STATEMENTS))
    places = itertools.cycle([row for row in statements if row.form == "chat"])
    all_rows = (*statements, *_short(), *_keepers())
    found = [row if row.form == "chat" else _placed(row, next(places)) for row in all_rows]
    return found[: len(statements)], found[len(statements) :]


def _placed(row: GateRow, turn: GateRow) -> GateRow:
    return replace(row, before=turn.before, first=turn.first, last=turn.last, count=turn.count)


def digest() -> str:
    """One hash over all files of data, in the order in which they are read."""
    found = hashlib.sha256()
    for name in (STATEMENTS, SHORT, *PAIRS, *TIMELINES):
        found.update((DATA / name).read_bytes())
    return found.hexdigest()


def _lines(name: str) -> Iterator[dict[str, Any]]:
    for line in (DATA / name).read_text("utf-8").splitlines():
        yield json.loads(line)


def _short() -> Iterator[GateRow]:
    return (replace(row, form="short", group=row.text) for row in _statements(SHORT))


def _statements(name: str) -> Iterator[GateRow]:
    for said in _lines(name):
        parts = said["parts"]
        for at, part in enumerate(parts):
            yield GateRow(
                part["text"], part["label"], said["id"], said["lang"], said["form"], said["role"],
                parts[at - 1]["text"] if at else "", at == 0, at == len(parts) - 1, len(parts),
            )  # fmt: skip


def _keepers() -> Iterator[GateRow]:
    seen: set[str] = set()
    for name in PAIRS:
        for pair in _lines(name):
            for side in ("old", "new"):
                text = pair[side]["text"]
                doubtful = side == "new" and (pair.get("kind") in NO_STATEMENT or "?" in text)
                if text not in seen and not doubtful:
                    seen.add(text)
                    yield GateRow(text, "keep", pair["old"]["text"], pair.get("lang", "en"), "pair")
    for name in TIMELINES:
        for timeline in _lines(name):
            for item in timeline["items"]:
                if item["text"] not in seen and "?" not in item["text"]:
                    seen.add(item["text"])
                    yield GateRow(item["text"], "keep", timeline["id"], timeline["lang"], "timeline")
