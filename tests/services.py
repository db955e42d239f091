"""One running service for all tests that need real processes; each test uses users of its own.

A plugin, since a session fixture that stands in two conftests is started twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Service]:
    started = running.start(tmp_path_factory.mktemp("service"))
    yield started
    running.stop(started)
