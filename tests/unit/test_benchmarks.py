"""The benchmark's metrics, held to values computed by hand, and its shipped conversation."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks import retrieval_metrics
from benchmarks.client import Api, CannotMeasureError
from benchmarks.retrieval import SHIPPED


def test_one_question() -> None:
    recall5, recall10, recall20, everything, ndcg, mrr = retrieval_metrics.of_question(
        ["x", "a", "a", "y", "z", "w", "b"], frozenset({"a", "b"})
    )
    assert (recall5, recall10, recall20, everything, mrr) == (0.5, 1.0, 1.0, 1.0, 0.5)
    assert ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(8)) / (1 + 1 / math.log2(3)))


def test_nothing_found_and_found_too_late() -> None:
    assert retrieval_metrics.of_question([], frozenset({"a"})) == [0, 0, 0, 0, 0, 0]
    late = retrieval_metrics.of_question([*"bcdefghijklm", "a"], frozenset({"a"}))
    assert late == [0, 0, 1, 0, 0, pytest.approx(1 / 13)]


def test_sessions_of_the_ranked_turns() -> None:
    ranked = ["s1", "s1", "s2", "s3", "s1", "s4", "s5", "s6", "s7"]
    assert retrieval_metrics.of_sessions(ranked, frozenset({"s5", "s6"})) == [1, 0, 1, 1]
    assert retrieval_metrics.of_sessions(ranked, frozenset({"s7", "s8"})) == [0, 0, 1, 0]
    assert retrieval_metrics.of_sessions([], frozenset({"s1"})) == [0, 0, 0, 0]


def test_the_newest_evidence_is_before_the_older() -> None:
    assert retrieval_metrics.newest_first(["x", "new", "old"], ["old", "new"])
    assert retrieval_metrics.newest_first(["x", "new"], ["old", "new"])
    assert not retrieval_metrics.newest_first(["old", "new"], ["old", "new"])
    assert not retrieval_metrics.newest_first(["x"], ["old", "new"])


def test_means_by_category() -> None:
    means = retrieval_metrics.by_category([("2", [1.0] * 6), ("1", [0.0] * 6), ("2", [0.0] * 6)])
    assert list(means) == ["1", "2", "all"]
    assert means["2"] == (2, [0.5] * 6)
    assert means["all"][1] == pytest.approx([1 / 3] * 6)


def test_percentiles_are_milliseconds() -> None:
    assert retrieval_metrics.percentiles([n / 1000 for n in range(1, 101)]) == (51.0, 96.0)
    assert retrieval_metrics.percentiles([]) == (0.0, 0.0)


def test_the_shipped_conversation_is_whole() -> None:
    (user,) = json.loads(SHIPPED.read_text())
    ids = [turn["id"] for turn in user["memories"]]
    assert len(ids) == len(set(ids)) == 70
    assert {e for q in user["questions"] for e in q["evidence"]} <= set(ids)
    assert {q["category"] for q in user["questions"]} == {1, 2, 3, 4}


def test_nothing_is_asked_while_writes_are_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    writes = {"pending": 3}
    status = {"data": {"writes": writes, "embedder": {"model": "all-MiniLM-L6-v2"}}}
    api = Api("http://127.0.0.1:1", "key")
    monkeypatch.setattr(api, "call", lambda *_: (200, status, {}))
    with pytest.raises(CannotMeasureError, match="3 writes are pending"):
        api.model()
    writes["pending"] = 0
    assert api.model() == "all-MiniLM-L6-v2"
