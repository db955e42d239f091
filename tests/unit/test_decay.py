"""The one formula of decay."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import UTC
from memories.decay import DECAYED, SOONEST, Decay, decay

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = dt.timedelta(days=1)
idles = st.timedeltas(dt.timedelta(0), dt.timedelta(days=5_000))


def after(idle: dt.timedelta, **changes: Any) -> Decay:
    known: dict[str, Any] = {"last_used_at": None, "uses": 0, "importance": 0.5, "pinned": False}
    return decay(NOW, changed_at=NOW - idle, **known | changes)


def test_it_is_the_documented_formula() -> None:
    assert after(90 * DAY).score == pytest.approx(math.exp(-1))
    assert after(90 * DAY, importance=1.0).score == pytest.approx(math.exp(-1 / 2))
    assert after(90 * DAY, importance=0.0).score == pytest.approx(math.exp(-2))
    assert after(90 * DAY, uses=10).score == pytest.approx(math.exp(-1 / (1 + math.log(11))))
    assert after(9_000 * DAY, pinned=True).score == 1.0


@pytest.mark.parametrize(
    ("days", "band"), [(0, "healthy"), (62, "healthy"), (63, "decaying"), (207, "decaying"), (208, "expired")]
)
def test_an_ordinary_memory_that_is_never_used(days: int, band: str) -> None:
    assert after(days * DAY).band == band


def test_a_use_or_a_change_makes_it_fresh() -> None:
    assert after(300 * DAY, last_used_at=NOW - DAY, uses=1).idle == DAY
    assert after(DAY, last_used_at=NOW - 300 * DAY, uses=1).idle == DAY
    assert after(-DAY).score == 1.0  # a clock that is a little ahead


@given(idles, idles, st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_it_falls_with_time_and_less_with_use_and_importance(
    idle: dt.timedelta, more: dt.timedelta, uses: int, further: int, low: float, high: float
) -> None:
    score = after(idle, uses=uses, importance=min(low, high)).score
    assert 0 <= after(idle + more, uses=uses, importance=min(low, high)).score <= score <= 1
    assert after(idle, uses=uses + further, importance=max(low, high)).score >= score


@given(idles, st.integers(0, 1000), st.floats(0, 1))
def test_nothing_decays_sooner_than_said(idle: dt.timedelta, uses: int, importance: float) -> None:
    if after(idle, uses=uses, importance=importance).score < DECAYED:
        assert idle > SOONEST - dt.timedelta(microseconds=1)
