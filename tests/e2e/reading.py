"""A running service that reads texts as it does by default: with the rules. Its fixtures stand in for the suite's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from memories.providers import english
from memproject.embedded import children
from tests.e2e import running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Service]:
    folder = tmp_path_factory.mktemp("reading")
    started = running.start(folder, WEBHOOK_ALLOW_PRIVATE="true", SPACY_MODEL=english.MODEL)
    yield started
    running.stop(started)


@pytest.fixture(scope="module")
def admin_key(service: running.Service) -> str:
    command = [sys.executable, "manage.py", "createapikey", "--name", "admin", "--role", "admin", "--quiet"]
    environment = {**os.environ, "DATABASE_URL": service.database}
    done = subprocess.run(command, cwd=children.ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
