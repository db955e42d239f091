"""The OpenAPI schemas and examples of health, status and metrics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers

from core import __version__
from core.clock import iso, now
from core.errors import AppError, ScopeDenied, Unauthenticated
from core.http import mem0
from core.http.fields import TimestampField
from core.http.responses import EXAMPLE_TIME, ResponseSerializer

MOMENT = iso(EXAMPLE_TIME)
STATES = ["healthy", "degraded", "unhealthy"]
# Explicit, since drf-spectacular takes two authentication classes for two schemes.
EITHER_HEADER: Any = [{"bearer": []}, {"apiKey": []}]
NEEDS_KEY = "A valid API key is required."

_QUEUES = {"store": 0, "bulk": 0, "long": 0, "deliver": 0, "graph": 0, "maintenance": 0}
_STATUS = {
    "status": "healthy",
    "version": __version__,
    "uptime_seconds": 3600,
    "database": {"status": "healthy", "pgvector": "0.8.5", "latency_ms": 0.6},
    "disk": {"status": "healthy", "free_mb": 52000, "min_free_mb": 512},
    "redis": {"status": "healthy", "latency_ms": 0.2},
    "workers": {"status": "healthy", "workers": 3, "latency_ms": 503.0},
    "queues": {
        "status": "healthy",
        "queues": _QUEUES,
        "latency_ms": 0.3,
    },
    "writes": {
        "status": "healthy",
        "pending": 0,
        "failed": 0,
        "oldest_seconds": 0.0,
        "due_owners": 0,
        "latency_ms": 0.8,
    },
    "sweeps": {"status": "healthy", "last": MOMENT, "latency_ms": 0.2},
    "embedder": {
        "status": "healthy",
        "provider": "local",
        "model": "all-MiniLM-L6-v2",
        "dimensions": 384,
        "latency_ms": 3.1,
    },
    "graph": {"status": "healthy", "waiting": 0, "seconds": 0.0, "dead": 0, "latency_ms": 1.4},
    "llm": {"status": "disabled"},
    "processes": {"status": "healthy", "failing": [], "latency_ms": 0.1},
}
_LATENCY = {"count": 1200, "mean_ms": 14.2, "p50_ms": 11.5, "p95_ms": 34.0, "p99_ms": 61.3}
_WRITES = {"pending": 0, "failed": 0, "oldest_seconds": 0.0, "due_owners": 0}
_SERVICE = {
    "scope": "service",
    "requests": {
        "total": 1200,
        "by_status": {"200": 1190, "404": 10},
        "latency": _LATENCY,
        "routes": [{"method": "POST", "route": "/api/v1/memories/recall", "errors": 0, **_LATENCY}],
    },
    "operations": {"recall": _LATENCY},
    "pipeline": {"runs": {"store": {"applied": 300, "retried": 1}}, "latency": {"store": _LATENCY}},
    "memories": {"ADD": 410, "NOOP": 12},
    "embedding": {"answered": _LATENCY},
    "rate_limits": {"refused": {"v1": 3}, "redis_unavailable": {"read_let_through": 2}},
    "webhook_deliveries": {"delivered": 40},
    "writes": _WRITES,
    "disk_free_bytes": 54525952000,
    "queues": _QUEUES,
    "workers": 2,
}
_TENANT = {
    "scope": "tenant",
    "tenant_id": "ten_01890a5dac967b2e8b7c3f0a9d1e2f35",
    "memories": 410,
    "users": 12,
    "writes": _WRITES,
    "operations": {"recall": _LATENCY, "store": _LATENCY},
}
_EXPOSITION = """# HELP memproject_http_requests_total Requests answered
# TYPE memproject_http_requests_total counter
memproject_http_requests_total{method="GET",route="/health",status="200"} 12.0
"""


@dataclass(frozen=True, slots=True)
class Health:
    """The service's state, for load balancers. `dependencies`: the state of each."""

    status: str
    database: str
    vector_store: str
    dependencies: Mapping[str, str]
    timestamp: dt.datetime = field(default_factory=now)
    version: str = __version__


class HealthOut(ResponseSerializer):
    status = serializers.ChoiceField(STATES)
    version = serializers.CharField()
    timestamp = TimestampField()
    database = serializers.CharField()
    vector_store = serializers.CharField()
    dependencies = serializers.DictField(child=serializers.CharField())

    example = Health(
        status="healthy",
        database="healthy",
        vector_store="healthy",
        dependencies={"redis": "healthy", "processes": "healthy", "disk": "healthy"},
        timestamp=EXAMPLE_TIME,
    )


StatusOut = mem0.free_envelope("StatusEnvelope", serializers.DictField)
MetricsOut = mem0.free_envelope("MetricsEnvelope", serializers.DictField)


def _answer(serializer: type[ResponseSerializer], message: str, **examples: dict[str, Any]) -> OpenApiResponse:
    shown = [
        OpenApiExample(title, serializer.render(mem0.Success(data, message, EXAMPLE_TIME)), response_only=True)
        for title, data in examples.items()
    ]
    return OpenApiResponse(serializer, message, shown)


def _failure(error: AppError) -> OpenApiResponse:
    value = mem0.failure(error) | {"timestamp": MOMENT}
    return OpenApiResponse(
        mem0.Mem0ErrorOut, error.message, [OpenApiExample(value["error"]["code"], value, response_only=True)]
    )


_REFUSED = {401: _failure(Unauthenticated(NEEDS_KEY)), 403: _failure(ScopeDenied("This API key may not do that."))}

health = extend_schema(
    operation_id="get_health",
    summary="Get the health of the service",
    description="Returns the state of the service and of its dependencies: `healthy`, `degraded` or `unhealthy`.",
    auth=[],
    responses={
        200: OpenApiResponse(HealthOut, "The health", [OpenApiExample("Healthy", HealthOut.render(HealthOut.example))])
    },
)
status = extend_schema(
    operation_id="get_status",
    summary="Get the state and latency of each component",
    description="Checks the database, Redis, workers, queues, pending writes, models, the graph and the disk.",
    responses={200: _answer(StatusOut, "Status retrieved", Healthy=_STATUS), 401: _REFUSED[401]},
)
metrics = extend_schema(
    operation_id="get_metrics",
    summary="Get counters and latency quantiles",
    description="With the master key the metrics of the service; with an admin key those of its tenant.",
    auth=EITHER_HEADER,
    responses={
        200: _answer(MetricsOut, "Metrics retrieved", Service=_SERVICE, Tenant=_TENANT),
        **_REFUSED,
    },
)
prometheus = extend_schema(
    operation_id="get_metrics",
    summary="Get metrics in the Prometheus text format",
    description="Needs `MASTER_KEY` or `METRICS_TOKEN`.",
    auth=EITHER_HEADER,
    responses={
        (200, "text/plain"): OpenApiResponse(
            OpenApiTypes.STR, "Metrics", [OpenApiExample("Scrape", _EXPOSITION, response_only=True)]
        ),
        **{(code, "application/json"): response for code, response in _REFUSED.items()},
    },
)
