"""`/api/v1/tenants`: the master key makes them, counts them and erases them whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError

from apikeys.models import ApiKey, Tenant
from apikeys.scopes import Role
from core.clock import now
from core.ids import TENANT, public
from core.tenancy import tenant_tables
from memories.models import Erasure, Memory, Source
from memories.pipeline import erase, erase_tenant
from tests.build import Caller, caller, tenant
from tests.shape import rows

TENANTS = "/api/v1/tenants"


@pytest.fixture
def master(eager: None) -> Caller:
    return Caller(settings.MASTER_KEY)


@pytest.fixture
def full(eager: None) -> Tenant:
    """A tenant with two memories of two users, and at least one row in every table."""
    made = tenant("full")
    agent = caller(made)
    agent.store("I live in Oslo", user_id="ann")
    agent.store("I live in Rome", user_id="bob")
    for model in tenant_tables():
        if model is not Erasure:
            rows.make(model, made)
    return made


def path_of(row: Tenant) -> str:
    return f"{TENANTS}/{public(TENANT, row.id)}"


def held(row: Tenant) -> dict[str, int]:
    """How many rows a tenant has, by table, where there are any."""
    counts = {m.__name__: m._base_manager.filter(tenant=row.id).count() for m in tenant_tables()}
    return {name: n for name, n in counts.items() if n}


def refused(response: Any, status: int, field: str | None = None) -> None:
    assert response.status_code == status, response.content
    assert response.json()["error"]["details"].get("field") == field


# --- making and changing ---------------------------------------------------------------------------------------------
def test_a_tenant_is_made_and_has_keys_of_its_own(master: Caller) -> None:
    response = master.post(TENANTS, {"slug": "acme", "name": "Acme Ltd", "default_project": "work"})
    row = Tenant.objects.get(slug="acme")
    assert response.status_code == 201
    assert response.json() == {
        "id": public(TENANT, row.id),
        "slug": "acme",
        "name": "Acme Ltd",
        "default_project": "work",
        "rate_limits": {},
        "created_at": response.json()["created_at"],
        "counts": {"memories": 0, "users": 0, "keys": 0},
    }
    agent = Caller(master.post("/api/v1/keys", {"name": "a", "tenant": "acme"}).json()["key"])
    agent.store("I live in Oslo", user_id="ann")
    agent.store("I live in Rome", user_id="bob")
    agent.store("I have a dog", user_id="bob")
    assert Memory.objects.filter(tenant=row.id, project="work").count() == 3
    assert master.get(path_of(row)).json()["counts"] == {"memories": 3, "users": 2, "keys": 1}
    assert Memory.objects.filter(tenant=tenant("default").id).count() == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "Acme"}, "slug"),
        ({"slug": "a b"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": "a--b"}, "slug"),
        ({"slug": "x" * 65}, "slug"),
        ({"slug": "acme", "name": "x" * 201}, "name"),
        ({"slug": "acme", "default_project": ""}, "default_project"),
        ({"slug": "acme", "default_project": "x" * 129}, "default_project"),
        ({"slug": "acme", "rate_limits": {"store": "0/m"}}, "rate_limits"),
        ({"slug": "acme", "plan": "gold"}, "plan"),
    ],
)
def test_wrong_fields_are_named_and_make_no_tenant(master: Caller, fields: dict[str, Any], field: str) -> None:
    before = Tenant.objects.count()
    refused(master.post(TENANTS, fields), 400, field)
    assert Tenant.objects.count() == before


def test_a_slug_is_taken_once(master: Caller) -> None:
    tenant("acme")
    refused(master.post(TENANTS, {"slug": "acme"}), 409, "slug")
    assert Tenant.objects.filter(slug="acme").count() == 1


def test_name_default_project_and_limits_change_and_nothing_else(master: Caller) -> None:
    row = tenant("acme")
    sent = {"name": "Acme", "default_project": "work", "rate_limits": {"v1": "5/m"}}
    answer = master.patch(path_of(row), sent)
    assert {n: answer.json()[n] for n in sent} == sent
    row.refresh_from_db()
    assert (row.name, row.default_project, row.rate_limits) == ("Acme", "work", {"v1": "5/m"})
    refused(master.patch(path_of(row), {"slug": "other", "name": "x"}), 400, "slug")
    refused(master.patch(path_of(row), {}), 400, "name")
    refused(master.patch(path_of(row), {"rate_limits": {"v1": "x"}}), 400, "rate_limits")
    row.refresh_from_db()
    assert (row.slug, row.name, row.rate_limits) == ("acme", "Acme", {"v1": "5/m"})


def test_the_list_comes_in_pages_newest_first(master: Caller) -> None:
    for slug in ("one", "two", "three"):
        tenant(slug)
    first = master.get(f"{TENANTS}?limit=2").json()
    assert ([t["slug"] for t in first["tenants"]], first["total"]) == (["three", "two"], 4)
    rest = master.get(f"{TENANTS}?limit=2&cursor={first['next_cursor']}").json()
    assert ([t["slug"] for t in rest["tenants"]], rest["next_cursor"]) == (["one", "default"], None)
    refused(master.get(f"{TENANTS}?cursor=x"), 400, "cursor")


def test_no_other_key_sees_or_touches_tenants(eager: None) -> None:
    home = tenant("acme")
    admin = caller(home, Role.ADMIN)
    for answer in (
        admin.get(TENANTS),
        admin.post(TENANTS, {"slug": "mine"}),
        admin.get(path_of(home)),
        admin.patch(path_of(home), {"name": "mine"}),
        admin.delete(path_of(home), {"confirm": "acme"}),
        caller(home).get(TENANTS),
    ):
        refused(answer, 403)
    home.refresh_from_db()
    assert (home.name, home.erased_at) == ("", None)
    assert not Tenant.objects.filter(slug="mine").exists()


@pytest.mark.parametrize("unknown", ["ten_" + "0" * 32, "ten_x", "acme", "mem_" + "0" * 32])
def test_unknown_tenants_are_404(master: Caller, unknown: str) -> None:
    tenant("acme")
    for answer in (
        master.get(f"{TENANTS}/{unknown}"),
        master.patch(f"{TENANTS}/{unknown}", {"name": "x"}),
        master.delete(f"{TENANTS}/{unknown}", {"confirm": "acme"}),
    ):
        refused(answer, 404)


# --- erasing ---------------------------------------------------------------------------------------------------------
def test_nothing_of_an_erased_tenant_stays_but_its_row_and_its_receipt(master: Caller, full: Tenant) -> None:
    bystander = caller(tenant("bystander"))
    bystander.store("I live in Bonn")
    agent = caller(full)
    assert set(held(full)) == {model.__name__ for model in tenant_tables()} - {"Erasure"}
    before, expected_memories = held(tenant("bystander")), held(full)["Memory"]

    answer = master.delete(path_of(full), {"confirm": "full"})
    assert answer.status_code == 202
    receipt = answer.json()["receipt_id"]
    assert answer.json() == {"status": "pending", "id": public(TENANT, full.id), "receipt_id": receipt}
    assert answer["Location"] == f"/api/v1/erasures/{receipt}"

    assert held(full) == {"Erasure": 1}
    full.refresh_from_db()
    assert (full.name, full.slug, full.erased_at is not None) == ("", "full", True)
    assert ApiKey.objects.filter(tenant=full).count() == 0
    assert agent.get("/api/v1/memories").status_code == 401
    shown = master.get(f"/api/v1/erasures/{receipt}").json()
    assert shown["scope"] == {"kind": "tenant"}
    assert shown["completed_at"] is not None
    assert (shown["counts"]["memories"], shown["counts"]["keys"]) == (expected_memories, 2)
    assert shown["signature"] == erase.sign(Erasure.objects.get(tenant=full.id))
    assert held(tenant("bystander")) == before
    assert bystander.recalled("Where do I live?") == ["User lives in Bonn"]
    assert master.get(path_of(full)).status_code == 404
    assert "full" not in [t["slug"] for t in master.get(TENANTS).json()["tenants"]]


def test_the_slug_of_an_erased_tenant_is_free(master: Caller, full: Tenant) -> None:
    master.delete(path_of(full), {"confirm": "full"})
    again = master.post(TENANTS, {"slug": "full"})
    assert again.status_code == 201
    assert again.json()["id"] != public(TENANT, full.id)
    assert again.json()["counts"] == {"memories": 0, "users": 0, "keys": 0}


@pytest.mark.parametrize("body", [None, {}, {"confirm": "default"}, {"confirm": "FULL"}, {"confirm": "full", "x": 1}])
def test_without_its_slug_nothing_is_erased(master: Caller, full: Tenant, body: Any) -> None:
    before = held(full)
    assert master.delete(path_of(full), body).status_code == 400
    assert held(full) == before
    full.refresh_from_db()
    assert full.erased_at is None
    assert ApiKey.objects.filter(tenant=full, revoked_at=None).count() == 1


def test_the_default_tenant_stays(master: Caller, owner: Caller) -> None:
    owner.store("I live in Oslo")
    refused(master.delete(path_of(tenant("default")), {"confirm": "default"}), 409)
    assert owner.recalled("Where do I live?") == ["User lives in Oslo"]


def test_an_erasure_killed_at_any_moment_goes_on(master: Caller, full: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its task is lost, it dies after two batches, and the sweep brings it back: the receipt counts every row once."""
    expected = held(full)
    monkeypatch.setattr(erase_tenant, "BATCH_SIZE", 1)
    with monkeypatch.context() as lost:
        lost.setattr(erase_tenant, "enqueue_on_commit", lambda *_, **__: None)
        master.delete(path_of(full), {"confirm": "full"})
        assert erase_tenant.step(full.id)
        assert erase_tenant.step(full.id)
        receipt = Erasure.objects.get(tenant=full.id)
        assert (sum(receipt.counts.values()), receipt.completed_at) == (2, None)
    assert erase_tenant.sweep() == 1
    receipt = Erasure.objects.get(tenant=full.id)
    assert held(full) == {"Erasure": 1}
    assert receipt.completed_at is not None
    assert receipt.signature == erase.sign(receipt)
    assert receipt.counts.pop("keys") == 1
    assert sum(receipt.counts.values()) == sum(expected.values())


def test_it_gives_other_work_its_turn(master: Caller, full: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    enqueued = []
    monkeypatch.setattr(erase_tenant, "TURN", -1.0)
    monkeypatch.setattr(
        erase_tenant, "enqueue_on_commit", lambda task, *ids, queue: enqueued.append((task, ids, queue))
    )
    master.delete(path_of(full), {"confirm": "full"})
    erase_tenant.run(full.id)
    assert enqueued == [("memories.tasks.erase_tenant", (full.id,), "maintenance")] * 2
    assert Erasure.objects.get(tenant=full.id).completed_at is None


def test_what_a_late_request_wrote_is_erased_too(master: Caller, full: Tenant) -> None:
    master.delete(path_of(full), {"confirm": "full"})
    receipt = Erasure.objects.get(tenant=full.id)
    rows.make(Memory, full)
    assert erase_tenant.sweep() == 1
    assert held(full) == {"Erasure": 1}
    assert Erasure.objects.get(tenant=full.id).counts == receipt.counts
    Tenant.objects.filter(id=full.id).update(erased_at=now() - erase_tenant.SETTLED)
    assert erase_tenant.sweep() == 0


def test_a_write_in_between_stops_it_until_the_sweep(
    master: Caller, full: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as met:
        met.setattr(erase_tenant, "step", lambda _: (_ for _ in ()).throw(IntegrityError))
        assert master.delete(path_of(full), {"confirm": "full"}).status_code == 202
    assert Erasure.objects.get(tenant=full.id).completed_at is None
    assert erase_tenant.sweep() == 1
    assert held(full) == {"Erasure": 1}


def test_writes_that_wait_are_never_applied(no_worker: None) -> None:
    home = tenant("full")
    assert caller(home).post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 202
    assert Source.objects.filter(tenant=home.id).count() == 1
    Caller(settings.MASTER_KEY).delete(path_of(home), {"confirm": "full"})
    erase_tenant.run(home.id)
    assert held(home) == {"Erasure": 1}
