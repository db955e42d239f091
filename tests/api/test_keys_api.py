"""`/api/v1/keys`: who may make which keys, what is shown of them, and how they end."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apikeys.models import ApiKey
from apikeys.scopes import Role
from core.clock import iso, now
from core.ids import KEY, public
from memories.models import Source
from tests.build import Caller, caller, tenant

KEYS = "/api/v1/keys"
FIELDS = {
    "id",
    "key_id",
    "tenant",
    "name",
    "role",
    "user_id",
    "project_ids",
    "rate_limit_tier",
    "rate_limits",
    "preview",
    "status",
    "created_by",
    "created_at",
    "expires_at",
    "revoked_at",
    "last_used_at",
    "replaced_by",
}


@pytest.fixture
def master(eager: None) -> Caller:
    return Caller(settings.MASTER_KEY)


@pytest.fixture
def admin(eager: None) -> Caller:
    """An unbound admin of a tenant of its own."""
    return caller(tenant(), Role.ADMIN)


def made(by: Caller, **fields: Any) -> dict[str, Any]:
    response = by.post(KEYS, {"name": "agent", **fields})
    assert response.status_code == 201, response.content
    return response.json()


def refused(response: Any, status: int, field: str | None = None) -> None:
    """Refused with this status, naming the field, and no key was written or changed."""
    assert response.status_code == status, response.content
    assert response.json()["error"]["details"].get("field") == field


# --- making ----------------------------------------------------------------------------------------------------------
def test_the_master_key_makes_a_key_that_works(master: Caller) -> None:
    body = made(master, user_id="user_123", name="Production")
    assert set(body) == FIELDS | {"key"}
    assert body["id"] == body["key_id"] == public(KEY, ApiKey.objects.get().id)
    assert (body["name"], body["user_id"], body["role"], body["tenant"]) == (
        "Production",
        "user_123",
        "editor",
        "default",
    )
    assert (body["project_ids"], body["rate_limit_tier"], body["status"]) == ([], "standard", "active")
    assert (body["created_by"], body["expires_at"], body["revoked_at"]) == ("master", None, None)
    agent = Caller(body["key"])
    agent.store("I live in Oslo")
    assert Source.objects.get(tenant=tenant("default")).user_id == "user_123"
    assert agent.get("/api/v1/memories?user_id=bob").status_code == 403


def test_the_documents_line_works_as_curl_sends_it(eager: None) -> None:
    """`-d` without a Content-Type says that it is a form."""
    response = Client().generic(
        "POST",
        KEYS,
        '{"user_id": "user_123", "name": "Production"}',
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {settings.MASTER_KEY}"},
    )
    assert response.status_code == 201
    assert (response.json()["name"], response.json()["user_id"]) == ("Production", "user_123")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/memories", '{"content": "I live in Oslo"}'), ("/api/v1/memories", ' {"content": "I live in Oslo"}')],
)
def test_curls_own_media_type_is_read_in_both_dialects(owner: Caller, path: str, body: str) -> None:
    client = Client()
    form = {"content_type": "application/x-www-form-urlencoded", "headers": {"X-API-Key": owner.secret}}
    assert client.generic("POST", path, body, **form).status_code in (200, 201)
    rows = Source.objects.filter(tenant=owner.row.tenant_id)
    assert rows.count() == 1
    for odd, status in (
        ("content=I+live+in+Rome", 415),
        ("[1]", 415),
        ('{"content": ', 400),
        ('{"content": NaN}', 400),
    ):
        assert client.generic("POST", path, odd, **form).status_code == status, odd
    assert client.generic("POST", path, "", **form).status_code == 400
    multipart = client.post(path, {"content": "I live in Rome"}, headers=form["headers"])
    assert multipart.status_code == 415
    assert rows.count() == 1


def test_a_page_elsewhere_cannot_send_a_form_while_keys_are_off(eager: None, settings: Any) -> None:
    """Browsers send forms anywhere without asking: without a key's header such a body is no request of a caller."""
    settings.AUTH_ENABLED = False
    sent = Client().generic(
        "POST",
        "/api/v1/memories",
        '{"content": "I live in Oslo"}',
        content_type="application/x-www-form-urlencoded",
        headers={"Origin": "https://elsewhere.example"},
    )
    assert sent.status_code == 415
    assert Source.objects.filter(tenant=tenant("default")).count() == 0


def test_the_master_key_makes_keys_for_any_tenant(master: Caller) -> None:
    other = tenant()
    agent = Caller(made(master, tenant=other.slug, role="viewer", project_ids=["a", "b", "a"])["key"])
    assert agent.get("/api/v1/memories").status_code == 200
    assert agent.post("/api/v1/memories", {"content": "I live in Oslo"}).status_code == 403
    row = ApiKey.objects.get()
    assert (row.tenant_id, row.project_ids) == (other.id, ["a", "b"])
    refused(master.post(KEYS, {"name": "x", "tenant": "nobody"}), 400, "tenant")


def test_a_tenants_admin_makes_keys_of_its_own_tenant(admin: Caller) -> None:
    body = made(admin, role="admin")
    assert body["tenant"] == admin.row.tenant.slug
    assert body["created_by"] == public(KEY, admin.row.id)
    assert ApiKey.objects.exclude(id=admin.row.id).get().tenant_id == admin.row.tenant_id
    refused(admin.post(KEYS, {"name": "x", "tenant": "default"}), 403, "tenant")
    refused(admin.post(KEYS, {"name": "x", "tenant": body["tenant"]}), 403, "tenant")
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_lesser_roles_manage_no_keys(eager: None, role: Role) -> None:
    lesser = caller(role=role)
    one = f"{KEYS}/{public(KEY, lesser.row.id)}"
    for answer in (
        lesser.get(KEYS),
        lesser.post(KEYS, {"name": "x"}),
        lesser.get(one),
        lesser.patch(one, {"name": "x"}),
        lesser.delete(one),
        lesser.post(one + "/rotate", {}),
    ):
        refused(answer, 403)
    assert list(ApiKey.objects.values_list("name", "revoked_at")) == [("test", None)]


def test_a_bound_key_manages_no_keys(eager: None) -> None:
    bound = caller(role=Role.ADMIN, user_id="ann")
    one = f"{KEYS}/{public(KEY, bound.row.id)}"
    for answer in (
        bound.get(KEYS),
        bound.post(KEYS, {"name": "x", "user_id": "ann"}),
        bound.get(one),
        bound.patch(one, {"name": "x"}),
        bound.delete(one),
        bound.post(one + "/rotate", {}),
        bound.get(f"{KEYS}/key_{'0' * 32}"),
    ):
        refused(answer, 403)
    assert list(ApiKey.objects.values_list("name", "revoked_at")) == [("test", None)]


def test_an_admin_of_projects_grants_and_manages_only_those(eager: None) -> None:
    home = tenant()
    limited = caller(home, Role.ADMIN, project_ids=["red", "blue"])
    wide, foreign = caller(home), caller(home, project_ids=["red", "green"])
    body = made(limited, project_ids=["red"])
    assert made(limited)["project_ids"] == ["blue", "red"]
    for projects in ([], ["green"], ["red", "green"]):
        refused(limited.post(KEYS, {"name": "x", "project_ids": projects}), 403, "project_ids")
    listed = limited.get(KEYS).json()
    assert listed["total"] == 3
    assert {k["id"] for k in listed["keys"]} >= {body["id"], public(KEY, limited.row.id)}
    for other in (wide, foreign):
        path = f"{KEYS}/{public(KEY, other.row.id)}"
        for answer in (limited.get(path), limited.delete(path), limited.patch(path, {"name": "x"})):
            refused(answer, 404)
        assert other.get("/api/v1/memories").status_code == 200
    assert limited.delete(f"{KEYS}/{body['id']}").status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x", "role": "owner"}, "role"),
        ({"name": "x", "key": "mp_mine"}, "key"),
        ({"name": "x", "expires": "2126-01-01"}, "expires"),
        ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "expires_at": "soon"}, "expires_at"),
        ({"name": "x", "user_id": "x" * 129}, "user_id"),
        ({"name": "x", "user_id": ""}, "user_id"),
        ({"name": "x", "project_ids": "red"}, "project_ids"),
        ({"name": "x", "project_ids": [""]}, "project_ids.0"),
        ({"name": "x", "project_ids": ["p"] * 101}, "project_ids"),
        ({"name": "x", "rate_limit_tier": "gold"}, "rate_limit_tier"),
        ({"name": "x", "rate_limits": {"v2": "1/m"}}, "rate_limits"),
        ({"name": "x", "rate_limits": {"v1": "many"}}, "rate_limits"),
        ({"name": "x", "rate_limits": "100/m"}, "rate_limits"),
    ],
)
def test_wrong_fields_are_named_and_make_no_key(master: Caller, fields: dict[str, Any], field: str) -> None:
    refused(master.post(KEYS, fields), 400, field)
    assert ApiKey.objects.count() == 0


def test_names_have_up_to_200_characters(master: Caller) -> None:
    assert made(master, name="x" * 200)["name"] == "x" * 200


def test_a_key_that_expires(master: Caller) -> None:
    until = now() + dt.timedelta(hours=1)
    body = made(master, expires_at=iso(until))
    assert body["expires_at"] == iso(until)
    assert Caller(body["key"]).get("/api/v1/memories").status_code == 200
    ApiKey.objects.update(expires_at=now())
    assert Caller(body["key"]).get("/api/v1/memories").status_code == 401
    assert master.get(f"{KEYS}/{body['id']}").json()["status"] == "expired"


# --- limits ----------------------------------------------------------------------------------------------------------
def test_tiers_and_limits_are_the_operators_to_give(master: Caller, settings: Any) -> None:
    settings.RATE_LIMIT_TIERS = {"free": {"v1": "20/m"}, "premium": {"v1": "1000/m"}}
    home = tenant()
    body = made(master, tenant=home.slug, role="admin", rate_limit_tier="free", rate_limits={"store": "5/m"})
    assert (body["rate_limit_tier"], body["rate_limits"]) == ("free", {"store": "5/m"})
    own = Caller(body["key"])
    refused(own.post(KEYS, {"name": "x", "rate_limit_tier": "premium"}), 403, "rate_limit_tier")
    refused(own.post(KEYS, {"name": "x", "rate_limit_tier": "standard"}), 403, "rate_limit_tier")
    refused(own.post(KEYS, {"name": "x", "rate_limits": {}}), 403, "rate_limits")
    child = made(own, rate_limit_tier="free")
    assert (child["rate_limit_tier"], child["rate_limits"]) == ("free", {"store": "5/m"})
    path = f"{KEYS}/{child['id']}"
    refused(own.patch(path, {"rate_limit_tier": "premium"}), 403, "rate_limit_tier")
    refused(own.patch(path, {"rate_limits": {}}), 403, "rate_limits")
    assert master.patch(path, {"rate_limit_tier": "premium", "rate_limits": {}}).json()["rate_limits"] == {}
    assert ApiKey.objects.count() == 2


# --- showing ---------------------------------------------------------------------------------------------------------
def test_lists_show_a_preview_and_never_the_key(master: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = made(master)
    for answer in (master.get(KEYS), master.get(f"{KEYS}/{body['id']}")):
        assert body["key"] not in answer.content.decode()
        assert body["preview"] in answer.json().get("preview", answer.content.decode())
    assert set(master.get(f"{KEYS}/{body['id']}").json()) == FIELDS
    assert body["key"] not in caplog.text
    assert body["key"] not in str(list(ApiKey.objects.values()))


def test_the_list_comes_in_pages(master: Caller) -> None:
    ids = [made(master, name=str(n))["id"] for n in range(5)][::-1]
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = master.get(f"{KEYS}?limit=2&cursor={cursor}" if cursor else f"{KEYS}?limit=2").json()
        assert page["total"] == 5
        seen += [k["id"] for k in page["keys"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == (ids, 3)
    for wrong in ("cursor=key_none", f"cursor=key_{'0' * 32}"):
        refused(master.get(f"{KEYS}?{wrong}"), 400, "cursor")
    for wrong in ("limit=0", "limit=1001", "limit=x"):
        refused(master.get(f"{KEYS}?{wrong}"), 400, "limit")


def test_a_list_can_be_narrowed(master: Caller, admin: Caller) -> None:
    body = made(master)
    made(admin)
    slug = admin.row.tenant.slug
    assert {k["tenant"] for k in master.get(KEYS).json()["keys"]} == {"default", slug}
    assert {k["tenant"] for k in master.get(f"{KEYS}?tenant={slug}").json()["keys"]} == {slug}
    refused(master.get(f"{KEYS}?tenant=nobody"), 400, "tenant")
    refused(admin.get(f"{KEYS}?tenant=default"), 403, "tenant")
    master.delete(f"{KEYS}/{body['id']}")
    assert [k["id"] for k in master.get(f"{KEYS}?active=false").json()["keys"]] == [body["id"]]
    assert {k["tenant"] for k in master.get(f"{KEYS}?active=true").json()["keys"]} == {slug}


def test_foreign_and_unknown_keys_are_the_same_404(admin: Caller) -> None:
    foreign = public(KEY, caller().row.id)
    for unknown in (foreign, f"key_{'0' * 32}", "key_x", "mem_" + "0" * 32, "x"):
        path = f"{KEYS}/{unknown}"
        for answer in (
            admin.get(path),
            admin.patch(path, {"name": "x"}),
            admin.delete(path),
            admin.post(path + "/rotate", {}),
        ):
            refused(answer, 404)
            assert answer.json()["detail"] == f"API key with ID '{unknown}' not found"
    assert ApiKey.objects.filter(name="test", revoked_at=None).count() == 2


# --- changing and ending ---------------------------------------------------------------------------------------------
def test_name_and_expiry_change_and_nothing_else(master: Caller) -> None:
    body = made(master, user_id="ann", project_ids=["red"])
    path, until = f"{KEYS}/{body['id']}", iso(now() + dt.timedelta(days=1))
    changed = master.patch(path, {"name": "renamed", "expires_at": until}).json()
    assert changed == {k: v for k, v in body.items() if k != "key"} | {"name": "renamed", "expires_at": until}
    assert master.patch(path, {"expires_at": None}).json()["expires_at"] is None
    for fixed in ({"role": "admin"}, {"user_id": "bob"}, {"project_ids": []}, {"tenant": "x"}, {"key": "x"}):
        refused(master.patch(path, {"name": "grown", **fixed}), 400, next(iter(fixed)))
    refused(master.patch(path, {}), 400, "name")
    refused(master.patch(path, {"name": ""}), 400, "name")
    refused(master.patch(path, {"expires_at": "2020-01-01T00:00:00Z"}), 400, "expires_at")
    assert master.get(path).json()["name"] == "renamed"


def test_a_revoked_key_stops_at_once_and_stays_as_it_is(master: Caller) -> None:
    body = made(master)
    agent, path = Caller(body["key"]), f"{KEYS}/{body['id']}"
    assert agent.get("/api/v1/memories").status_code == 200
    first = master.delete(path)
    assert (first.status_code, first.json()["status"]) == (200, "revoked")
    assert first.json()["revoked_at"] is not None
    assert agent.get("/api/v1/memories").status_code == 401
    assert master.delete(path).json()["revoked_at"] == first.json()["revoked_at"]
    refused(master.patch(path, {"name": "back", "expires_at": None}), 409)
    refused(master.post(path + "/rotate", {}), 409)
    assert agent.get("/api/v1/memories").status_code == 401
    assert master.get(path).json()["name"] == "agent"


def test_a_rotated_key_goes_on_as_another(master: Caller) -> None:
    until = iso(now() + dt.timedelta(days=30))
    old = made(master, role="viewer", user_id="ann", project_ids=["red"], rate_limits={"v1": "7/m"}, expires_at=until)
    response = master.post(f"{KEYS}/{old['id']}/rotate", {})
    new = response.json()
    assert response.status_code == 201
    assert set(new) == FIELDS | {"key", "replaces"}
    assert new["replaces"] == old["id"] != new["id"]
    assert new["key"] != old["key"]
    same = ("tenant", "name", "role", "user_id", "project_ids", "rate_limit_tier", "rate_limits", "expires_at")
    assert {n: new[n] for n in same} == {n: old[n] for n in same}
    assert Caller(old["key"]).get("/api/v1/memories").status_code == 401
    assert Caller(new["key"]).get("/api/v1/memories").status_code == 200
    shown = master.get(f"{KEYS}/{old['id']}").json()
    assert (shown["status"], shown["replaced_by"]) == ("revoked", new["id"])


def test_a_rotation_needs_no_body(master: Caller) -> None:
    old = made(master)
    assert master.request("POST", f"{KEYS}/{old['id']}/rotate").status_code == 201


def test_a_rotated_key_may_have_some_time_left(master: Caller) -> None:
    old = made(master)
    path = f"{KEYS}/{old['id']}"
    before = now()
    new = master.post(path + "/rotate", {"grace_seconds": 60}).json()
    assert new["expires_at"] is None
    row = ApiKey.objects.get(preview=old["preview"])
    assert before + dt.timedelta(seconds=60) <= row.expires_at <= now() + dt.timedelta(seconds=60)
    for key in (old["key"], new["key"]):
        assert Caller(key).get("/api/v1/memories").status_code == 200
    for wrong in (-1, 86_401, "60", 1.5, True):
        refused(master.post(path + "/rotate", {"grace_seconds": wrong}), 400, "grace_seconds")
    assert ApiKey.objects.count() == 2


def test_a_key_is_rotated_once(master: Caller) -> None:
    old = made(master)
    path = f"{KEYS}/{old['id']}"
    new = master.post(path + "/rotate", {"grace_seconds": 3600}).json()
    refused(master.post(path + "/rotate", {"grace_seconds": 3600}), 409)
    assert master.get(path).json()["replaced_by"] == new["id"]
    assert ApiKey.objects.count() == 2
    assert master.post(f"{KEYS}/{new['id']}/rotate", {}).status_code == 201


def test_grace_never_makes_a_key_live_longer(master: Caller) -> None:
    until = now() + dt.timedelta(seconds=30)
    old = made(master, expires_at=iso(until))
    master.post(f"{KEYS}/{old['id']}/rotate", {"grace_seconds": 3600})
    assert ApiKey.objects.get(preview=old["preview"]).expires_at == until


def test_a_key_may_rotate_itself(admin: Caller) -> None:
    new = admin.post(f"{KEYS}/{public(KEY, admin.row.id)}/rotate", {}).json()
    assert admin.get(KEYS).status_code == 401
    assert Caller(new["key"]).get(KEYS).json()["total"] == 2


def test_webhooks_of_a_rotated_key_go_on_with_the_new_one(admin: Caller) -> None:
    hook = admin.post("/api/v1/webhooks", {"url": "https://93.184.215.14/hook", "events": ["memory.created"]}).json()
    first = admin
    for _ in range(3):
        new = admin.post(f"{KEYS}/{public(KEY, first.row.id)}/rotate", {}).json()
        admin = Caller(new["key"])
        shown = admin.get(f"/api/v1/webhooks/{hook['id']}").json()
        assert (shown["active"], shown["disabled_reason"]) == (True, None)
        first = Caller(new["key"], ApiKey.objects.get(revoked_at=None))
    Caller(settings.MASTER_KEY).delete(f"{KEYS}/{new['id']}")
    other = caller(tenant(first.row.tenant.slug), Role.ADMIN)
    shown = other.get(f"/api/v1/webhooks/{hook['id']}").json()
    assert (shown["active"], shown["disabled_reason"]) == (False, "key_revoked")


def test_the_environments_key_is_changed_in_the_environment(master: Caller, settings: Any) -> None:
    row = caller(origin="environment").row
    refused(master.post(f"{KEYS}/{public(KEY, row.id)}/rotate", {}), 409)
    assert ApiKey.objects.get().revoked_at is None


def test_a_repeated_request_never_shows_the_key_again(master: Caller) -> None:
    once = {"Idempotency_Key": "the-same"}
    first = master.post(KEYS, {"name": "agent"}, **once)
    again = master.post(KEYS, {"name": "agent"}, **once)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["error"]["details"]["id"] == first.json()["id"]
    assert first.json()["key"] not in again.content.decode()
    assert ApiKey.objects.count() == 1
