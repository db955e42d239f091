"""The state of every component, with those that the apps know: writes, models and the graph."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.monitoring import probes
from entities.services import graph as graphs
from memories.services import embedding, language_model
from memories.services.backlog import waiting


def writes() -> dict[str, Any]:
    return asdict(waiting())


# A remote model is asked over the network, and may cost something: a look every few seconds says enough.
embedder = probes.CachedProbe(lambda: probes.probe(embedding.probe), 15)


def graph() -> dict[str, Any]:
    """Neo4j, and how far it is behind: it may be away, and nothing but itself is late."""
    if not graphs.is_on():
        return probes.DISABLED
    return probes.probe(lambda: {"status": "healthy" if graphs.is_healthy() else "unhealthy", **asdict(graphs.lag())})


_llm = probes.CachedProbe(lambda: probes.probe(language_model.probe), 15)


def llm() -> dict[str, Any]:
    """Away, the rules read what it would have read."""
    return _llm() if language_model.is_on() else probes.DISABLED


def everything() -> dict[str, dict[str, Any]]:
    """All components by name."""
    return {
        "database": probes.probe(probes.database),
        "disk": probes.free_space(),
        "redis": probes.probe(probes.cache),
        "workers": probes.probe(probes.workers),
        "queues": probes.probe(probes.queues),
        "writes": probes.probe(writes),
        "sweeps": probes.probe(probes.sweeps),
        "embedder": embedder(),
        "graph": graph(),
        "llm": llm(),
        "processes": probes.processes(),
    }


def overall(components: dict[str, dict[str, Any]]) -> str:
    """unhealthy without the database, degraded without any other part."""
    if components["database"]["status"] != "healthy":
        return "unhealthy"
    well = all(found["status"] in ("healthy", "disabled") for found in components.values())
    return "healthy" if well else "degraded"
