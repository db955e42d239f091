"""Is the service well? `/health` for load balancers, `/status` for operators."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from celery import current_app
from django.db import connection
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import Public, requires
from apikeys.scopes import Scope
from memories.services.backlog import waiting
from memproject import __version__
from memproject.common import redis
from memproject.common.clock import iso, now
from memproject.web.base import ApiView, Mem0View

STARTED = time.monotonic()
QUEUES = ("store", "bulk", "deliver", "beat")
PGVECTOR = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"


def _probe(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A component's state and how long it took to answer; the kind of failure, never its message."""
    begun = time.perf_counter()
    try:
        found = {"status": "healthy", **check()}
    except Exception as error:
        found = {"status": "unhealthy", "error": type(error).__name__}
    return {**found, "latency_ms": round((time.perf_counter() - begun) * 1000, 2)}


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(PGVECTOR)
        row = cursor.fetchone()
    return {"pgvector": row[0]} if row else {"status": "unhealthy", "pgvector": None}


def _redis() -> dict[str, Any]:
    redis.client().ping()
    return {}


def _queues() -> dict[str, Any]:
    return {"queues": {name: redis.client().llen(name) for name in QUEUES}}


def _workers() -> dict[str, Any]:
    answers = current_app.control.ping(timeout=0.5) or []
    names = sorted(name for answer in answers for name in answer)
    return {"status": "healthy" if names else "unhealthy", "workers": len(names)}


class HealthView(ApiView):
    """Bare JSON in both dialects. 503 only when nothing can be served: without the database."""

    authentication_classes = ()
    permission_classes = (Public,)

    @extend_schema(
        summary="Health, without a key",
        auth=[],
        responses={
            200: OpenApiResponse(
                inline_serializer(
                    "Health",
                    {
                        "status": serializers.ChoiceField(["healthy", "degraded", "unhealthy"]),
                        "version": serializers.CharField(),
                        "timestamp": serializers.DateTimeField(),
                        "database": serializers.CharField(),
                        "vector_store": serializers.CharField(),
                        "dependencies": serializers.DictField(child=serializers.CharField()),
                    },
                ),
                "The state",
                [
                    OpenApiExample(
                        "Well",
                        {
                            "status": "healthy",
                            "version": __version__,
                            "timestamp": "2026-03-01T10:30:00Z",
                            "database": "healthy",
                            "vector_store": "healthy",
                            "dependencies": {"redis": "healthy"},
                        },
                    )
                ],
            )
        },
    )
    def get(self, request: Request) -> Response:
        database, cache = _probe(_database), _probe(_redis)
        vectors = "healthy" if database.get("pgvector") else "unhealthy"
        if database["status"] != "healthy":
            status = "unhealthy"
        else:
            status = "healthy" if cache["status"] == "healthy" else "degraded"
        body = {
            "status": status,
            "version": __version__,
            "timestamp": iso(now()),
            "database": database["status"],
            "vector_store": vectors,
            "dependencies": {"redis": cache["status"]},
        }
        return Response(body, status=503 if status == "unhealthy" else 200)


class StatusView(Mem0View):
    """Every component's state and latency, and the writes that wait."""

    permission_classes = (requires(GET=Scope.STATUS),)

    @extend_schema(
        summary="Every component's state and latency",
        responses={
            200: OpenApiResponse(
                inline_serializer(
                    "Status",
                    {
                        "success": serializers.BooleanField(),
                        "data": serializers.DictField(),
                        "message": serializers.CharField(),
                        "timestamp": serializers.DateTimeField(),
                    },
                ),
                "The state of every component",
                [
                    OpenApiExample(
                        "Well",
                        {
                            "success": True,
                            "data": {
                                "version": __version__,
                                "uptime_seconds": 3600,
                                "database": {"status": "healthy", "pgvector": "0.8.5", "latency_ms": 0.6},
                                "redis": {"status": "healthy", "latency_ms": 0.2},
                                "workers": {"status": "healthy", "workers": 2, "latency_ms": 503.0},
                                "queues": {"status": "healthy", "queues": {"store": 0}, "latency_ms": 0.3},
                                "writes": {"status": "healthy", "pending": 0, "failed": 0, "latency_ms": 0.8},
                            },
                            "message": "Status retrieved",
                            "timestamp": "2026-03-01T10:30:00Z",
                        },
                    )
                ],
            )
        },
    )
    def get(self, request: Request) -> Response:
        data = {
            "version": __version__,
            "uptime_seconds": round(time.monotonic() - STARTED),
            "database": _probe(_database),
            "redis": _probe(_redis),
            "workers": _probe(_workers),
            "queues": _probe(_queues),
            "writes": _probe(waiting),
        }
        return self.ok(data, "Status retrieved")
