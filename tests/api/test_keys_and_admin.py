"""Operators make keys in the admin and on the command line."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.conf import settings as django_settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from apikeys import services
from apikeys.models import ApiKey
from core.http.openapi_view import OpenApiView
from memproject.checks import refuse_unsafe
from tests.build import Caller, caller, one_time_token, tenant


@pytest.fixture
def operator(eager: None) -> Client:
    user = get_user_model().objects.create_superuser("op", password="pw")
    client = Client()
    client.force_login(user)
    return client


def test_a_key_made_in_the_admin_is_shown_once_and_works(operator: Client) -> None:
    default = tenant("default")
    form = {"tenant": str(default.id), "name": "agent", "role": "editor", "rate_limit_tier": "standard"}
    form["one_time_token"] = one_time_token(operator.get("/admin/apikeys/apikey/add/"))
    page = operator.post("/admin/apikeys/apikey/add/", form, follow=True)
    (secret,) = set(re.findall(r"mp_[\w-]{43}", page.content.decode()))
    assert Caller(secret).store("I live in Oslo")["status"] == "success"
    key = ApiKey.objects.get(name="agent")
    assert key.created_by.startswith("admin:")
    for path in ("/admin/apikeys/apikey/", f"/admin/apikeys/apikey/{key.id}/change/"):
        again = operator.get(path).content.decode()
        assert secret not in again
        assert key.preview in again
    assert secret not in str(list(LogEntry.objects.values()))
    assert secret not in str(ApiKey.objects.filter(id=key.id).values())


def test_a_key_revoked_in_the_admin_stops_at_once(operator: Client) -> None:
    agent = caller()
    assert agent.get("/api/v1/memories").status_code == 200
    act = {"action": "revoke_selected", "_selected_action": [str(agent.row.id)]}
    assert "Revoke these keys?" in operator.post("/admin/apikeys/apikey/", act).content.decode()
    assert agent.get("/api/v1/memories").status_code == 200
    operator.post("/admin/apikeys/apikey/", act | {"confirmed": "yes"})
    assert agent.get("/api/v1/memories").status_code == 401


def test_keys_and_tenants_cannot_be_deleted_or_changed_there(operator: Client) -> None:
    agent = caller()
    assert operator.post(f"/admin/apikeys/apikey/{agent.row.id}/delete/", {"post": "yes"}).status_code == 403
    operator.post(f"/admin/apikeys/apikey/{agent.row.id}/change/", {"role": "admin", "name": "grown"})
    assert ApiKey.objects.get(id=agent.row.id).role == "editor"
    assert operator.post(f"/admin/apikeys/tenant/{agent.row.tenant_id}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("page", ["", "apikey/", "apikey/add/", "tenant/", "apikey/?q=a"])
def test_the_admins_pages_open(operator: Client, page: str) -> None:
    assert operator.get(f"/admin/apikeys/{page}").status_code == 200
    assert operator.get("/admin/").status_code == 200


def test_the_admin_needs_a_login(eager: None) -> None:
    assert Client().get("/admin/apikeys/apikey/").status_code == 302


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_api_key", *arguments, stdout=out)
    return out.getvalue()


def test_a_key_made_on_the_command_line_works(eager: None) -> None:
    secret = command("--name", "cli", "--user", "ann", "--quiet").strip()
    assert Caller(secret).store("I live in Oslo")["status"] == "success"
    assert Caller(secret).get("/api/v1/memories?user_id=bob").status_code == 403
    again = command("--name", "cli", "--replace", "--quiet").strip()
    assert Caller(secret).get("/api/v1/memories").status_code == 401
    assert Caller(again).get("/api/v1/memories").status_code == 200
    assert "only time" in command("--name", "loud")


@pytest.mark.parametrize(
    "arguments", [["--tenant", "nobody"], ["--expires-at", "soon"], ["--expires-at", "2020-01-01T00:00:00Z"]]
)
def test_a_wrong_command_makes_no_key(eager: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        command("--name", "cli", *arguments)
    assert ApiKey.objects.count() == 0


def test_the_environments_key_is_replaced_when_it_changes(eager: None, settings: object) -> None:
    first, second = "the-first-key-of-the-environment", "the-second-key-of-the-environment"
    for value in (first, second):
        settings.API_KEY = value
        call_command("sync_env_api_key")
        call_command("sync_env_api_key")
        assert Caller(value).get("/api/v1/memories").status_code == 200
    assert Caller(first).get("/api/v1/memories").status_code == 401
    assert ApiKey.objects.filter(origin="environment").count() == 2
    settings.API_KEY = ""
    call_command("sync_env_api_key")
    assert Caller(second).get("/api/v1/memories").status_code == 401


def test_an_older_pepper_still_proves_its_keys(eager: None, settings: object) -> None:
    settings.KEY_PEPPERS = {1: "older"}
    old = caller()
    settings.KEY_PEPPERS = {1: "older", 2: "newer"}
    new = caller()
    assert (old.row.pepper, new.row.pepper) == (1, 2)
    assert old.get("/api/v1/memories").status_code == 200
    settings.KEY_PEPPERS = {2: "newer"}
    assert old.get("/api/v1/memories").status_code == 401
    assert new.get("/api/v1/memories").status_code == 200


def test_the_last_use_is_written_once_a_minute(owner: Caller, django_assert_num_queries: object) -> None:
    owner.get("/api/v1/memories")
    first = ApiKey.objects.get(id=owner.row.id).last_used_at
    assert first is not None
    owner.get("/api/v1/memories")
    assert ApiKey.objects.get(id=owner.row.id).last_used_at == first


def test_without_authentication_everybody_is_the_default_tenants_editor(eager: None, settings: object) -> None:
    settings.AUTH_ENABLED = False
    response = Client().post("/api/v1/memories", {"content": "I live in Oslo"}, content_type="application/json")
    assert response.status_code == 201
    settings.AUTH_ENABLED = True
    assert Client().get("/api/v1/memories").status_code == 401


def test_the_literal_keys_of_the_document_exist_only_for_development(eager: None, settings: object) -> None:
    literal = Caller("mem0_dev_key_123456789")
    assert literal.get("/api/v1/memories").status_code == 401
    settings.DEV_KEYS = True
    assert literal.get("/api/v1/memories").status_code == 200
    assert [e.id for e in run_checks() if e.id == "memproject.E002"] == ["memproject.E002"]
    settings.DEBUG = True
    assert [e.id for e in run_checks() if e.id in ("memproject.E002", "memproject.W001")] == ["memproject.W001"]


def test_it_does_not_serve_without_secrets(settings: object) -> None:
    refuse_unsafe()
    settings.HAS_SECRETS = False
    with pytest.raises(ImproperlyConfigured, match="KEY_PEPPERS"):
        refuse_unsafe()


def test_the_door_is_never_open_to_the_network(settings: object) -> None:
    settings.AUTH_ENABLED = False
    settings.API_HOST = "0.0.0.0"
    assert "memproject.E001" in [e.id for e in run_checks()]
    settings.API_HOST = "::1"
    assert "memproject.E001" not in [e.id for e in run_checks()]


def test_the_master_key_has_a_role_of_its_own(eager: None) -> None:
    assert Caller(django_settings.MASTER_KEY).get("/status").status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_documentation_is_open_and_loads_nothing_from_elsewhere(eager: None, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 200
    assert not re.findall(r'(?:src|href)="https?://', response.content.decode())


def test_request_ids_are_echoed_when_they_are_sound(owner: Caller) -> None:
    assert owner.get("/health", X_Request_Id="abc-123")["X-Request-Id"] == "abc-123"
    assert owner.get("/health", X_Request_Id="a b\tc")["X-Request-Id"] != "a b\tc"


def test_a_key_is_made_with_a_name_and_in_time(eager: None) -> None:
    with pytest.raises(Exception, match="name"):
        services.create(tenant=tenant("default"), name=" ", created_by="test")


def test_the_openapi_document_is_made_once(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenApiView, "_rendered", None)
    made = []
    make = SchemaGenerator.get_schema
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *a, **k: made.append(1) or make(*a, **k))
    paths = ["/openapi.json", "/openapi.json?version=2&lang=de", "/openapi.json?again"]
    answers = [Client().get(path, headers={"Accept": "application/json"}) for path in paths]
    assert len(made) == 1
    assert {(a.status_code, a["Content-Type"]) for a in answers} == {(200, "application/json")}
    assert len({a.content for a in answers}) == 1
    assert answers[0].json() == json.loads(json.dumps(make(SchemaGenerator(), request=None, public=True)))
