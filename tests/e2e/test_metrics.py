"""Whichever web process answers a scrape, it tells what all processes have counted."""

from __future__ import annotations

import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.running import Service, eventually

LISTS = {"method": "GET", "route": "/v1/memories/user/<path:user_id>", "status": "200"}


def scrape(service: Service) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    request = urllib.request.Request(service.url + "/metrics", headers={"X-API-Key": os.environ["MASTER_KEY"]})
    with urllib.request.urlopen(request, timeout=30) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(service: Service, name: str, **labels: str) -> float:
    return scrape(service).get((f"memproject_{name}", frozenset(labels.items())), 0.0)


def lists_by_process(folder: Path) -> list[float]:
    """How many of these requests each process has counted for itself."""
    found = []
    for file in folder.glob("metrics/*/counter_*.db"):
        samples = [s for family in MultiProcessCollector.merge([str(file)]) for s in family.samples]
        found += [s.value for s in samples if s.labels == LISTS]
    return found


def test_two_web_processes_and_the_workers_add_up(service: Service) -> None:
    folder = service.child("web").log.parent.parent
    before, runs = value(service, "http_requests_total", **LISTS), {"kind": "store", "outcome": "applied"}
    applied = value(service, "pipeline_runs_total", **runs)

    def some() -> bool:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: service.call("GET", "/v1/memories/user/metrics"), range(40)))
        return len(lists_by_process(folder)) >= 2

    eventually(some)
    counts = lists_by_process(folder)
    assert len(counts) == 2
    assert all(counts)
    assert {value(service, "http_requests_total", **LISTS) for _ in range(10)} == {sum(counts)}
    assert sum(counts) - before >= 40
    for n in range(3):
        assert service.store(f"The meter number {n} stands at {n * 17}", "metrics") == 201
    eventually(lambda: value(service, "pipeline_runs_total", **runs) == applied + 3, 10)
    assert value(service, "workers") == 3


def test_a_killed_process_takes_no_number_back(service: Service) -> None:
    assert service.store("The valve opens at nine", "metrics-kill") == 201
    applied = value(service, "pipeline_runs_total", kind="store", outcome="applied")
    service.kill("worker-pipeline")
    eventually(service.working)
    assert value(service, "pipeline_runs_total", kind="store", outcome="applied") >= applied
