"""What happens to memories is told to webhooks: a row in the same transaction, and none of it once it was erased."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from apikeys.scopes import Role
from core.tenancy import across_tenants
from memories import tasks
from tests.build import Caller, caller
from webhooks.models import Delivery

API = "/api/v1/memories"
ALL = ["memory.created", "memory.updated", "memory.deleted", "memory.expired"]


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows stay to be looked at."""
    monkeypatch.setattr("webhooks.deliver.deliver", lambda: 0)


@pytest.fixture
def heard(owner: Caller, settings: Any) -> Caller:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    admin = caller(role=Role.ADMIN)
    answer = admin.post("/api/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ALL})
    assert answer.status_code == 201, answer.content
    return owner


def told(**which: Any) -> list[tuple[str, str | None, str | None]]:
    """(event, text, action) of each row that is still to be sent, in order."""
    with across_tenants("a test"):
        rows = list(Delivery.objects.filter(state="pending", **which).order_by("id"))
    return [(r.event, r.body["data"].get("content"), r.body["data"].get("action")) for r in rows]


def test_each_change_is_told(heard: Caller) -> None:
    memory = heard.store("Ann lives in Oslo. Ann has a dog.")["memories"][0]["id"]
    heard.patch(f"{API}/{memory}", {"content": "Ann lives in Rome"})
    heard.patch(f"{API}/{memory}", {"metadata": {"sure": True}})
    heard.patch(f"{API}/{memory}", {"pinned": True})  # not a word of it changed
    heard.store("Ann has a dog")  # a duplicate
    heard.post(f"{API}/{memory}/supersede", {"content": "Ann lives in Paris"})
    heard.request("POST", f"{API}/{memory}/restore")
    assert told() == [
        ("memory.created", "Ann lives in Oslo", "ADD"),
        ("memory.created", "Ann has a dog", "ADD"),
        ("memory.updated", "Ann lives in Rome", "UPDATE"),
        ("memory.updated", "Ann lives in Rome", "UPDATE"),
        ("memory.updated", "Ann lives in Rome", "SUPERSEDE"),
        ("memory.created", "Ann lives in Paris", "ADD"),
        ("memory.updated", "Ann lives in Rome", "RESTORE"),
    ]


def test_what_is_erased_is_told_without_a_word_of_it(heard: Caller) -> None:
    memory = heard.store("Ann lives in Oslo")["id"]
    heard.delete(f"{API}/{memory}")
    assert told() == [("memory.deleted", None, None)]
    heard.store("Ann has a dog", user_id="ann")
    heard.store("Ann has a cat", user_id="ann")
    heard.delete(API, {"all": True, "user_id": "ann"})
    assert told() == [("memory.deleted", None, None)] * 3
    with across_tenants("a test"):
        assert not Delivery.objects.filter(body__icontains="Ann").exclude(event="memory.deleted").exists()


def test_the_app_is_told_and_no_reserved_key(heard: Caller) -> None:
    """The app and the feedback are kept in metadata, and no receiver sees them there."""
    token = {"Authorization": f"Token {heard.secret}"}
    messages = [{"role": "user", "content": "Ann lives in Oslo"}]
    said = {"messages": messages, "infer": False, "user_id": "ann", "app_id": "shop", "metadata": {"q": 1}}
    added = heard.post("/v3/memories/add/", said, **token)
    assert added.status_code == 200, added.content
    opinion = {"memory_id": added.json()["results"][0]["id"], "feedback": "POSITIVE"}
    answer = heard.post("/v1/feedback/", opinion, **token)
    assert answer.status_code == 200, answer.content
    heard.store("Bob lives in Rome", user_id="bob", metadata={"q": 2})
    with across_tenants("a test"):
        bodies = list(Delivery.objects.order_by("id").values_list("body__data", flat=True))
    assert [(data["app_id"], data["metadata"]) for data in bodies] == [("shop", {"q": 1})] * 2 + [(None, {"q": 2})]


def test_what_expires_is_told(heard: Caller) -> None:
    heard.store("The code of the door is 4711", ttl="1h")
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=2), tick=True):
        tasks.clean_expired()
    assert told() == [("memory.expired", None, None)]


def test_a_refused_write_tells_nothing(heard: Caller) -> None:
    memory = heard.store("Ann lives in Oslo")["id"]
    heard.store("Ann lives in Rome")
    before = told()
    assert heard.patch(f"{API}/{memory}", {"content": "Ann lives in Rome"}).status_code == 409
    assert heard.post(API, {"content": ""}).status_code == 400
    assert told() == before


def test_only_who_may_is_told(heard: Caller, stranger: Caller) -> None:
    admin = caller(role=Role.ADMIN)
    admin.post("/api/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ALL, "user_id": "ann"})
    stranger.store("Eve lives in Oslo")
    assert told() == []
    heard.store("Bob lives in Oslo", user_id="bob")
    assert len(told()) == 1
    heard.store("Ann lives in Oslo", user_id="ann")
    assert len(told()) == 3
