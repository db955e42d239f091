"""Fixtures: mem0's published Python clients, each as a process of its own, and a project of the test alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.clients import environment
from tests.clients.api_keys import create_key
from tests.clients.line_process import LineProcess
from tests.e2e.running import Service

HERE = Path(__file__).parent


class Mem0Raised(Exception):
    """The client raised: the name of its exception, the message, and its details."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["message"])
        self.kind, self.message = answer["raised"], answer["message"]
        self.details, self.debug = answer["details"] or {}, answer["debug"]


class Mem0Process:
    """A process with the sync or the async client."""

    def __init__(self, python: Path, host: str, kind: str, folder: Path) -> None:
        self.kind = kind
        env = {"MEM0_TELEMETRY": "False", "MEM0_DIR": str(folder), "HOME": str(folder)}
        self._process = LineProcess(python, HERE / "mem0_loop.py", host, kind, env=env)
        self.end = self._process.end

    def call(self, key: str, method: str, *args: Any, **kwargs: Any) -> Any:
        answer = self._process.ask(key=key, method=method, args=args, kwargs=kwargs)
        if "raised" in answer:
            raise Mem0Raised(answer)
        return answer["gave"]


class Mem0:
    """A client with a key: its methods, called by name (`project__get` is `client.project.get`)."""

    def __init__(self, process: Mem0Process, key: str) -> None:
        self._process, self.key = process, key

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._process.call, self.key, method.replace("__", "."))


@pytest.fixture(scope="session")
def mem0_processes(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Mem0Process]]:
    python = environment.made(HERE / "mem0_requirements.txt")
    started = {
        kind: Mem0Process(python, service.url, kind, tmp_path_factory.mktemp("mem0")) for kind in ("sync", "async")
    }
    yield started
    for process in started.values():
        process.end()


@pytest.fixture
def project() -> str:
    """A project of this test alone."""
    return f"project-{uuid.uuid4().hex}"


@pytest.fixture
def project_key(service: Service, admin_key: str, project: str) -> str:
    return create_key(service, admin_key, role="admin", project_ids=[project])


@pytest.fixture(params=["sync", "async"])
def mem0_process(request: pytest.FixtureRequest, mem0_processes: dict[str, Mem0Process]) -> Mem0Process:
    return mem0_processes[request.param]


@pytest.fixture
def mem0(mem0_process: Mem0Process, project_key: str) -> Mem0:
    return Mem0(mem0_process, project_key)
