"""Is the service well, and what does it do? `/health` for load balancers, the rest for operators."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.authentication import MetricsAuthentication
from apikeys.api.permissions import Public, monitor, requires
from apikeys.scopes import Scope
from apikeys.types import Principal
from core import __version__
from core.errors import ScopeDenied
from core.http import mem0
from core.http.base import ApiView, Mem0View
from core.http.responses import ResponseSerializer
from core.monitoring import metrics, probes
from memproject.status import components, metrics_report, schema

STARTED = time.monotonic()


class HealthView(ApiView):
    """Bare JSON in both dialects. 503 only when nothing can be served: without the database."""

    authentication_classes = ()
    permission_classes = (Public,)

    @schema.health
    def get(self, request: Request) -> Response:
        database, cache = probes.probe(probes.database), probes.probe(probes.cache)
        dependencies = {
            "redis": cache["status"],
            "processes": probes.processes()["status"],
            "disk": probes.free_space()["status"],
        }
        vectors = "healthy" if database.get("pgvector") else "unhealthy"
        if database["status"] != "healthy":
            status = "unhealthy"
        else:
            status = "healthy" if set(dependencies.values()) <= {"healthy", "disabled"} else "degraded"
        health = schema.Health(status, database["status"], vectors, dependencies)
        return Response(schema.HealthOut.render(health), status=503 if status == "unhealthy" else 200)


def _answered(serializer: type[ResponseSerializer], data: dict[str, Any], message: str) -> Response:
    return Response(serializer.render(mem0.Success(data, message)))


class StatusView(Mem0View):
    """Every component's state and latency, and the writes that wait."""

    permission_classes = (requires(GET=Scope.STATUS),)

    @schema.status
    def get(self, request: Request) -> Response:
        found = components.everything()
        head = {
            "status": components.overall(found),
            "version": __version__,
            "uptime_seconds": round(time.monotonic() - STARTED),
        }
        return _answered(schema.StatusOut, head | found, "Status retrieved")


class MetricsView(Mem0View):
    """The numbers as JSON: the service's for its operators, its own tenant's for an admin key."""

    authentication_classes = (MetricsAuthentication,)
    permission_classes = (requires(GET=Scope.METRICS),)

    @schema.metrics
    def get(self, request: Request) -> Response:
        caller = monitor(request)
        if not isinstance(caller, Principal) or caller.is_master:
            return _answered(schema.MetricsOut, metrics_report.of_service(), "Metrics retrieved")
        if caller.user_id is not None or caller.projects:
            raise ScopeDenied("A tenant's numbers are for an admin key that is bound to no user and no project.")
        return _answered(schema.MetricsOut, metrics_report.of_tenant(caller.tenant_id), "Metrics retrieved")


class AnyAccept(DefaultContentNegotiation):
    """Scrapers ask for many formats and get the one there is; a refusal is JSON all the same."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class PrometheusView(ApiView):
    """The service's numbers in Prometheus' text format."""

    authentication_classes = (MetricsAuthentication,)
    permission_classes = (requires(GET=Scope.METRICS),)
    content_negotiation_class = AnyAccept

    @schema.prometheus
    def get(self, request: Request) -> HttpResponse:
        caller = monitor(request)
        if isinstance(caller, Principal) and not caller.is_master:
            raise ScopeDenied("This is for MASTER_KEY or METRICS_TOKEN; an admin key has its numbers at /v1/metrics.")
        return HttpResponse(metrics.exposition(metrics_report.gauges()), content_type=metrics.CONTENT_TYPE)
