"""One entity over HTTP and in the admin: shown, edited, merged, split; and what webhooks hear of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from apikeys.scopes import Role
from core.clock import iso, now
from core.ids import ENTITY, new_id, public
from entities.models import EntityRevision, Merge
from tests import build
from tests.build import Caller
from tests.db.test_knowledge import Owner, works
from webhooks.models import Delivery


@pytest.fixture
def ann(owner: Caller) -> Owner:
    """The user ann of the default tenant, who has told of two people who are one."""
    assert owner.row is not None
    told = Owner(owner.row.tenant)
    told.states(*works("Bob Miller", "Google"))
    told.states("Robert")
    told.states("Robert")
    return told


def of(ann: Owner, name: str, type: str = "PERSON") -> str:
    return public(ENTITY, ann.key(name, type))


@pytest.fixture
def hook(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody listens, and nothing is sent yet."""
    monkeypatch.setattr("webhooks.emit.enqueue_on_commit", lambda *_, **__: None)
    asked = {"url": "https://hooks.example/", "events": ["entity.created", "entity.merged"]}
    assert build.caller(role=Role.ADMIN).post("/api/v1/webhooks", asked).status_code == 201


def told(ann: Owner) -> list[tuple[str, Any]]:
    return [
        (row.event, row.body["data"]) for row in Delivery.objects.filter(tenant=ann.tenant).order_by("id") if row.body
    ]


def test_it_shows_an_entity_now_and_then(owner: Caller, ann: Owner) -> None:
    path = f"/api/v1/entities/{of(ann, 'Robert')}"
    assert owner.get(path).json() == {
        "id": of(ann, "Robert"),
        "name": "Robert",
        "canonical_name": "Robert",
        "type": "PERSON",
        "aliases": [],
        "memory_count": 2,
        "confidence": 1.0,
        "ambiguous_with": [],
    }
    then = iso(now())
    edited = owner.patch(path, {"name": "Bob", "aliases": ["Bobby"]}).json()
    assert (edited["name"], edited["aliases"]) == ("Bob", ["Bobby"])
    assert owner.get(path).json() == edited
    assert owner.get(f"{path}?as_of={then}").json()["name"] == "Robert"
    found = owner.get("/api/v1/entities?user_id=ann&query=bob").json()["entities"]
    assert {"name": "Bob", "aliases": ["Bobby"]}.items() <= found[0].items()


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"type": "ANIMAL"}, {"aliases": "x"}, {"name": "x" * 513}, {"names": "x"}, {"name": None}],
)
def test_a_wrong_edit_changes_nothing(owner: Caller, ann: Owner, body: Any) -> None:
    path, before = f"/api/v1/entities/{of(ann, 'Robert')}", ann.entities()
    assert owner.patch(path, body).status_code == 400
    assert ann.entities() == before


def test_it_merges_and_splits(owner: Caller, ann: Owner, hook: None) -> None:
    before = ann.entities()
    robert, bob = of(ann, "Robert"), of(ann, "Bob Miller")
    merged = owner.post("/api/v1/entities/merge", {"source_ids": [bob], "target_id": robert}).json()
    assert (merged["id"], merged["aliases"], merged["memory_count"]) == (robert, ["Bob Miller"], 3)
    assert merged["merge_ids"] == [merged["merge_id"]]
    assert told(ann) == [
        (
            "entity.merged",
            {
                "id": robert,
                "name": "Robert",
                "type": "PERSON",
                "merge_id": merged["merge_id"],
                "source_id": bob,
                "source_name": "Bob Miller",
            },
        )
    ]
    assert owner.get(f"/api/v1/entities/{bob}").json()["id"] == robert
    assert owner.patch(f"/api/v1/entities/{bob}", {"name": "B"}).status_code == 409
    parted = owner.post(f"/api/v1/entities/{robert}/split", {"merge_id": merged["merge_id"]})
    assert (parted.status_code, parted.json()["aliases"]) == (200, [])
    assert ann.entities() == before
    assert owner.post(f"/api/v1/entities/{robert}/split", {}).status_code == 409


def test_webhooks_hear_of_new_entities_until_they_are_erased(ann: Owner, hook: None) -> None:
    memory = ann.states("Zoe", "Robert")
    assert told(ann) == [("entity.created", {"id": of(ann, "Zoe"), "name": "Zoe", "type": "PERSON"})]
    ann.erase(memory)
    assert told(ann) == []


def test_a_merge_sent_twice_happens_once(owner: Caller, ann: Owner) -> None:
    asked = {"source_ids": [of(ann, "Bob Miller")], "target_id": of(ann, "Robert")}
    first, second = (owner.post("/api/v1/entities/merge", asked, Idempotency_Key="once") for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert Merge.objects.filter(tenant=ann.tenant).count() == 1


def test_a_bound_key_reaches_its_own_entities_alone(owner: Caller, member: Caller, viewer: Caller, ann: Owner) -> None:
    robert, bob = of(ann, "Robert"), of(ann, "Bob Miller")
    before = EntityRevision.objects.filter(tenant=ann.tenant).count()
    asked = {"source_ids": [bob], "target_id": robert}
    assert member.get(f"/api/v1/entities/{robert}").status_code == 404
    assert member.patch(f"/api/v1/entities/{robert}", {"name": "x"}).status_code == 404
    assert member.post("/api/v1/entities/merge", asked).status_code == 404
    assert viewer.post("/api/v1/entities/merge", asked).status_code == 403
    unknown = {"source_ids": [bob, public(ENTITY, new_id())], "target_id": robert}
    assert owner.post("/api/v1/entities/merge", unknown).status_code == 404
    assert owner.post("/api/v1/entities/merge", {**asked, "source_ids": [robert]}).status_code == 400
    assert EntityRevision.objects.filter(tenant=ann.tenant).count() == before


# --- the admin -------------------------------------------------------------------------------------------------------
def test_operators_see_merge_and_split(owner: Caller, ann: Owner) -> None:
    operator, page = Client(), "/admin/entities/entity/"
    operator.force_login(get_user_model().objects.create_superuser("op", password="pw"))
    before = ann.entities()
    chosen = [str(ann.key(name)) for name in ("Bob Miller", "Robert")]
    assert "Bob Miller" in operator.get(page).content.decode()
    assert "Robert" in operator.get(f"{page}{chosen[1]}/change/").content.decode()
    operator.post(page, {"action": "merge", "_selected_action": chosen})
    assert "PERSON Bob Miller" not in ann.entities()
    assert "merged" in operator.get(page).content.decode()
    shown = operator.post(page, {"action": "merge", "_selected_action": chosen}, follow=True)
    assert "was merged into another one" in shown.content.decode()
    operator.post(page, {"action": "split", "_selected_action": chosen[1:]})
    assert ann.entities() == before
    assert operator.post(f"{page}add/", {}).status_code == 403
