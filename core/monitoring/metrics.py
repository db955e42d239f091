"""All metrics of the service. No other module imports prometheus_client.

No label contains a text, a key, a user's id or a path with ids: routes are templates. Only one histogram has the tenant
as a label, by its id, for at most TENANTS tenants of a process; `exposition` sums over the tenants.
"""

from __future__ import annotations

import core.monitoring.multiprocess  # noqa: F401  (tells prometheus_client where, before it is loaded)

# isort: split
import contextlib
import functools
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from core.monitoring import metric_files, multiprocess
from core.monitoring.quantiles import Latency

P = ParamSpec("P")
T = TypeVar("T")
Family = Metric

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# From 1 ms to 60 s in steps of about a third: the error of a quantile is at most half a step.
FINE = (
    0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075,
    0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 40, 60,
)  # fmt: skip
COARSE = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)  # 4 KB a tenant and operation
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
TENANTS = 100  # counted separately in one process; further tenants share one label
OTHER = "other"

metric_files.install()

# Every metric has a label, so that a process that counts nothing creates no file.
_own = CollectorRegistry()
REQUESTS = Counter("memproject_http_requests", "Requests answered", ("method", "route", "status"), registry=_own)
REQUEST_SECONDS = Histogram(
    "memproject_http_request_seconds", "Time to answer", ("method", "route"), registry=_own, buckets=FINE
)
OPERATION_SECONDS = Histogram(
    "memproject_operation_seconds", "Time of an operation", ("tenant", "operation"), registry=_own, buckets=COARSE
)
PIPELINE_RUNS = Counter("memproject_pipeline_runs", "Runs of the pipeline", ("kind", "outcome"), registry=_own)
PIPELINE_SECONDS = Histogram(
    "memproject_pipeline_run_seconds", "Time of a pipeline run", ("kind",), registry=_own, buckets=FINE
)
DECISIONS = Counter("memproject_memories", "What writes decided, memory by memory", ("decision",), registry=_own)
EMBEDDING_SECONDS = Histogram(
    "memproject_embedding_seconds", "Time of a call to the embedder", ("provider", "outcome"), registry=_own,
    buckets=FINE,
)  # fmt: skip
COMPLETION_SECONDS = Histogram(
    "memproject_llm_seconds", "Time of a call to the language model", ("provider", "outcome"), registry=_own,
    buckets=FINE,
)  # fmt: skip
RATE_LIMITED = Counter("memproject_rate_limited", "Requests refused with 429", ("dialect",), registry=_own)
REDIS_UNAVAILABLE = Counter(
    "memproject_rate_limit_redis_unavailable", "Requests that could not be counted", ("outcome",), registry=_own
)
FAILED_KEYS = Counter(
    "memproject_failed_authentications", "Requests with an API key that is not valid", ("outcome",), registry=_own
)
USES_LOST = Counter("memproject_uses_lost", "Uses of memories that were not counted", ("reason",), registry=_own)
SNAPSHOTS = Gauge(
    "memproject_recall_snapshots", "Owners in the memory of web processes", ("unit",), registry=_own,
    multiprocess_mode="livesum",
)  # fmt: skip
DELIVERIES = Counter("memproject_webhook_deliveries", "Attempts to deliver a webhook", ("outcome",), registry=_own)

_tenants: set[str] = set()


# --- counting: never a reason for a request or a write to fail -------------------------------------------------------
def _count(counter: Counter, *labels: str, by: int = 1) -> None:
    with contextlib.suppress(OSError):  # METRICS_DIR is full or gone (core/monitoring/metric_files.py)
        counter.labels(*labels).inc(by)


def _observe(histogram: Histogram, seconds: float, *labels: str) -> None:
    with contextlib.suppress(OSError):
        histogram.labels(*labels).observe(seconds)


def request_answered(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is a template; unknown methods are counted as one."""
    method = method if method in METHODS else OTHER
    _count(REQUESTS, method, route, str(status))
    _observe(REQUEST_SECONDS, seconds, method, route)


def operation_done(tenant_id: uuid.UUID, operation: str, seconds: float) -> None:
    tenant = str(tenant_id)
    if tenant not in _tenants and len(_tenants) < TENANTS:
        _tenants.add(tenant)
    _observe(OPERATION_SECONDS, seconds, tenant if tenant in _tenants else OTHER, operation)


def pipeline_ended(kind: str, outcome: str, seconds: float | None = None) -> None:
    """`outcome` of a write: applied, failed or retried. `seconds`: since a worker claimed it."""
    _count(PIPELINE_RUNS, kind, outcome)
    if seconds is not None:
        _observe(PIPELINE_SECONDS, seconds, kind)


def decided(decision: str, memories: int) -> None:
    """`decision`: ADD, NOOP, UPDATE or DELETE of so many memories, once it is committed."""
    _count(DECISIONS, decision, by=memories)


def embedding(provider: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a call of an embedder."""
    return _timed(EMBEDDING_SECONDS, provider)


def completion(provider: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a call of a language model."""
    return _timed(COMPLETION_SECONDS, provider)


def _timed(histogram: Histogram, provider: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    def decorate(call: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(call)
        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            begun, outcome = time.perf_counter(), "failed"
            try:
                answer = call(*args, **kwargs)
                outcome = "answered"
            finally:
                _observe(histogram, time.perf_counter() - begun, provider, outcome)
            return answer

        return timed

    return decorate


def rate_limited(path: str) -> None:
    """`path` tells the dialect, as in `core.http.dialects`."""
    if path.endswith("/"):
        dialect = "platform"
    else:
        dialect = "mcp" if path == "/mcp" else "api_v1" if path.startswith("/api/") else "v1"
    _count(RATE_LIMITED, dialect)


def redis_unavailable(*, refused: bool) -> None:
    """A request that could not be counted: a write is refused, a read is allowed."""
    _count(REDIS_UNAVAILABLE, "write_refused" if refused else "read_let_through")


def key_failed(outcome: str) -> None:
    """`outcome`: unauthenticated, limited (429, not looked up), or not_counted (Redis is unavailable: no limit)."""
    _count(FAILED_KEYS, outcome)


def uses_lost(reason: str, memories: int) -> None:
    """`reason`: redis_unavailable, or full (too many uses wait to be added to the counters)."""
    _count(USES_LOST, reason, by=memories)


def snapshots(number: int, size: int) -> None:
    """The snapshots that this process holds now, and their bytes."""
    with contextlib.suppress(OSError):
        SNAPSHOTS.labels("owners").set(number)
        SNAPSHOTS.labels("bytes").set(size)


def webhook_attempted(outcome: str) -> None:
    """`outcome`: delivered, retried or failed."""
    _count(DELIVERIES, outcome)


def process_ended(pid: int) -> None:
    """Remove the gauges of a child process that has ended; its counters stay."""
    if multiprocess.FOLDER is not None:
        mark_process_dead(pid, str(multiprocess.FOLDER))  # type: ignore[no-untyped-call]


# --- reading ---------------------------------------------------------------------------------------------------------
def families() -> list[Metric]:
    """The counts of all processes since the start of the service."""
    if multiprocess.FOLDER is None:
        return list(_own.collect())
    return list(MultiProcessCollector.merge(multiprocess.files()))  # type: ignore[no-untyped-call]


def gauge(name: str, documentation: str, values: Mapping[str, float], label: str = "") -> Metric:
    """A metric family created for one scrape: `{"": 3}` without a label, `{"store": 0, …}` with one."""
    family = GaugeMetricFamily(f"memproject_{name}", documentation, labels=[label] if label else [])
    for value, number in values.items():
        family.add_metric([value] if label else [], number)
    return family


def exposition(gauges: Iterable[Metric]) -> bytes:
    """Prometheus' text format, summed over tenants."""
    registry = CollectorRegistry()
    registry.register(_Collected([*map(_without_tenants, families()), *gauges]))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def _without_tenants(family: Metric) -> Metric:
    if not any("tenant" in sample.labels for sample in family.samples):
        return family
    summed: dict[tuple[str, tuple[tuple[str, str], ...]], float] = defaultdict(float)
    for sample in family.samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != "tenant")
        summed[sample.name, labels] += sample.value
    made = Metric(family.name, family.documentation, family.type)
    made.samples = [Sample(name, dict(labels), value) for (name, labels), value in summed.items()]
    return made


class Snapshot:
    """All counts at one moment, to be queried by label."""

    def __init__(self) -> None:
        self._families = {family.name: family.samples for family in families()}

    def counts(self, counter: Counter, *labels: str) -> dict[tuple[str, ...], int]:
        """Totals by the values of `labels`, summed over all other labels."""
        found: dict[tuple[str, ...], float] = defaultdict(float)
        for sample in self._samples(counter):
            if sample.name.endswith("_total"):
                found[tuple(sample.labels[name] for name in labels)] += sample.value
        return {key: int(number) for key, number in sorted(found.items())}

    def latencies(self, histogram: Histogram, *labels: str, **only: str) -> dict[tuple[str, ...], Latency]:
        """Histograms by the values of `labels`, from the samples that match `only`."""
        found: dict[tuple[str, ...], Latency] = defaultdict(Latency)
        for sample in self._samples(histogram):
            if any(sample.labels[name] != value for name, value in only.items()):
                continue
            latency = found[tuple(sample.labels[name] for name in labels)]
            if sample.name.endswith("_bucket"):
                bound = float(sample.labels["le"])
                latency.buckets[bound] = latency.buckets.get(bound, 0) + sample.value
            elif sample.name.endswith("_count"):
                latency.count += sample.value
            elif sample.name.endswith("_sum"):
                latency.seconds += sample.value
        return dict(sorted(found.items()))

    def _samples(self, instrument: Counter | Histogram) -> list[Sample]:
        return self._families.get(instrument._name, [])
