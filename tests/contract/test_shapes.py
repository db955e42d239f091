"""The helper that compares answers with documented examples finds what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.seeds.shapes import shaped_like

EXAMPLE = {"id": "mem_abc", "score": 0.9, "dry": True, "at": "2026-03-01T10:30:00Z", "memories": [{"id": "mem_1"}]}
FITTING = {"id": "mem_f00", "score": 1, "dry": False, "at": "2026-11-21T08:00:00.123Z", "memories": [], "more": None}


def test_more_keys_other_values_and_empty_lists_fit() -> None:
    assert shaped_like(EXAMPLE, FITTING) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "evt_f00"}, "answer.id: no id with mem_"),
        ({"score": "1"}, "answer.score: str instead of number"),
        ({"score": True}, "answer.score: bool instead of number"),
        ({"dry": 0}, "answer.dry: number instead of bool"),
        ({"at": "2026-11-21 08:00"}, "answer.at: no time as in the example"),
        ({"at": None}, "answer.at: NoneType instead of str"),
        ({"memories": {}}, "answer.memories: dict instead of list"),
        ({"memories": [{"id": "mem_1"}, {}]}, "answer.memories.1.id: missing"),
    ],
)
def test_a_misfit_is_named(changed: dict[str, Any], said: str) -> None:
    assert shaped_like(EXAMPLE, FITTING | changed) == [said]


def test_a_missing_key_is_named() -> None:
    assert shaped_like(EXAMPLE, {k: v for k, v in FITTING.items() if k != "dry"}) == ["answer.dry: missing"]
