"""Tests of this folder drain by themselves: what a change kicks would be published to nobody."""

from __future__ import annotations

import pytest

from entities.graph import drain, outbox


@pytest.fixture(autouse=True)
def nobody_is_kicked(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (drain, outbox):
        monkeypatch.setattr(module, "kick", lambda *_, **__: None)
