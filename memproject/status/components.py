"""The state of every component, including those of the apps: writes, models and the graph."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.monitoring import probes
from entities.services import graph as graphs
from memories.services import embedding, language_model
from memories.services.backlog import waiting


def writes() -> dict[str, Any]:
    return asdict(waiting())


# A remote model is probed over the network, which may cost money: one probe in a few seconds is enough.
embedder = probes.CachedProbe(lambda: probes.probe(embedding.probe), 15)


def graph() -> dict[str, Any]:
    """Neo4j, and how far it is behind. Its failure delays only the graph."""
    if not graphs.is_on():
        return probes.DISABLED
    return probes.probe(lambda: {"status": "healthy" if graphs.is_healthy() else "unhealthy", **asdict(graphs.lag())})


_llm = probes.CachedProbe(lambda: probes.probe(language_model.probe), 15)


def llm() -> dict[str, Any]:
    """The language model. While it is unavailable, the rules extract instead."""
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
    """unhealthy without the database, degraded without any other component."""
    if components["database"]["status"] != "healthy":
        return "unhealthy"
    well = all(found["status"] in ("healthy", "disabled") for found in components.values())
    return "healthy" if well else "degraded"
