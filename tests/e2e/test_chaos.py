"""A small run of `make chaos`: what was acknowledged is there once and in order, whatever is killed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from memproject.embedded.servers import Database
from tests.e2e import chaos, running

FIRST = ("worker process", "backend", "Redis", "worker", "Redis emptied", "web process", "maintenance worker")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[running.Service]:
    """With a PostgreSQL of its own: a killed backend ends the others' connections, and that of the other tests does not
    flush what it commits, so that a crash loses it.

    In the folder of the session's servers: pytest makes its own private whenever another run begins, and then a server
    that runs as another user can't recover there.
    """
    folder = Path(tempfile.mkdtemp(dir=settings.DATA_DIR, prefix="chaos-"))
    database = Database(folder / "postgres", lambda line: None)
    try:
        monkeypatch.setenv("DATABASE_URL", database.create())
        started = running.start(folder / "service", also=database.poll, PIPELINE_PROCESSES="2")
        yield started
        running.stop(started)
    finally:
        database.stop()


@pytest.mark.timeout(300)
def test_kills_neither_lose_nor_double_nor_reorder_what_was_acknowledged(alone: running.Service) -> None:
    _, other = running.another_tenant(alone, "other")
    keys = [alone.key, other.key]
    found = chaos.run(alone, keys, owners=4, stores=80, first=FIRST, pause=(1.0, 2.0), think=4.0, seed=1)
    assert found.strikes
    assert found.good(), found
    assert found.until_nothing_is_pending is not None
