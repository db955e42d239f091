"""A memory is erased while a request changes it: the erasure succeeds, and the change finds no memory."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpResponse

from core.redis import await_result
from memories.models import Memory, Source
from memories.pipeline import erase
from memories.services import store
from memories.types import SourceState
from tests import build
from tests.build import Caller
from tests.db.in_thread import InThread

NEW = "Ann lives in Rome"
API = "/api/v1/memories"
HOUR = dt.timedelta(hours=1)
Request = Callable[[Caller, str], HttpResponse]


@pytest.fixture
def owner(no_worker: None) -> Caller:
    return build.caller()


@pytest.fixture
def memory(owner: Caller) -> str:
    body = owner.accept("Ann lives in Oslo", user_id="ann", skip_extraction=True)
    build.work(build.source_of(body))
    return str(body["id"])


def platform(by: Caller, method: str, path: str, body: Any = None) -> HttpResponse:
    return by.request(method, path, body, Authorization=f"Token {by.secret}", Prefer="respond-async")


CHANGES: dict[str, Request] = {
    "update of mem0": lambda by, key: platform(by, "PUT", f"/v1/memories/{key}/", {"text": NEW}),
    "batch update of mem0": lambda by, key: platform(
        by, "PUT", "/v1/batch/", {"memories": [{"memory_id": key, "text": NEW}]}
    ),
    "update": lambda by, key: by.patch(f"{API}/{key}", {"content": NEW}),
    "supersede": lambda by, key: by.post(f"{API}/{key}/supersede", {"content": NEW}),
    "restore": lambda by, key: by.request("POST", f"{API}/{key}/restore"),
}
ERASURES: dict[str, Request] = {
    "delete of mem0": lambda by, key: platform(by, "DELETE", f"/v1/memories/{key}/"),
    "batch delete of mem0": lambda by, key: platform(by, "DELETE", "/v1/batch/", {"memories": [{"memory_id": key}]}),
    "delete_all of mem0": lambda by, key: platform(by, "DELETE", "/v1/memories/?user_id=ann"),
    "delete": lambda by, key: by.delete(f"{API}/{key}"),
    "delete by filters": lambda by, key: by.delete(API, {"filters": {"memory_type": "turn"}, "user_id": "ann"}),
    "delete a user": lambda by, key: by.delete(API, {"all": True, "user_id": "ann"}),
}


def nothing_is_left(owner: Caller) -> None:
    assert not Memory.objects.filter(tenant=owner.row.tenant_id).exists()
    assert not Source.objects.filter(tenant=owner.row.tenant_id).exclude(text="").exists()
    assert not Source.objects.filter(tenant=owner.row.tenant_id, state=SourceState.PENDING).exists()


@pytest.mark.parametrize("erasure", ERASURES)
def test_a_change_is_sent_in_the_middle_of_an_erasure(
    owner: Caller, memory: str, erasure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the erasure has looked for accepted changes of the memory."""
    change = InThread(lambda: CHANGES["update"](owner, memory))
    redact = erase.redact

    def redacted(*args: Any) -> Any:
        found = redact(*args)
        if connection.in_atomic_block:  # not the redaction of all pending writes of a user
            change.start()
            change.ended_or_blocked()
        return found

    monkeypatch.setattr(erase, "redact", redacted)
    answer = ERASURES[erasure](owner, memory)
    assert answer.status_code == 200, answer.content
    assert change.result().status_code == 404, change.result().content
    assert memory in change.result().content.decode()
    nothing_is_left(owner)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_memory_is_erased_before_its_change_commits(
    owner: Caller, memory: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserted, erased = threading.Event(), threading.Event()

    def bind(*_: Any) -> None:
        inserted.set()
        assert erased.wait(60)

    monkeypatch.setattr(store, "bind", bind)
    change = InThread(lambda: CHANGES[kind](owner, memory))
    change.start()
    assert inserted.wait(60)
    answer = owner.delete(f"{API}/{memory}")
    erased.set()
    assert answer.status_code == 200, answer.content
    assert change.result().status_code == 404, change.result().content
    assert memory in change.result().content.decode()
    nothing_is_left(owner)


def erase_during_the_wait(monkeypatch: pytest.MonkeyPatch, act: Callable[[], HttpResponse]) -> list[bool]:
    """Erase when a request begins to wait for its write; → whether it was notified."""
    notified: list[bool] = []

    def awaited(event: Any, seconds: float) -> bool:
        answer = act()
        assert answer.status_code == 200, answer.content
        notified.append(await_result(event, 5.0))
        return notified[-1]

    monkeypatch.setattr(store, "await_result", awaited)
    return notified


@pytest.mark.parametrize("kind", ["update", "supersede", "restore"])
def test_the_request_of_an_erased_change_is_notified(
    owner: Caller, memory: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notified = erase_during_the_wait(monkeypatch, lambda: owner.delete(f"{API}/{memory}"))
    answer = CHANGES[kind](owner, memory)
    assert (answer.status_code, notified) == (404, [True]), answer.content
    assert memory in answer.content.decode()


@pytest.mark.parametrize("named", [{"run_id": "r1"}, {"user_id": "ann"}])
def test_the_request_of_an_erased_store_is_notified(
    owner: Caller, named: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/memories/?{urlencode(named)}"
    notified = erase_during_the_wait(monkeypatch, lambda: platform(owner, "DELETE", path))
    said = {"messages": [{"role": "user", "content": NEW}], "user_id": "ann", "run_id": "r1"}
    answer = owner.request("POST", "/v3/memories/add/", said, Authorization=f"Token {owner.secret}")
    assert (answer.status_code, answer.json()["status"], notified) == (202, "FAILED", [True]), answer.content
    nothing_is_left(owner)


def test_the_request_of_a_store_of_an_erased_user_is_notified(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row of the write is deleted, too."""
    notified = erase_during_the_wait(monkeypatch, lambda: owner.delete(API, {"all": True, "user_id": "ann"}))
    body = {"messages": [{"role": "user", "content": NEW}], "user_id": "ann", "infer": False}
    answer = owner.request("POST", "/v3/memories/add/", body, Authorization=f"Token {owner.secret}")
    assert (answer.status_code, answer.json()["status"], notified) == (202, "FAILED", [True]), answer.content
    assert not Source.objects.filter(tenant=owner.row.tenant_id).exists()


def test_an_erasure_of_a_user_leaves_a_store_that_commits_meanwhile(
    owner: Caller, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted before, committed and applied when the erasure had found all pending writes and memories."""
    redact, later = erase.redact, list[str]()

    def redacted(*args: Any) -> Any:
        found = redact(*args)
        if not later:
            body = owner.accept(NEW, user_id="ann", skip_extraction=True)
            later.append(body["id"])
            source = build.source_of(body)
            build.work(source)
            Source.objects.filter(tenant=args[0], id=source.id).update(accepted_at=source.accepted_at - HOUR)
        return found

    monkeypatch.setattr(erase, "redact", redacted)
    answer = owner.delete(API, {"all": True, "user_id": "ann"})
    assert answer.status_code == 200, answer.content
    assert owner.get(f"{API}/{memory}").status_code == 404
    assert owner.get(f"{API}/{later[0]}").json()["content"] == NEW
