"""Which tests one worker of pytest-xdist runs: all of a file, and all files that share what takes long to start.

All files with a test that starts or uses processes of a service are in one group: one service runs at a time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
FOLDERS = {"e2e": "processes", "clients": "processes", "graph": "neo4j"}
FIXTURES = {"service": "processes", "neo4j_server": "neo4j"}


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    groups: dict[Path, str] = {}
    for item in items:
        path = item.path.relative_to(ROOT)
        used = [FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES]
        if found := FOLDERS.get(path.parts[0]) or next(iter(used), None):
            groups[item.path] = found
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups.get(item.path, str(item.path.relative_to(ROOT)))))
