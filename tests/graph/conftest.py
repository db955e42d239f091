"""Tests of this folder drain by themselves: a task that a change enqueues would be published to nobody."""

from __future__ import annotations

import pytest

from entities.graph import drain, outbox


@pytest.fixture(autouse=True)
def nothing_is_enqueued(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (drain, outbox):
        monkeypatch.setattr(module, "enqueue_on_commit", lambda *_, **__: None)
