"""Quantiles of a histogram, calculated like Prometheus' `histogram_quantile`. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Latency:
    """A histogram: count, total seconds, and cumulative counts by upper bound."""

    count: float = 0
    seconds: float = 0
    buckets: dict[float, float] = field(default_factory=dict)

    def quantile(self, share: float) -> float:
        """The estimated quantile, always finite: values are taken as evenly distributed inside a bucket. Beyond the
        last finite bound it is that bound; without values it is 0."""
        wanted, below, bound = share * self.count, 0.0, 0.0
        if not self.count:
            return 0.0
        for upper, so_far in sorted(self.buckets.items()):
            if math.isinf(upper):
                break
            if so_far >= wanted and so_far > below:
                return bound + (upper - bound) * (wanted - below) / (so_far - below)
            below, bound = so_far, upper
        return bound

    def summary(self) -> Mapping[str, float]:
        """`{count, mean_ms, p50_ms, p95_ms, p99_ms}`."""
        return {
            "count": int(self.count),
            "mean_ms": _ms(self.seconds / self.count) if self.count else 0.0,
            "p50_ms": _ms(self.quantile(0.5)),
            "p95_ms": _ms(self.quantile(0.95)),
            "p99_ms": _ms(self.quantile(0.99)),
        }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
