"""Operators change, rotate and revoke keys and change tenants in the admin; nothing there keeps a key."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders
from django.core import signing
from django.db import connection
from django.test import Client

from apikeys import key_management, services
from apikeys.models import ApiKey, Tenant
from core.clock import now
from core.errors import Conflict
from core.ids import KEY, public
from tests.build import Caller, caller, one_time_token, tenant

KEYS, TENANTS = "/admin/apikeys/apikey/", "/admin/apikeys/tenant/"
SECRET = re.compile(r"mp_[\w-]{43}")


@pytest.fixture
def operator(eager: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("op", password="pw"))
    return client


@pytest.fixture
def clerk(eager: None) -> Client:
    """Staff, without a single permission."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("clerk", password="pw", is_staff=True))
    return client


def form(row: ApiKey, **fields: str) -> dict[str, str]:
    return {"name": row.name, "rate_limit_tier": row.rate_limit_tier, "rate_limits": "{}", **fields}


def new_key(operator: Client, **fields: str) -> dict[str, str]:
    """A form for a new key, as a tab of a browser holds it."""
    said = {"tenant": str(tenant("default").id), "name": "agent", "role": "viewer", "rate_limit_tier": "standard"}
    return said | {"one_time_token": one_time_token(operator.get(KEYS + "add/"))} | fields


def works(agent: Caller) -> bool:
    return agent.get("/api/v1/memories").status_code == 200


# --- new keys --------------------------------------------------------------------------------------------------------
def test_a_new_key_is_in_the_answer_and_nowhere_else(operator: Client) -> None:
    page = operator.post(KEYS + "add/", new_key(operator, rate_limits='{"v1": "5/m"}', user_id="ann"))
    assert page.status_code == 200
    (secret,) = set(SECRET.findall(page.content.decode()))
    assert "no-store" in page["Cache-Control"]
    assert not any(secret in morsel.value for morsel in page.cookies.values())
    assert secret not in str([s.get_decoded() for s in Session.objects.all()])
    assert secret not in str(list(LogEntry.objects.values()))
    row = ApiKey.objects.get()
    assert (row.name, row.role, row.user_id, row.rate_limits) == ("agent", "viewer", "ann", {"v1": "5/m"})
    assert works(Caller(secret))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "This field is required"),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}, "must lie in the future"),
        ({"rate_limit_tier": "gold"}, "Select a valid choice"),
        ({"rate_limits": '{"v1": "x"}'}, "rate_limits.v1: must be"),
        ({"rate_limits": "[1]"}, "must be an object of limits"),
        ({"rate_limits": "{"}, "Enter a valid JSON"),
        ({"tenant": ""}, "This field is required"),
        ({"one_time_token": ""}, "The form is incomplete: open it again."),
        ({"one_time_token": "0" * 32}, "The form has expired: open it again."),
        ({"one_time_token": signing.dumps("0" * 32)}, "The form has expired: open it again."),
    ],
)
def test_a_wrong_field_is_said_beside_it_and_makes_no_key(operator: Client, wrong: dict[str, str], said: str) -> None:
    page = operator.post(KEYS + "add/", new_key(operator) | wrong)
    assert page.status_code == 200
    assert said in page.content.decode().replace("&quot;", '"')
    assert ApiKey.objects.count() == 0


def test_a_form_makes_one_key_however_often_it_is_sent(operator: Client) -> None:
    form = new_key(operator)
    (secret,) = set(SECRET.findall(operator.post(KEYS + "add/", form).content.decode()))
    row = ApiKey.objects.get()
    for again in (form, form | {"name": "changed after the back button"}):
        reloaded = operator.post(KEYS + "add/", again, follow=True)
        assert reloaded.redirect_chain == [(f"{KEYS}{row.id}/change/", 302)]
        page = reloaded.content.decode()
        assert "The key was shown once" in page
        assert (SECRET.findall(page), row.preview in page) == ([], True)
    assert list(ApiKey.objects.values_list("id", "name")) == [(row.id, "agent")]
    assert LogEntry.objects.count() == 1
    assert works(Caller(secret))


def test_two_submits_at_once_make_one_key(operator: Client) -> None:
    form, begin = new_key(operator), Barrier(4)
    cookies = operator.cookies

    def submit(_: int) -> int:
        client = Client()
        client.cookies = cookies
        begin.wait()
        try:
            return client.post(KEYS + "add/", form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(submit, range(4))) == [200, 302, 302, 302]
    assert ApiKey.objects.count() == 1


def test_two_tabs_make_a_key_each(operator: Client) -> None:
    for form in [new_key(operator), new_key(operator)]:
        assert len(SECRET.findall(operator.post(KEYS + "add/", form).content.decode())) == 1
    assert ApiKey.objects.count() == 2


def test_a_new_key_has_a_button_that_copies_it_and_no_script_in_the_page(operator: Client) -> None:
    page = operator.post(KEYS + "add/", new_key(operator)).content.decode()
    (place,) = re.findall(r'<button type="button"[^>]* data-copy="([^"]+)"', page)
    (shown,) = re.findall(rf'<code id="{place}"[^>]*>([^<]+)</code>', page)
    assert SECRET.fullmatch(shown)
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in attributes for attributes in scripts)
    assert any("/static/apikeys/keys.js" in attributes for attributes in scripts)
    assert finders.find("apikeys/keys.js") is not None


# --- rotation --------------------------------------------------------------------------------------------------------
def test_rotating_from_the_page_of_a_key(operator: Client) -> None:
    agent = caller(user_id="ann")
    one = f"{KEYS}{agent.row.id}/"
    assert f'href="{one}rotate/"' in operator.get(one + "change/").content.decode()
    assert "Rotate these keys?" in operator.get(one + "rotate/").content.decode()
    assert works(agent)
    page = operator.post(one + "rotate/", {"confirmed": "yes"})
    (secret,) = set(SECRET.findall(page.content.decode()))
    assert not works(agent)
    assert works(Caller(secret))
    new = ApiKey.objects.get(revoked_at=None)
    assert (new.user_id, ApiKey.objects.get(id=agent.row.id).replaced_by) == ("ann", new.id)
    assert new.created_by.startswith("admin:")
    entry = LogEntry.objects.get()
    assert entry.change_message == f"Rotated to {public(KEY, new.id)}."
    assert secret not in str(vars(entry))
    assert f"{one}rotate/" not in operator.get(one + "change/").content.decode()


def test_rotating_several_with_an_hour_left(operator: Client) -> None:
    agents = [caller(), caller()]
    act = {"action": "rotate_selected", "_selected_action": [str(a.row.id) for a in agents]}
    assert "Rotate these keys?" in operator.post(KEYS, act).content.decode()
    page = operator.post(KEYS, act | {"confirmed": "yes", "grace": "3600"}).content.decode()
    secrets = set(SECRET.findall(page))
    assert len(secrets) == 2
    assert all(works(a) for a in (*agents, *map(Caller, secrets)))
    assert all(k.expires_at is not None for k in ApiKey.objects.filter(replaced_by__isnull=False))


@pytest.mark.parametrize("grace", ["0", "3600"])
def test_a_rotation_that_is_sent_again_makes_no_second_key(operator: Client, grace: str) -> None:
    agent = caller()
    one = f"{KEYS}{agent.row.id}/rotate/"
    act = {"action": "rotate_selected", "_selected_action": [str(agent.row.id)], "confirmed": "yes", "grace": grace}
    assert len(SECRET.findall(operator.post(one, act).content.decode())) == 1
    for path in (one, KEYS):
        page = operator.post(path, act, follow=True).content.decode()
        assert "This key was rotated before." in page
        assert SECRET.findall(page) == []
    assert "not rotated yet" in operator.get(one).content.decode()
    assert ApiKey.objects.count() == 2
    assert works(agent) is (grace != "0")


def test_a_key_that_has_ended_is_not_rotated(operator: Client) -> None:
    ended, environment = caller(), caller(origin="environment")
    services.revoke(ended.row.id)
    page = operator.post(f"{KEYS}{ended.row.id}/rotate/", {"confirmed": "yes"}, follow=True)
    assert "This key is revoked or has expired." in page.content.decode()
    page = operator.post(f"{KEYS}{environment.row.id}/rotate/", {"confirmed": "yes"}, follow=True)
    assert "change it there" in page.content.decode()
    assert works(environment)
    assert ApiKey.objects.count() == 2


def test_revoking_from_the_page_of_a_key(operator: Client) -> None:
    agent = caller()
    path = f"{KEYS}{agent.row.id}/revoke/"
    assert "Revoke these keys?" in operator.get(path).content.decode()
    assert works(agent)
    assert operator.post(path, {"confirmed": "yes"}).status_code == 302
    assert not works(agent)
    assert LogEntry.objects.get().change_message == "Revoked."


def test_only_operators_with_the_permission_end_keys(clerk: Client) -> None:
    agent = caller()
    for act in ("rotate", "revoke"):
        assert clerk.post(f"{KEYS}{agent.row.id}/{act}/", {"confirmed": "yes"}).status_code == 403
        assert Client().post(f"{KEYS}{agent.row.id}/{act}/", {"confirmed": "yes"}).status_code == 302
    assert works(agent)
    assert ApiKey.objects.count() == 1


# --- changes ---------------------------------------------------------------------------------------------------------
def test_name_tier_limits_and_expiry_change_and_nothing_else(operator: Client, settings: Any) -> None:
    settings.RATE_LIMIT_TIERS = {"free": {"v1": "20/m"}}
    row = caller(user_id="ann").row
    sent = form(row, name="renamed", rate_limit_tier="free", rate_limits='{"v1": "5/m"}', role="admin", user_id="bob")
    assert operator.post(f"{KEYS}{row.id}/change/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.rate_limit_tier, row.rate_limits) == ("renamed", "free", {"v1": "5/m"})
    assert (row.role, row.user_id) == ("editor", "ann")
    settings.RATE_LIMIT_TIERS = {}
    assert operator.post(f"{KEYS}{row.id}/change/", form(row, name="again")).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.rate_limit_tier) == ("again", "free")


def test_a_revoked_key_is_only_looked_at(operator: Client) -> None:
    row = caller().row
    services.revoke(row.id)
    operator.post(f"{KEYS}{row.id}/change/", form(row, name="back"))
    assert ApiKey.objects.get().name == "test"


def test_a_key_that_ends_in_the_meantime_is_said(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    row = caller().row

    def ended(*_: object) -> None:
        raise Conflict("This key is revoked or has expired.")

    monkeypatch.setattr(key_management, "change", ended)
    page = operator.post(f"{KEYS}{row.id}/change/", form(row, name="late"), follow=True)
    assert "This key is revoked or has expired." in page.content.decode()
    assert ApiKey.objects.get().name == "test"


def test_a_tenants_name_project_and_limits_change_and_not_its_slug(operator: Client) -> None:
    row = tenant("acme")
    sent = {"slug": "other", "name": "Acme", "default_project": "work", "rate_limits": '{"v1": "5/m"}'}
    assert operator.post(f"{TENANTS}{row.id}/change/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.slug, row.name, row.default_project, row.rate_limits) == ("acme", "Acme", "work", {"v1": "5/m"})


@pytest.mark.parametrize("slug", ["Acme", "a_b", "default"])
def test_a_wrong_slug_makes_no_tenant(operator: Client, slug: str) -> None:
    before = Tenant.objects.count()
    page = operator.post(TENANTS + "add/", {"slug": slug, "default_project": "default", "rate_limits": "{}"})
    assert page.status_code == 200
    assert Tenant.objects.count() == before


def test_a_tenant_is_made_there(operator: Client) -> None:
    sent = {"slug": "acme", "name": "Acme", "default_project": "default", "rate_limits": "{}"}
    assert operator.post(TENANTS + "add/", sent).status_code == 302
    assert works(caller(Tenant.objects.get(slug="acme")))


def test_an_erased_tenant_is_only_looked_at_and_gets_no_keys(operator: Client) -> None:
    row = tenant("acme")
    Tenant.objects.filter(id=row.id).update(erased_at=now())
    operator.post(f"{TENANTS}{row.id}/change/", {"name": "back", "default_project": "x", "rate_limits": "{}"})
    row.refresh_from_db()
    assert (row.name, row.default_project) == ("", "default")
    fields = new_key(operator, tenant=str(row.id))
    assert "Select a valid choice" in operator.post(KEYS + "add/", fields).content.decode()
    assert ApiKey.objects.count() == 0


# --- looking ---------------------------------------------------------------------------------------------------------
def test_keys_are_found_by_state_role_tenant_tier_and_words(operator: Client, settings: Any) -> None:
    settings.RATE_LIMIT_TIERS = {"free": {}}
    home = tenant("acme")
    rows = {
        "active": caller(home, user_id="ann").row,
        "expired": caller(tier="free").row,
        "revoked": caller().row,
    }
    ApiKey.objects.filter(id=rows["expired"].id).update(expires_at=now())
    services.revoke(rows["revoked"].id)

    def found(query: str) -> set[str]:
        page = operator.get(f"{KEYS}?{query}").content.decode()
        return {state for state, row in rows.items() if row.preview in page}

    for state in rows:
        assert found(f"state={state}") == {state}
    assert found("role__exact=viewer") == set()
    assert found(f"tenant__id__exact={home.id}") == {"active"}
    assert found("rate_limit_tier=free") == {"expired"}
    assert found("q=ann") == found("q=acme") == {"active"}
    assert found("") == set(rows)
    assert operator.get(TENANTS + "?erased=no").status_code == 200


def test_nothing_can_be_deleted_there(operator: Client) -> None:
    row = caller().row
    for path in (f"{KEYS}{row.id}/delete/", f"{TENANTS}{row.tenant_id}/delete/"):
        assert operator.post(path, {"post": "yes"}).status_code == 403
    for path in (KEYS, TENANTS):
        assert "delete_selected" not in operator.get(path).content.decode()
    assert ApiKey.objects.count() == 1
