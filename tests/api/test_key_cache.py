"""A key that was read less than a second ago needs no statement; a change of a key or a tenant counts at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.conf import settings as configured
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apikeys import key_cache, key_management, services, tenants
from apikeys.models import ApiKey, Tenant
from core.clock import now
from core.errors import Unauthenticated
from tests.build import Caller, caller, tenant

NOWHERE = "/api/v1/events/none"


class Clock:
    """The clock of the cache."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(eager: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(key_cache, "moment", made)
    return made


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait for other processes, from now on."""
    seen: list[float] = []
    monkeypatch.setattr(key_cache, "pause", seen.append)
    return seen


def keys_read(ask: Callable[[], Any]) -> int:
    """How many statements on keys and tenants `ask` sends."""
    with CaptureQueriesContext(connection) as sent:
        ask()
    return sum("apikeys_" in query["sql"] for query in sent.captured_queries)


def accepted(secret: str) -> bool:
    try:
        services.authenticate(secret)
    except Unauthenticated:
        return False
    return True


def test_a_repeated_key_is_read_once_a_second(clock: Clock) -> None:
    agent = caller()
    assert keys_read(lambda: agent.get(NOWHERE)) == 2  # the key, and the note of its use
    for _ in range(3):
        assert keys_read(lambda: agent.get(NOWHERE)) == 0
    clock.at += key_cache.SECONDS - 0.01
    assert keys_read(lambda: agent.get(NOWHERE)) == 0
    clock.at += 0.01
    assert keys_read(lambda: agent.get(NOWHERE)) == 1
    assert keys_read(lambda: agent.get(NOWHERE)) == 0


def test_the_second_begins_before_the_row_is_read(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = caller()
    read = services._candidates

    def slow(key: str) -> list[ApiKey]:
        rows = read(key)
        clock.at += key_cache.SECONDS
        return rows

    monkeypatch.setattr(services, "_candidates", slow)
    assert accepted(agent.secret)
    assert key_cache.kept(ApiKey, agent.secret) is None


def by_master(path: str = NOWHERE) -> HttpResponse:
    return Caller(configured.MASTER_KEY).get(path)


def test_the_master_key_and_callers_without_a_key_read_the_default_tenant_once(clock: Clock, settings: Any) -> None:
    assert keys_read(by_master) == 1
    assert keys_read(by_master) == 0
    settings.AUTH_ENABLED = False
    assert keys_read(lambda: Client().get(NOWHERE)) == 1
    assert keys_read(lambda: Client().get(NOWHERE)) == 0


def test_a_refused_key_is_never_kept(clock: Clock) -> None:
    for _ in range(2):
        assert keys_read(lambda: accepted("a-key-of-nobody")) == 1
    assert key_cache._rows == {}
    new = services.create(tenant=tenant("default"), name="x", created_by="test", secret="a-key-of-nobody")
    assert accepted(new.secret)


def test_an_expiry_counts_although_the_row_is_kept(clock: Clock) -> None:
    agent = caller(expires_at=now() + dt.timedelta(hours=1))
    assert accepted(agent.secret)
    with time_machine.travel(now() + dt.timedelta(hours=2)):
        assert not accepted(agent.secret)


def test_no_key_is_in_the_memory_of_the_cache(clock: Clock) -> None:
    agent = caller()
    assert accepted(agent.secret)
    assert accepted(configured.MASTER_KEY)
    assert len(key_cache._rows) == 2
    assert agent.secret not in repr(key_cache._rows)
    assert {len(name) for name in key_cache._rows} == {32}
    assert all(services.secrets.lookup_part(agent.secret).encode() not in name for name in key_cache._rows)


def test_the_cache_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_cache, "MAX_ROWS", 3)
    agents = [caller() for _ in range(8)]
    for agent in agents:
        assert accepted(agent.secret)
        assert len(key_cache._rows) <= 3


# --- changes ---------------------------------------------------------------------------------------------------------
HOUR = dt.timedelta(hours=1)
ENDS: dict[str, Callable[[ApiKey], Any]] = {
    "revoked": lambda row: services.revoke(row.id),
    "revoked by its name": lambda row: services.revoke_named(row.tenant, row.name),
    "rotated": lambda row: key_management.rotate(row.id, created_by="test"),
    "its tenant is closed": lambda row: _closed(row),
    "replaced on the command line": lambda row: call_command(
        "create_api_key", name=row.name, tenant=row.tenant.slug, replace=True
    ),
    "deleted": lambda row: ApiKey.objects.filter(id=row.id).delete(),
    "changed with save": lambda row: _saved_as_revoked(row),
}


def _closed(row: ApiKey) -> None:
    with transaction.atomic():
        tenants.close(row.tenant_id)


def _saved_as_revoked(row: ApiKey) -> None:
    row.revoked_at = now()
    row.save()


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_key_that_ends_fails_at_once_and_other_processes_are_waited_for_once(
    clock: Clock, waits: list[float], end: Callable[[ApiKey], Any]
) -> None:
    agent = caller(tenant())
    assert agent.row is not None
    assert accepted(agent.secret)
    assert waits == []
    end(agent.row)
    assert waits == [key_cache.SECONDS + key_cache.DRIFT]
    assert not accepted(agent.secret)


def test_the_wait_begins_after_the_commit(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    agent, seen = caller(), []
    assert agent.row is not None
    monkeypatch.setattr(key_cache, "pause", lambda _: seen.append(connection.in_atomic_block))
    with transaction.atomic():
        services.revoke(agent.row.id)
        services.revoke(agent.row.id)
        assert seen == []
    assert seen == [False]


def test_a_change_that_is_rolled_back_waits_for_nobody(clock: Clock, waits: list[float]) -> None:
    agent = caller()
    assert agent.row is not None
    assert accepted(agent.secret)
    with transaction.atomic():
        services.revoke(agent.row.id)
        transaction.set_rollback(True)
    assert waits == []
    assert accepted(agent.secret)


def test_a_repeated_revocation_waits_too(clock: Clock, waits: list[float]) -> None:
    """The first request may have committed a moment ago and still wait."""
    agent = caller()
    assert agent.row is not None
    assert services.revoke(agent.row.id)
    assert not services.revoke(agent.row.id)
    assert len(waits) == 2


def test_a_changed_key_or_tenant_counts_at_once(clock: Clock, waits: list[float]) -> None:
    home = tenant()
    agent = caller(home)
    assert agent.row is not None
    assert services.authenticate(agent.secret).key_limits == {}
    key_management.change(agent.row.id, {"rate_limits": {"v1": "7/m"}})
    assert services.authenticate(agent.secret).key_limits == {"v1": "7/m"}
    tenants.change(home, {"rate_limits": {"v1": "9/m"}, "default_project": "other"})
    found = services.authenticate(agent.secret)
    assert (found.tenant_limits, found.default_project) == ({"v1": "9/m"}, "other")
    assert len(waits) == 2
    key_management.change(agent.row.id, {"expires_at": now() + HOUR})
    with time_machine.travel(now() + 2 * HOUR):
        assert not accepted(agent.secret)
    by_master()
    tenants.change(services.default_tenant(), {"default_project": "new"})
    assert services.authenticate(configured.MASTER_KEY).default_project == "new"
    assert len(waits) == 4


def test_new_keys_and_uses_wait_for_nobody(clock: Clock, waits: list[float], settings: Any) -> None:
    agent = caller(tenant())
    assert accepted(agent.secret)
    settings.API_KEY = "a-key-of-the-environment-0"
    for _ in range(2):
        services.ensure_environment_key()
    assert waits == []
    settings.API_KEY = "a-key-of-the-environment-1"
    services.ensure_environment_key()
    assert len(waits) == 1
    assert Tenant.objects.filter(slug="default").count() == 1
