"""The midpoints of the logistic curves, and the measurement of notes."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from benchmarks import notes_recall
from benchmarks.notes_recall import Answered
from training import calibration
from training.calibration import Sample


def samples(user: str, *values: float, right: bool) -> list[Sample]:
    return [Sample(user, "note", value, right) for value in values]


def test_the_threshold_keeps_nearly_all_right_memories() -> None:
    values = np.arange(1, 101) / 100
    middle = calibration.midpoint(values, 2.5)
    found = calibration.scores(samples("a", *values, right=True), 2.5, middle)
    assert (found >= calibration.THRESHOLD).sum() == 95
    assert middle == pytest.approx(0.0595 + np.log(1.5) / 2.5)


def test_a_user_is_scored_with_the_midpoint_of_the_others() -> None:
    own = samples("a", *[1.0] * 20, right=True)
    other = samples("b", *[2.0] * 20, right=True)
    found = calibration.cross_validated([*own, *other], 2.5)
    assert (found[:20] < 0.4).all()
    assert (found[20:] > 0.4).all()


def test_the_table_has_shares_by_threshold() -> None:
    rows = [*samples("a", 1, 2, right=True), *samples("a", 1, 2, right=False)]
    lines = calibration.table(rows, np.array([0.9, 0.45, 0.25, 0.65])).splitlines()
    assert lines[2] == "| 0.2 | 100 % | 100 % | 50 % |"
    assert lines[4] == "| 0.4 | 100 % | 50 % | 67 % |"
    assert lines[8] == "| 0.8 | 50 % | 0 % | 100 % |"


def test_timelines_become_notes_with_their_answers() -> None:
    first = next(user for user in calibration.timelines() if user["questions"])
    ids = {memory["id"] for memory in first["memories"]}
    assert all(set(question["evidence"]) <= ids for question in first["questions"])
    assert all(set(question["evidence"]).isdisjoint(question["outdated"]) for question in first["questions"])


def test_the_notes_are_whole() -> None:
    notes = [json.loads(line) for line in notes_recall.SHIPPED.read_text("utf-8").splitlines()]
    assert len({note["id"] for note in notes}) == len(notes) == 100
    assert set(Counter(note["lang"] for note in notes).values()) == {10}
    assert Counter(note["wording"] for note in notes) == {"same": 50, "other": 50}


def test_the_table_of_notes_counts_at_the_threshold() -> None:
    note = {"lang": "en", "wording": "same"}
    answers = [
        Answered(note, 0.4, (0.5, 0.1), False),
        Answered(note, 0.39, (0.2,), True),
        Answered(note, None, (), False),
    ]
    lines = notes_recall.table(answers).splitlines()
    assert lines[1].split() == ["same", "words", "3", "1", "1", "1/3"]
    assert lines[-1].split() == ["wrong", "0.10", "0.10", "0.20", "0.50", "0.50"]
    assert notes_recall.quantiles([]) == []
