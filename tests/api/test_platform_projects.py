"""Projects in the dialect of mem0's clients: names in paths, keys of several projects, and the kept settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from apikeys.scopes import Role
from core.tenancy import across_tenants
from memories.models import ProjectSettings
from tests import build
from tests.api.test_platform import add, everything, post, send
from tests.build import Caller
from webhooks.models import Webhook

WRONG_NAMES = {
    "\x00": "must not hold NUL or other control characters, nor broken Unicode",
    "p\x00x": "must not hold NUL or other control characters, nor broken Unicode",
    "\n": "must not be empty",
    "a\nb": "must be on one line",
    " ": "must not be empty",
    "a" * 200: "must have at most 128 characters",
}
SETTINGS = "/v2/profiles/settings/"


@pytest.fixture
def admin(eager: None) -> Caller:
    return build.caller(role=Role.ADMIN)


def organization(caller: Caller) -> str:
    return str(send(caller, "GET", "/v1/ping/").json()["org_id"])


def kept_rows() -> int:
    with across_tenants("a test"):
        return ProjectSettings.objects.count() + Webhook.objects.count()


# --- names in paths --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"custom_instructions": "Keep all."}),
        ("DELETE", "", None),
        ("GET", "members/", None),
        ("POST", "members/", {"email": "a@b.c"}),
        ("PUT", "members/", {"email": "a@b.c"}),
        ("DELETE", "members/", None),
    ],
)
def test_a_wrong_name_of_a_project_is_refused(admin: Caller, method: str, rest: str, body: Any) -> None:
    projects = f"/api/v1/orgs/organizations/{organization(admin)}/projects"
    for name, expected in WRONG_NAMES.items():
        answer = send(admin, method, f"{projects}/{quote(name, safe='')}/{rest}", body)
        assert (answer.status_code, answer.json()["detail"]) == (400, f"project_name: {expected}")
    assert kept_rows() == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_name_of_the_project_of_a_webhook_is_refused(admin: Caller, method: str) -> None:
    body = {"url": "https://hooks.example/", "name": "n", "event_types": ["memory_add"]} if method == "POST" else None
    for name, expected in WRONG_NAMES.items():
        answer = send(admin, method, f"/api/v1/webhooks/projects/{quote(name, safe='')}/", body)
        assert (answer.status_code, answer.json()["detail"]) == (400, f"webhook_project: {expected}")
    assert kept_rows() == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/memories/{}/", 404),
        ("PUT", "/v1/memories/{}/", 404),
        ("DELETE", "/v1/memories/{}/", 404),
        ("GET", "/v1/memories/{}/history/", 404),
        ("GET", "/v1/event/{}/", 404),
        ("DELETE", "/v1/entities/user/{}/", 400),
        ("DELETE", "/v2/entities/user/{}/", 400),
        ("DELETE", "/v2/entities/{}/ann/", 404),
        ("GET", "/v2/entities/user/{}/profile/", 400),
        ("DELETE", "/v2/entities/user/{}/profile/", 400),
        ("PUT", "/api/v1/webhooks/{}/", 404),
        ("DELETE", "/api/v1/webhooks/{}/", 404),
        ("GET", "/v2/profiles/jobs/{}/", 200),
        ("GET", "/api/v1/orgs/organizations/{}/projects/default/", 404),
    ],
)
def test_no_name_in_a_path_is_a_server_error(admin: Caller, method: str, path: str, status: int) -> None:
    body = {"text": "x", "name": "x"} if method == "PUT" else None
    for name in ("\x00", "a\nb", "x" * 200, "\x7f"):
        answer = send(admin, method, path.format(quote(name, safe="")), body)
        assert answer.status_code in (status, 404), name  # an owner's path has no line breaks


# --- keys of several projects ----------------------------------------------------------------------------------------
@pytest.fixture
def several(eager: None) -> Caller:
    """A key of the projects p1 and p2; p3 exists, too."""
    key = build.caller(role=Role.EDITOR, project_ids=["p1", "p2"])
    unlimited = build.caller()
    for project in ("p1", "p2", "p3"):
        add(unlimited, project, user_id="ann", project_id=project)
    add(unlimited, "default", user_id="ann")
    return key


READS = ("/v1/entities/", "/v1/events/", "/v2/entities/user/ann/profile/", SETTINGS)


@pytest.mark.parametrize("path", READS)
def test_a_key_of_several_projects_names_one(several: Caller, path: str) -> None:
    assert send(several, "GET", path).status_code == 400
    assert send(several, "GET", f"{path}?project_id=p3").status_code == 403
    assert send(several, "GET", f"{path}?project_id=p1").status_code == 200
    assert send(several, "GET", f"{path}?project_id=p1&project_id=p2").status_code == 400


def test_reads_of_a_named_project(several: Caller) -> None:
    for project in ("p1", "p2"):
        found = send(several, "GET", f"/v1/entities/?project_id={project}").json()
        assert [(one["name"], one["total_memories"]) for one in found["results"]] == [("ann", 1)]
        (event,) = send(several, "GET", f"/v1/events/?project_id={project}").json()["results"]
        assert [one["memory"] for one in event["results"]] == [project]
        found = send(several, "GET", f"/v2/entities/user/ann/profile/?project_id={project}").json()
        assert found["profile"]["facts"] == [project]


def test_the_address_of_the_next_page_names_the_project(several: Caller) -> None:
    add(several, "2", user_id="bob", project_id="p1")
    found = send(several, "GET", "/v1/entities/?project_id=p1&page_size=1").json()
    assert found["next"].endswith("/v1/entities/?project_id=p1&page_size=1&page=2")


@pytest.mark.parametrize("name", ["ann", "ann/profile"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_owner_is_deleted_in_the_named_project(several: Caller, version: str, name: str) -> None:
    for project in ("p1", "p2"):
        add(several, f"of {name}", user_id=name, run_id="r", project_id=project)
    path = f"/{version}/entities/user/{quote(name, safe='')}/"
    answers = [send(several, "DELETE", f"{path}{query}").status_code for query in ("", "?project_id=p3")]
    assert answers == [400, 403]
    assert send(several, "DELETE", f"{path}?project_id=p1").status_code == 200
    left = {
        project: [
            memory["memory"]
            for memory in post(several, "/v3/memories/", {"filters": {"user_id": name}, "project_id": project})[
                "results"
            ]
        ]
        for project in ("p1", "p2")
    }
    assert left == {"p1": [], "p2": [f"of {name}"] + (["p2"] if name == "ann" else [])}


def test_a_key_without_projects_deletes_an_owner_in_the_named_project(owner: Caller) -> None:
    add(owner, "1", user_id="ann", project_id="p1")
    add(owner, "2", user_id="ann")
    assert send(owner, "DELETE", "/v2/entities/user/ann/?project_id=p1").status_code == 200
    assert everything(owner) == ["2"]
    assert post(owner, "/v3/memories/", {"filters": {"user_id": "ann"}, "project_id": "p1"})["count"] == 0


def test_settings_of_profiles_of_a_named_project(several: Caller) -> None:
    assert send(several, "POST", SETTINGS, {"enabled": False}).status_code == 400
    assert send(several, "POST", SETTINGS, {"enabled": False, "project_id": "p3"}).status_code == 403
    assert send(several, "POST", SETTINGS, {"project_id": "p1"}).status_code == 400
    assert kept_rows() == 0
    assert post(several, SETTINGS, {"enabled": False, "project_id": "p1"})["enabled"] is False
    kept = [send(several, "GET", f"{SETTINGS}?project_id={project}").json()["enabled"] for project in ("p1", "p2")]
    assert kept == [False, True]


# --- settings --------------------------------------------------------------------------------------------------------
def test_settings_of_profiles_are_limited_in_all(owner: Caller) -> None:
    for number in range(3):
        post(owner, SETTINGS, {"entities": {f"kind {number}": {"custom_instructions": "x" * 5_000}}})
    before = send(owner, "GET", SETTINGS).json()
    refused = post(owner, SETTINGS, {"entities": {"kind 3": {"custom_instructions": "x" * 5_000}}}, 400)
    assert refused["detail"] == "entities: must be at most 16 KB of JSON in all"
    assert send(owner, "GET", SETTINGS).json() == before
    post(owner, SETTINGS, {"entities": {"kind 0": {"custom_instructions": "y" * 5_000}}})


@pytest.mark.parametrize(("sent", "kept"), [("chat", "chat"), (3, "3"), (None, None)])
def test_the_use_case_is_a_text_or_a_number(owner: Caller, sent: Any, kept: Any) -> None:
    path = f"/api/v1/orgs/organizations/{organization(owner)}/projects/default/"
    answer = send(owner, "PATCH", path, {"usecase_setting": sent})
    assert (answer.status_code, answer.json()["usecase_setting"]) == (200, kept)


@pytest.mark.parametrize("sent", [True, False, 1.5, {}, []])
def test_another_use_case_is_refused(owner: Caller, sent: Any) -> None:
    path = f"/api/v1/orgs/organizations/{organization(owner)}/projects/default/"
    answer = send(owner, "PATCH", path, {"usecase_setting": sent})
    assert (answer.status_code, answer.json()["detail"]) == (400, "usecase_setting: must be a string")
    assert kept_rows() == 0
