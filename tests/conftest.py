"""Fixtures of the whole suite: tables emptied after each test, tasks run at once, every statement checked."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.core.signals import setting_changed
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

from apikeys import key_cache
from apikeys.scopes import Role
from core import redis, ssrf
from memories.embeddings import registry
from memories.extraction import extractor
from memories.pipeline import recall_counters
from memories.retrieval import snapshot_cache
from tests import build
from tests.build import Caller
from tests.guard import guarded

ROOT = Path(__file__).resolve().parent.parent

pytest_plugins = [
    "tests.groups",
    "tests.flush",
    "tests.services",
    "tests.neo4j",
    "tests.llm_server",
    "tests.api.samples",
    "tests.clients.mem0_clients",
]


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database. pytest-django creates it only if a selected test uses `db` or its mark; `lasting_db` needs it
    too."""
    with django_db_blocker.unblock():
        created = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(created, verbosity=0)


@pytest.fixture(autouse=True)
def every_statement_names_its_tenant() -> Iterator[None]:
    with guarded() as findings:
        yield
    assert not findings, findings


@pytest.fixture(autouse=True)
def no_resolver_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of documentation have a public address, numbers are what they are, and all other names are unknown."""

    def resolve(host: str, port: int) -> list[str]:
        if host.endswith((".example", ".example.com")):
            return ["93.184.215.14"]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(address[4][0]) for address in found]

    monkeypatch.setattr(ssrf, "resolve", resolve)


@pytest.fixture(autouse=True)
def redis_is_asked() -> Iterator[None]:
    """A test in which Redis hangs, or whose recalls are not counted, leaves the next one alone."""
    yield
    redis.breaker.reset()
    recall_counters._collected.clear()


@pytest.fixture(autouse=True)
def no_snapshot_is_left() -> Iterator[None]:
    """A test's owners are rolled back, so another test may have the same owner at the same version."""
    yield
    snapshot_cache.clear()


@pytest.fixture(autouse=True, scope="session")
def nobody_waits_for_other_processes() -> Iterator[None]:
    """This process is the only one: its own rows are dropped when a key changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_cache, "pause", lambda seconds: None)
        yield


@pytest.fixture(autouse=True)
def keys_are_read_again() -> Iterator[None]:
    """No test sees the keys of another one, or those of other settings."""
    key_cache.forget()
    setting_changed.connect(_settings_changed)
    yield
    setting_changed.disconnect(_settings_changed)


def _settings_changed(**_: object) -> None:
    key_cache.forget()


@pytest.fixture(scope="session")
def models() -> Path:
    """Where the default models stand; fetched by a process of its own, which may use the network, and warmed here."""
    directory = Path(settings.EMBEDDING_MODEL_DIR)
    subprocess.run([sys.executable, "-m", "memories.embeddings.weights", str(directory)], cwd=ROOT, check=True)
    registry.encoder().embedder.warm()
    extractor.from_settings().warm()
    return directory


@pytest.fixture
def eager(transactional_db: None, models: Path) -> Iterator[None]:
    """The pipeline runs where it is enqueued, at the commit: the same code as in the worker, in this process."""
    current_app.conf.task_always_eager = True
    build.tenant("default")
    redis.client().flushdb()
    yield
    current_app.conf.task_always_eager = False


@pytest.fixture
def no_worker(transactional_db: None, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody works: what is accepted stays pending, and nobody waits for it."""
    build.tenant("default")
    redis.client().flushdb()
    monkeypatch.setattr("memories.services.store.await_result", lambda *_: False)


@pytest.fixture
def owner(eager: None) -> Caller:
    """An editor of the default tenant, not bound to a user."""
    return build.caller()


@pytest.fixture
def viewer(eager: None) -> Caller:
    return build.caller(role=Role.VIEWER)


@pytest.fixture
def member(eager: None) -> Caller:
    """Bound to the user `member` of the default tenant."""
    return build.caller(user_id="member")


@pytest.fixture
def stranger(eager: None) -> Caller:
    """An editor of another tenant."""
    return build.caller(build.tenant())
