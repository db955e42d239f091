"""A small run of `make chaos`: what was acknowledged is there once and in order, whatever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memproject.embedded.servers import Database
from tests.e2e import chaos, running

FIRST = ("worker process", "backend", "Redis", "worker", "Redis emptied", "web process", "maintenance worker")


@pytest.fixture
def reading_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[running.Service]:
    """With a PostgreSQL of its own: a killed backend ends the others' connections, and that of the other tests does not
    flush what it commits, so that a crash loses it."""
    database = Database(tmp_path / "postgres", lambda line: None)
    monkeypatch.setenv("DATABASE_URL", database.create())
    started = running.start(tmp_path / "chaos", also=database.poll, PIPELINE_PROCESSES="2")
    yield started
    running.stop(started)
    database.stop()


@pytest.mark.timeout(300)
def test_kills_neither_lose_nor_double_nor_reorder_what_was_acknowledged(reading_service: running.Service) -> None:
    _, other = running.another_tenant(reading_service, "other")
    keys = [reading_service.key, other.key]
    found = chaos.run(reading_service, keys, owners=4, stores=80, first=FIRST, pause=(1.0, 2.0), think=4.0, seed=1)
    assert found.strikes
    assert found.good(), found
    assert found.until_nothing_is_pending is not None
