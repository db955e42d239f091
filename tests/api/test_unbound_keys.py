"""A key that is bound to no user never deletes the default user's memories by accident; a bound one deletes its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from apikeys.scopes import Role
from memories.models import Erasure, Memory
from tests.build import Caller, caller

API = "/api/v1/memories"
# What the published clients and the documents send to delete by something else than an id.
WITHOUT_A_USER: list[tuple[str, Any]] = [
    (API + "?all_memories=true", None),
    (API + "?project_id=default", None),
    (API + "?entity=Oslo", None),
    (API, {"all": True}),
    (API, {"project": "default"}),
    (API, {"entity": "Oslo"}),
    (API, {"filters": {"source": "chat"}}),
    (API, {}),
    (API, None),
    (API + "?user_id=default", None),
    (API, {"user_id": "default"}),
    ("/v1/memories/user/", None),
    ("/v1/memories/user", None),
    ("/v1/memories", {"user_id": "default"}),
    ("/v1/memories", None),
]


def kept(caller: Caller) -> list[str]:
    """The users of all memories of the caller's tenant."""
    assert caller.row is not None
    return sorted(Memory.objects.filter(tenant=caller.row.tenant_id).values_list("user_id", flat=True))


@pytest.fixture(params=["editor", "admin", "of a project"])
def unbound(request: pytest.FixtureRequest, eager: None) -> Caller:
    fields = {"project_ids": ["default"]} if request.param == "of a project" else {}
    made = caller(role=Role.ADMIN if request.param == "admin" else Role.EDITOR, **fields)
    made.store("I live in Oslo", metadata={"source": "chat"})
    made.store("I live in Rome", user_id="ann", metadata={"source": "chat"})
    return made


@pytest.mark.parametrize(("path", "body"), WITHOUT_A_USER, ids=[f"{p} {b or ''}" for p, b in WITHOUT_A_USER])
def test_without_a_user_nothing_is_deleted(unbound: Caller, path: str, body: Any) -> None:
    answer = unbound.delete(path, body)
    assert answer.status_code in (400, 404, 405), answer.content
    if path.startswith(API):
        assert answer.status_code == 400
        assert "nothing was deleted" in answer.json()["detail"] or not body
    assert kept(unbound) == ["ann", settings.DEFAULT_USER_ID]
    assert Erasure.objects.filter(tenant=unbound.row.tenant_id).count() == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (API + "?all_memories=true&user_id=ann", None),
        (API, {"all": True, "user_id": "ann"}),
        (API, {"project": "default", "user_id": "ann"}),
        ("/v1/memories/user/ann", None),
    ],
)
def test_with_a_user_only_that_ones_are(unbound: Caller, path: str, body: Any) -> None:
    assert unbound.delete(path, body).status_code == 200
    assert kept(unbound) == [settings.DEFAULT_USER_ID]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (API + "?all_memories=true", None),
        (API, {"all": True}),
        (API + "?project_id=default", None),
        ("/v1/memories/user/ann", None),
    ],
)
def test_a_bound_key_means_its_user(unbound: Caller, path: str, body: Any) -> None:
    bound = caller(user_id="ann")
    assert bound.delete(path, body).status_code == 200
    assert kept(unbound) == [settings.DEFAULT_USER_ID]


def test_a_bound_key_deletes_nobody_elses(unbound: Caller) -> None:
    bound = caller(user_id="ann")
    for path in (API + "?all_memories=true&user_id=default", "/v1/memories/user/default"):
        assert bound.delete(path).status_code == 403
    assert bound.delete(API, {"all": True, "user_id": "default"}).status_code == 403
    assert kept(unbound) == ["ann", settings.DEFAULT_USER_ID]
