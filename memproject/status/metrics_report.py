"""The report of `/v1/metrics`, and the gauges of `/metrics` that are read at scrape time."""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from core import disk
from core.ids import TENANT, public
from core.monitoring import metrics, probes
from core.monitoring.metrics import Family, Snapshot
from core.monitoring.quantiles import Latency
from core.redis import last_sweep
from entities.services import graph
from memories.services.backlog import tenant_counts, waiting

log = logging.getLogger(__name__)

T = TypeVar("T")

# Counting reads tables and the ping takes half a second: scrapes in between get the last values.
_backlog = probes.CachedProbe(waiting, 5)
_workers = probes.CachedProbe(probes.alive_workers, 5)


def of_tenant(tenant_id: uuid.UUID) -> dict[str, Any]:
    """The operations of one tenant since the start of the service, and its current counts."""
    found = tenant_counts(tenant_id)
    return {
        "scope": "tenant",
        "tenant_id": public(TENANT, tenant_id),
        "memories": found.memories,
        "users": found.users,
        "writes": asdict(found.writes),
        "operations": _operations(Snapshot(), tenant=str(tenant_id)),
    }


def of_service() -> dict[str, Any]:
    """All counts since the start of the service, and its current state (null: unknown)."""
    seen = Snapshot()
    backlog, space = _if_there(_backlog), disk.space()
    return {
        "scope": "service",
        "requests": _requests(seen),
        "operations": _operations(seen),
        "pipeline": {
            "runs": _nested(seen.counts(metrics.PIPELINE_RUNS, "kind", "outcome")),
            "latency": _summaries(seen.latencies(metrics.PIPELINE_SECONDS, "kind")),
        },
        "memories": _flat(seen.counts(metrics.DECISIONS, "decision")),
        "embedding": _summaries(seen.latencies(metrics.EMBEDDING_SECONDS, "outcome")),
        "rate_limits": {
            "refused": _flat(seen.counts(metrics.RATE_LIMITED, "dialect")),
            "redis_unavailable": _flat(seen.counts(metrics.REDIS_UNAVAILABLE, "outcome")),
        },
        "webhook_deliveries": _flat(seen.counts(metrics.DELIVERIES, "outcome")),
        "writes": None if backlog is None else asdict(backlog),
        "disk_free_bytes": None if space is None else space.free,
        "queues": _if_there(probes.queue_depths),
        "workers": _if_there(_workers),
    }


def gauges() -> list[Family]:
    """Gauges of the current state. Unknown values, while the database or Redis is unavailable, are left out."""
    found = []
    backlog, queues, workers = _if_there(_backlog), _if_there(probes.queue_depths), _if_there(_workers)
    if backlog is not None:
        found += [
            metrics.gauge("writes_pending", "Accepted writes that wait", {"": backlog.pending}),
            metrics.gauge("writes_failed", "Accepted writes that failed", {"": backlog.failed}),
            metrics.gauge("oldest_pending_write_seconds", "Age of the oldest write", {"": backlog.oldest_seconds}),
            metrics.gauge("due_owners", "Owners with writes that a worker has to apply", {"": backlog.due_owners}),
        ]
    if (last := _if_there(last_sweep)) is not None:
        found.append(
            metrics.gauge("last_sweep_timestamp_seconds", "When the sweeps last succeeded", {"": last.timestamp()})
        )
    if (space := disk.space()) is not None:
        found.append(metrics.gauge("disk_free_bytes", "Free space on the database's disk", {"": space.free}))
    if queues is not None:
        found.append(metrics.gauge("queue_depth", "Tasks that wait in Redis", queues, "queue"))
    if workers is not None:
        found.append(metrics.gauge("workers", "Celery workers that answer", {"": workers}))
    if graph.is_on() and (lag := _if_there(graph.lag)) is not None:
        found += [
            metrics.gauge("graph_waiting", "Changes that wait for the graph", {"": lag.waiting}),
            metrics.gauge("graph_lag_seconds", "Seconds since the oldest waiting change was due", {"": lag.seconds}),
            metrics.gauge("graph_dead", "Changes that the graph rejected", {"": lag.dead}),
        ]
    return found


def _if_there(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Exception as error:  # errors of an unavailable database, Redis or broker
        log.warning("a gauge cannot be read: %s", type(error).__name__)
        return None


def _requests(seen: Snapshot) -> dict[str, Any]:
    by_status: dict[str, int] = defaultdict(int)
    errors: dict[tuple[str, ...], int] = defaultdict(int)
    for (method, route, status), number in seen.counts(metrics.REQUESTS, "method", "route", "status").items():
        by_status[status] += number
        errors[method, route] += number if status.startswith("5") else 0
    everything = seen.latencies(metrics.REQUEST_SECONDS)
    return {
        "total": sum(by_status.values()),
        "by_status": dict(sorted(by_status.items())),
        "latency": _summaries(everything).get("", {}),
        "routes": [
            {"method": method, "route": route, "errors": errors[method, route], **latency.summary()}
            for (method, route), latency in seen.latencies(metrics.REQUEST_SECONDS, "method", "route").items()
        ],
    }


def _operations(seen: Snapshot, **only: str) -> dict[str, Any]:
    return _summaries(seen.latencies(metrics.OPERATION_SECONDS, "operation", **only))


def _summaries(found: dict[tuple[str, ...], Latency]) -> dict[str, Any]:
    return {"".join(key): latency.summary() for key, latency in found.items()}


def _flat(found: dict[tuple[str, ...], int]) -> dict[str, int]:
    return {name: number for (name,), number in found.items()}


def _nested(found: dict[tuple[str, ...], int]) -> dict[str, dict[str, int]]:
    outer: dict[str, dict[str, int]] = defaultdict(dict)
    for (first, second), number in found.items():
        outer[first][second] = number
    return dict(outer)
