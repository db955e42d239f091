"""The published Python client of Remembra, as a process of its own, with a key of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import leaks
from tests.clients import environment
from tests.clients.api_keys import create_key
from tests.clients.line_process import LineProcess
from tests.e2e.running import Service

LOOP = Path(__file__).parent / "remembra_loop.py"


class Raised(Exception):
    """The client raised its MemoryError."""

    def __init__(self, message: str, status_code: int | None) -> None:
        super().__init__(message)
        self.status_code = status_code


class Remembra:
    """The published client: its methods, called by name with keyword arguments; results as plain JSON."""

    def __init__(self, python: Path, **options: Any) -> None:
        self._process = LineProcess(python, LOOP, json.dumps(options))
        self.end = self._process.end

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self.call, method)

    def call(self, method: str, /, **arguments: Any) -> Any:
        answer = self._process.ask(method=method, arguments=arguments)
        if "raised" in answer:
            raise Raised(answer["raised"], answer["status_code"])
        return answer["gave"]


@pytest.fixture(scope="session")
def python() -> Path:
    return environment.made()


@pytest.fixture
def user() -> str:
    """A user of this test alone."""
    return f"user-{uuid.uuid4().hex}"


@pytest.fixture
def bound_key(service: Service, admin_key: str, user: str) -> str:
    """An editor's key that acts for `user`, made over HTTP as an administrator makes one."""
    return create_key(service, admin_key, role="editor", user_id=user)


@pytest.fixture
def started(python: Path, service: Service) -> Iterator[Callable[..., Remembra]]:
    """Starts clients of the service; the fixture ends them."""
    running: list[Remembra] = []

    def start(key: str, **options: Any) -> Remembra:
        leaks.net.remember(key)
        running.append(Remembra(python, base_url=service.url, api_key=key, **options))
        return running[-1]

    yield start
    for client in running:
        client.end()


@pytest.fixture
def client(started: Callable[..., Remembra], bound_key: str, user: str) -> Remembra:
    return started(bound_key, user_id=user)
