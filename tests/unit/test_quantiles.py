"""Quantiles from buckets, as Prometheus estimates them."""

from __future__ import annotations

import math
import random

import pytest

from core.monitoring.metrics import COARSE, FINE
from core.monitoring.quantiles import Latency


def of(values: list[float], bounds: tuple[float, ...]) -> Latency:
    buckets = {bound: float(sum(v <= bound for v in values)) for bound in (*bounds, math.inf)}
    return Latency(len(values), sum(values), buckets)


def test_nothing_is_zero() -> None:
    assert Latency().summary() == {"count": 0, "mean_ms": 0.0, "p50_ms": 0.0, "p95_ms": 0.0, "p99_ms": 0.0}


def test_a_histogram_that_another_process_is_about_to_fill_has_finite_numbers() -> None:
    fresh = Latency(0, 0.0, {0.1: 0, 0.2: 0, math.inf: 0})
    assert fresh.summary() == Latency().summary()
    behind = Latency(3, 0.1, {0.1: 1, 0.2: 2, math.inf: 2})  # the count was read after the buckets
    assert behind.quantile(0.99) == 0.2


def test_inside_a_bucket_values_are_spread_evenly() -> None:
    latency = Latency(10, 1.0, {0.1: 4, 0.2: 8, math.inf: 10})
    assert latency.quantile(0.2) == pytest.approx(0.05)
    assert latency.quantile(0.5) == pytest.approx(0.125)
    assert latency.quantile(0.99) == 0.2  # beyond the last bound nothing is known


@pytest.mark.parametrize(("bounds", "most"), [(FINE, 0.5), (COARSE, 1.5)])
def test_the_estimate_is_off_by_a_bucket_at_most(bounds: tuple[float, ...], most: float) -> None:
    values = sorted(random.Random(7).lognormvariate(-4, 1) for _ in range(5000))
    latency = of(values, bounds)
    for share in (0.5, 0.95, 0.99):
        true = values[int(share * len(values))]
        assert abs(latency.quantile(share) - true) / true < most
