"""One object of each kind that a path can name, and people who may not see them.

A new name in a path needs a line in MAKERS; a new required parameter a line in `World.values`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from apikeys import services
from apikeys.models import ApiKey, Tenant
from apikeys.scopes import Role
from apikeys.types import Principal
from core import redis
from core.clock import now
from core.ids import ENTITY, MEMORY, MERGE, new_id, parse, public
from core.tenancy import TenantRow
from entities.models import Merge
from entities.services.merge import merge
from memories.models import Source
from tests import build, graph_data
from tests.api.operations import Operation, Request
from tests.build import Caller

TEXT = "The owner hid the zanzibar emerald in the lighthouse"
USER, NOBODY = "ann-the-owner", "eve-the-other"  # of one length: answers about them can be compared
PROJECT = "red"


def _store(world: World) -> dict[str, Any]:
    if world.stored is None:
        world.stored = world.owner.store(TEXT, user_id=USER, project=PROJECT, timestamp="2020-01-01")
    return world.stored


def _memory(world: World) -> str:
    return str(_store(world)["id"])


def _event(world: World) -> str:
    asked = {"content": "Ann plays the cello", "user_id": USER, "project": PROJECT}
    world.owner.post("/api/v1/memories", asked)
    assert world.owner.row is not None
    sources = Source.objects.filter(tenant=world.owner.row.tenant_id, user_id=USER)
    return public("evt", sources.values_list("id", flat=True).latest("accepted_at"))


def _revision(world: World) -> str:
    history = world.owner.get(f"/api/v1/memories/{world.sample('memory_id')}/history").json()
    return str(history["revisions"][0]["revision_id"])


def _receipt(world: World) -> str:
    gone = world.owner.store("Bob repairs bicycles", user_id=USER, project=PROJECT)
    return str(world.owner.delete(f"/api/v1/memories/{gone['id']}").json()["receipt_id"])


def _key(world: World) -> str:
    return str(world.owner.post("/api/v1/keys", {"name": "a sample", "role": "viewer"}).json()["id"])


def _tenant(world: World) -> str:
    master = Caller(str(settings.MASTER_KEY))
    return str(master.post("/api/v1/tenants", {"slug": world.slug, "name": "a sample"}).json()["id"])


def _webhook(world: World) -> str:
    asked = {"url": "https://hooks.example/", "events": ["memory.created"], "user_id": USER, "project_ids": [PROJECT]}
    return str(world.owner.post("/api/v1/webhooks", asked).json()["id"])


def _review(world: World) -> str:
    """Of a pair whose newer memory is stored for it."""
    asked = {"user_id": USER, "project": PROJECT, "skip_extraction": True}
    new = world.owner.store(f"Ann hid an opal, number {new_id().hex}", **asked)["id"]
    return build.review(world.sample("memory_id"), new)


def _entity(world: World) -> str:
    """Beside another one, with a relation between them, and both mentioned by the memory."""
    memory, row = parse(MEMORY, world.sample("memory_id")), world.owner.row
    assert memory is not None
    assert row is not None
    known = graph_data.World(row.tenant, PROJECT, USER)
    owner, emerald = known.entities(f"owner {new_id().hex}", f"emerald {new_id().hex}")
    known.mention(memory, owner, emerald)
    known.states(memory, known.relation(owner, "OWNS", emerald))
    (twin,) = known.entities(f"twin {new_id().hex}")
    merge(Principal(row.tenant_id, "test", Role.ADMIN), [public(ENTITY, twin)], public(ENTITY, owner))
    return public(ENTITY, owner)


def _source(world: World) -> str:
    """Of the same owner, to be merged."""
    world.sample("memory_id")
    assert world.owner.row is not None
    (same,) = graph_data.World(world.owner.row.tenant, PROJECT, USER).entities(f"the same {new_id().hex}")
    return public(ENTITY, same)


def _merge(world: World) -> str:
    into = parse(ENTITY, world.sample("entity_id"))
    assert world.owner.row is not None
    return public(MERGE, Merge.objects.get(tenant=world.owner.row.tenant_id, target_key=into).id)


def _organization(world: World) -> str:
    assert world.owner.row is not None
    return public("ten", world.owner.row.tenant_id)


# name in a path or a body → (makes the owner's object and gives its id, prefix of its id). A user is a name, no object.
MAKERS: dict[str, tuple[Callable[[World], str], str]] = {
    "memory_id": (_memory, "mem"),
    "event_id": (_event, "evt"),
    "entity_id": (_entity, "ent"),
    "source_id": (_source, ""),
    "merge_id": (_merge, "mrg"),
    "revision_id": (_revision, "rev"),
    "receipt_id": (_receipt, "ers"),
    "key_id": (_key, "key"),
    "tenant_id": (_tenant, "ten"),
    "webhook_id": (_webhook, "whk"),
    "review_id": (_review, "rvw"),
    "user_id": (lambda _: USER, ""),
    "org_id": (_organization, "ten"),
    "entity_type": (lambda _: "user", ""),
    "entity_name": (lambda _: USER, ""),
    "project_name": (lambda _: PROJECT, ""),
    "webhook_project": (lambda _: PROJECT, ""),
    "job": (lambda _: "not_enabled", ""),
}
# Each time new: what an earlier one of them has stored is not the owner's.
FOREIGN = {
    "a key of another tenant": lambda: build.caller(build.tenant(), Role.ADMIN),
    "a key limited to another project": lambda: build.caller(role=Role.ADMIN, project_ids=[new_id().hex]),
    "a key bound to another user": lambda: build.caller(role=Role.ADMIN, user_id=new_id().hex),
}


def _revoked() -> str:
    made = build.caller(role=Role.ADMIN)
    assert made.row is not None
    services.revoke(made.row.id)
    return made.secret


def _expired() -> str:
    made = build.caller(role=Role.ADMIN)
    assert made.row is not None
    ApiKey.objects.filter(id=made.row.id).update(expires_at=now())
    return made.secret


NOBODYS: dict[str, Callable[[], str | None]] = {
    "no key": lambda: None,
    "a wrong key": lambda: "mp_" + "x" * 43,
    "a revoked key": _revoked,
    "an expired key": _expired,
}


def alone(patch: pytest.MonkeyPatch) -> None:
    """Nobody outside is asked: names have an address, receivers of webhooks are content, workers aren't waited for."""
    patch.setattr("core.ssrf.resolve", lambda host, port: ["93.184.215.14"])
    patch.setattr("core.http_client.post", lambda *_, **__: 200)
    patch.setattr("core.monitoring.probes.PING_SECONDS", 0.01)


@pytest.fixture(scope="module")
def lasting_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database for a whole module of tests, with tasks run at once and nobody outside; emptied at the end."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        alone(patch)
        current_app.conf.task_always_eager = True
        redis.client().flushdb()
        build.tenant("default")
        yield
        current_app.conf.task_always_eager = False
        call_command("flush", verbosity=0, interactive=False)


@dataclass
class World:
    """The owner's objects, made when they are first asked for, and everybody's keys."""

    owner: Caller = field(default_factory=lambda: build.caller(role=Role.ADMIN))
    stored: dict[str, Any] | None = None
    slug: str = field(default_factory=lambda: f"a-sample-{new_id().hex}")
    _made: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, str | None] = field(default_factory=dict)

    def secret(self, who: str) -> str | None:
        """The key of `who`: a name of NOBODYS or FOREIGN, a role, or "the master"."""
        if who == "the master":
            return str(settings.MASTER_KEY)
        if who in FOREIGN:
            return FOREIGN[who]().secret
        if who not in self._keys:
            self._keys[who] = NOBODYS[who]() if who in NOBODYS else build.caller(role=Role(who)).secret
        return self._keys[who]

    def good(self, operation: Operation) -> Request:
        """A request about the owner's objects."""
        return operation.request(_Lazy(self.sample), _Lazy(self._of_prefix), self.values(USER))

    def unknown(self, operation: Operation) -> Request:
        """The same request about objects that never were."""
        fresh = {name: public(prefix, new_id()) if prefix else NOBODY for name, (_, prefix) in MAKERS.items()}
        fresh |= {name: self.sample(name) for name in ("entity_type", "project_name", "webhook_project", "job")}
        by_prefix = {prefix: fresh[name] for name, (_, prefix) in MAKERS.items()}
        return operation.request(fresh, by_prefix, self.values(NOBODY))

    def values(self, user: str) -> dict[str, Any]:
        """What stands for a field of a body, and for a parameter that is required."""
        projects = {"project": PROJECT, "project_id": PROJECT, "project_ids": [PROJECT]}
        sources = {"source_ids": [self.sample("source_id")]}
        return {"user_id": user, "query": "emerald", "confirm": self.slug, **projects, **sources}

    def sample(self, name: str) -> str:
        if name not in self._made:
            self._made[name] = MAKERS[name][0](self)
        return self._made[name]

    def _of_prefix(self, prefix: str) -> str:
        return self.sample(next(name for name, (_, own) in MAKERS.items() if own == prefix))

    def rows(self) -> set[str]:
        """Each row of the owner's tenant, and all tenants and keys, as digests; a key's last use doesn't count."""
        with connection.cursor() as cursor:
            cursor.execute(_all_rows(), {"tenant": self.owner.row.tenant_id})
            return {f"{table} {hashlib.md5(row.encode()).hexdigest()}" for table, row in cursor.fetchall()}


class _Lazy(dict[str, str]):
    """A mapping of all that MAKERS can make."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __contains__(self, name: object) -> bool:
        return name in MAKERS or name in [prefix for _, prefix in MAKERS.values()]

    def __getitem__(self, name: str) -> str:
        return self._make(name)


def _all_rows() -> str:
    named = {model._meta.db_table: "WHERE t.tenant_id = %(tenant)s" for model in _tenant_rows()}
    tables = named | {Tenant._meta.db_table: "", ApiKey._meta.db_table: ""}
    return " UNION ALL ".join(
        f"SELECT '{table}', (to_jsonb(t) - 'last_used_at')::text FROM {table} t {condition}"
        for table, condition in tables.items()
    )


def _tenant_rows() -> list[type[TenantRow]]:
    return [model for model in apps.get_models() if issubclass(model, TenantRow)]


@pytest.fixture(scope="module")
def world(lasting_db: None) -> World:
    """For a module of tests whose requests are refused or change little."""
    return World()
