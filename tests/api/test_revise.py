"""Supersede and restore: what was true stays askable, and nothing is overwritten."""

from __future__ import annotations

import datetime as dt

import pytest

from core.clock import iso, now
from core.tenancy import across_tenants
from memories.models import Memory, Revision
from tests.build import Caller

STORE = "/api/v1/memories"


def rows() -> tuple[int, int]:
    with across_tenants("a test"):
        return Memory.objects.count(), Revision.objects.count()


def test_a_new_memory_takes_the_place_of_the_old(owner: Caller) -> None:
    old = owner.store("John works at Google", metadata={"topic": "work"}, timestamp="2020-01-01T00:00:00Z")["id"]
    answer = owner.post(
        f"{STORE}/{old}/supersede", {"content": "John works at Apple", "valid_from": "2024-05-01", "reason": "moved"}
    )
    assert answer.status_code == 201
    new = answer.json()
    assert (new["content"], new["valid_from"], new["valid_to"]) == ("John works at Apple", "2024-05-01T00:00:00Z", None)
    assert new["metadata"] == {"topic": "work"}
    shown = owner.get(f"{STORE}/{old}").json()
    assert (shown["status"], shown["superseded_by"], shown["valid_to"]) == (
        "superseded",
        new["id"],
        "2024-05-01T00:00:00Z",
    )
    history = owner.get(f"{STORE}/{old}/history").json()["revisions"]
    assert [(r["action"], r["reason"]) for r in history] == [("SUPERSEDE", "moved"), ("ADD", "")]
    assert owner.recalled("Where does John work?") == ["John works at Apple"]
    assert set(owner.recalled("Where does John work?", include_superseded=True)) == {
        "John works at Apple",
        "John works at Google",
    }
    assert [m["id"] for m in owner.get(STORE).json()["memories"]] == [new["id"]]
    event = owner.get(f"/api/v1/memories/{new['id']}/history").json()["revisions"]
    assert [r["action"] for r in event] == ["ADD"]


def test_what_is_not_live_is_not_superseded(owner: Caller) -> None:
    old = owner.store("John works at Google")["id"]
    new = owner.post(f"{STORE}/{old}/supersede", {"content": "John works at Apple"}).json()["id"]
    before = rows()
    for path, body, status in [
        (f"{STORE}/{old}/supersede", {"content": "John works at IBM"}, 409),
        (f"{STORE}/{new}/supersede", {"content": "John works at Apple"}, 409),
        (f"{STORE}/{new}/supersede", {"content": "John works at IBM", "valid_from": "1999-01-01"}, 400),
        (f"{STORE}/{new}/supersede", {}, 400),
        (f"{STORE}/mem_{'0' * 32}/supersede", {"content": "x y"}, 404),
    ]:
        assert owner.post(path, body).status_code == status, body
    assert owner.patch(f"{STORE}/{old}", {"content": "John works at IBM"}).status_code == 409
    assert rows() == before


def test_restore_undoes_a_supersede(owner: Caller) -> None:
    old = owner.store("John works at Google")["id"]
    owner.post(f"{STORE}/{old}/supersede", {"content": "John works at Apple"})
    answer = owner.post(f"{STORE}/{old}/restore", {})
    assert (answer.status_code, answer.json()["status"], answer.json()["superseded_by"]) == (200, "active", None)
    assert set(owner.recalled("John works")) == {"John works at Google", "John works at Apple"}
    assert [r["action"] for r in owner.get(f"{STORE}/{old}/history").json()["revisions"]] == [
        "RESTORE",
        "SUPERSEDE",
        "ADD",
    ]
    before = rows()
    assert owner.request("POST", f"{STORE}/{old}/restore").status_code == 200
    assert rows() == before  # it is live already


def test_restore_brings_an_earlier_text_back(owner: Caller) -> None:
    memory = owner.store("Ann likes chess")["id"]
    owner.patch(f"{STORE}/{memory}", {"content": "Ann likes rowing", "metadata": {"sure": True}})
    first = owner.get(f"{STORE}/{memory}/history").json()["revisions"][-1]
    answer = owner.post(f"{STORE}/{memory}/restore", {"revision_id": first["revision_id"]})
    assert (answer.json()["content"], answer.json()["metadata"]) == ("Ann likes chess", {})
    assert owner.recalled("Ann", enable_hybrid=False) == ["Ann likes chess"]
    assert owner.recalled("rowing") == ["Ann likes chess"]  # by meaning alone; its words are gone
    owner.store("Ann likes rowing")
    second = owner.get(f"{STORE}/{memory}/history").json()["revisions"][1]
    before = rows()
    taken = owner.post(f"{STORE}/{memory}/restore", {"revision_id": second["revision_id"]})
    assert taken.status_code == 409
    assert owner.post(f"{STORE}/{memory}/restore", {"revision_id": "rev_" + "0" * 32}).status_code == 404
    assert owner.post(f"{STORE}/{memory}/restore", {"revision_id": "x"}).status_code == 404
    assert rows() == before


def test_a_restored_memory_keeps_its_promise_to_expire(owner: Caller) -> None:
    memory = owner.store("Ann lives in Oslo")["id"]
    soon = now() + dt.timedelta(hours=1)
    owner.patch(f"{STORE}/{memory}", {"content": "Ann lives in Rome", "expires_at": iso(soon)})
    first = owner.get(f"{STORE}/{memory}/history").json()["revisions"][-1]["revision_id"]
    answer = owner.post(f"{STORE}/{memory}/restore", {"revision_id": first})
    assert answer.json()["expires_at"] == iso(soon)


@pytest.mark.parametrize("act", ["supersede", "restore"])
def test_a_memory_of_somebody_else_is_unknown(owner: Caller, stranger: Caller, member: Caller, act: str) -> None:
    memory = owner.store("Ann lives in Oslo")["id"]
    before = rows()
    body = {"content": "Ann lives in Rome"} if act == "supersede" else {}
    assert stranger.post(f"{STORE}/{memory}/{act}", body).status_code == 404
    assert member.post(f"{STORE}/{memory}/{act}", body).status_code == 404
    assert rows() == before
