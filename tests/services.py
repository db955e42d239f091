"""One running service for all tests that need real processes; each test uses users of its own.

A plugin, since a session fixture that stands in two conftests is started twice.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from memproject.embedded import children
from tests.e2e import running

# Nobody listens there; a webhook may still point to it.
RECEIVER = "http://127.0.0.1:9/"


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Service]:
    started = running.start(tmp_path_factory.mktemp("service"), WEBHOOK_ALLOW_PRIVATE="true")
    yield started
    running.stop(started)


@pytest.fixture(scope="session")
def admin_key(service: running.Service) -> str:
    """An admin key of the service's default tenant, made as an operator makes one."""
    command = [sys.executable, "manage.py", "create_api_key", "--name", "admin", "--role", "admin", "--quiet"]
    environment = {**os.environ, "DATABASE_URL": service.database}
    done = subprocess.run(command, cwd=children.ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
