"""One running service for all end-to-end tests; each test uses users of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Service]:
    started = running.start(tmp_path_factory.mktemp("service"))
    yield started
    running.stop(started)
