"""Which tests one worker of pytest-xdist runs: those of a file, and those that share what takes long to start.

All tests that start or use processes of a service are in one group: one service runs at a time, and not beside another.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
FOLDERS = {"e2e": "processes", "clients": "processes", "graph": "neo4j"}
FIXTURES = {"service": "processes", "neo4j_server": "neo4j"}


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    path = item.path.relative_to(ROOT)
    shared = [FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES]
    return FOLDERS.get(path.parts[0]) or (shared[0] if shared else str(path))
