"""A pending write of several messages is matched message by message, as the memories that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from core.ids import EVENT, public
from core.tenancy import across_tenants
from memories.models import Memory, Source
from memories.pipeline import apply, attempts, owner_pass
from memories.types import SourceState
from tests import build
from tests.build import Caller, source_of

TEXTS = ("Once there was a long tale of a fox", "The foo fact", "The bar fact", "Foo and bar are friends")
SAID = 1_577_836_800  # 2020-01-01
FILTERS: list[dict[str, Any]] = [
    {"text": {"contains": "foo"}},
    {"keywords": {"icontains": "FOO"}},
    {"NOT": {"text": {"contains": "foo"}}},
    {"NOT": [{"text": {"contains": "foo"}}, {"text": {"contains": "bar"}}]},
    {"OR": [{"text": {"contains": "tale"}}, {"text": {"contains": "friends"}}]},
    {"AND": [{"text": {"contains": "bar"}}, {"metadata": {"topic": "a"}}]},
    {"text": {"contains": "fact\nThe bar"}},  # in no message
    {"timestamp": {"gte": "2023-01-01"}},
    {"timestamp": {"lt": 1_700_000_000}},
    {"created_at": {"gte": "2023-01-01"}},
    {"metadata": {"topic": "a"}},
    {"metadata": {"topic": {"ne": "a"}}},
    {"expiration_date": None},
    {"run_id": "r1"},
    {"app_id": "shop"},
    {"categories": {"in": ["tales"]}},
]


@pytest.fixture
def owner(no_worker: None) -> Caller:
    return build.caller()


def platform(by: Caller, method: str, path: str, body: Any = None) -> Any:
    answer = by.request(method, path, body, Authorization=f"Token {by.secret}", Prefer="respond-async")
    assert answer.status_code in (200, 202), answer.content
    return answer.json()


def add(by: Caller, *texts: str, **fields: Any) -> Source:
    """A pending write of messages that are stored word for word."""
    said = {"messages": [{"role": "user", "content": text} for text in texts], "infer": False, "user_id": "ann"}
    body = platform(by, "POST", "/v3/memories/add/", said | {"run_id": "r1", "app_id": "shop"} | fields)
    return source_of({"event_id": body["event_id"]})


def again(source: Source) -> Source:
    return Source.objects.get(tenant=source.tenant_id, id=source.id)


def delete(by: Caller, **filters: Any) -> None:
    platform(by, "DELETE", f"/v1/memories/?{urlencode({'filters': repr({'user_id': 'ann', **filters})})}")


def left() -> list[str]:
    with across_tenants("a test"):
        return sorted(m.revisions.get(retired_at=None).content for m in Memory.objects.all())


@pytest.mark.parametrize("condition", FILTERS, ids=str)
def test_a_deletion_before_a_write_is_applied_is_one_after(owner: Caller, condition: dict[str, Any]) -> None:
    fields = {"metadata": {"topic": "a", "categories": ["tales"]}, "timestamp": SAID}
    build.work(add(owner, *TEXTS, **fields))
    delete(owner, **condition)
    expected = left()
    delete(owner)
    assert left() == []
    source = add(owner, *TEXTS, **fields)
    delete(owner, **condition)
    build.work(source)
    assert left() == expected


@pytest.mark.parametrize(("condition", "kept"), [({"gte": "2023-01-01"}, ["old"]), ({"lt": "2023-01-01"}, ["new"])])
def test_each_message_has_its_own_time(owner: Caller, condition: dict[str, str], kept: list[str]) -> None:
    turns = [
        {"role": "user", "content": "old", "timestamp": "2020-01-01T00:00:00Z"},
        {"role": "user", "content": "new", "timestamp": "2024-01-01T00:00:00Z"},
    ]
    body = {"messages": turns, "user_id": "ann", "options": {"infer": False}}
    answer = owner.post("/api/v1/ingest/conversation", body, Prefer="respond-async")
    assert answer.status_code == 202, answer.content
    delete(owner, timestamp=condition)
    build.work(source_of({"event_id": answer.json()["event_id"]}))
    assert left() == kept


@pytest.mark.parametrize("kind", ["turn", "fact"])
def test_a_message_that_is_stored_word_for_word_is_a_turn(owner: Caller, kind: str) -> None:
    source = add(owner, *TEXTS)
    owner.delete("/api/v1/memories", {"user_id": "ann", "filters": {"memory_type": kind}})
    build.work(source)
    assert left() == ([] if kind == "turn" else sorted(TEXTS))


def test_an_erased_message_is_nowhere_and_the_others_are_found(owner: Caller) -> None:
    source = add(owner, *TEXTS)
    delete(owner, text={"contains": "foo"})
    cut = again(source)
    assert (cut.state, cut.text) == (SourceState.PENDING, "\n".join((TEXTS[0], TEXTS[2], TEXTS[3])))
    assert ("foo" in str(cut.payload), "bar" in cut.tsv) == (False, True)
    assert owner.recalled("bar", user_id="ann") == [cut.text]
    found = platform(owner, "POST", "/v3/memories/search/", {"query": "fact", "filters": {"user_id": "ann"}})
    assert [memory["memory"] for memory in found["results"]] == [cut.text]
    build.work(source)
    assert left() == sorted(TEXTS[:1] + TEXTS[2:])
    assert platform(owner, "GET", f"/v1/event/{public(EVENT, source.id)}/")["status"] == "SUCCEEDED"
    build.work(add(owner, *TEXTS))  # the positions are the same: only the erased message is new
    assert left() == sorted(TEXTS)


def test_the_receipt_counts_the_write(owner: Caller) -> None:
    add(owner, *TEXTS)
    body = {"user_id": "ann", "filters": {"run_id": "r1", "memory_type": "turn"}}
    add(owner, "Another tale", run_id="r2")
    answer = owner.delete("/api/v1/memories", body)
    assert answer.json()["deleted_memories"] == 1


def test_a_search_matches_any_message(owner: Caller) -> None:
    source = add(owner, *TEXTS[:3], timestamp=SAID)
    for condition, expected in [
        ({"text": {"contains": "foo"}}, [again(source).text]),
        ({"text": {"contains": "friends"}}, []),
        ({"timestamp": {"lt": "2023-01-01"}}, [again(source).text]),
        ({"timestamp": {"gte": "2023-01-01"}}, []),
    ]:
        asked = {"query": "The fact", "filters": {"user_id": "ann", **condition}}
        found = platform(owner, "POST", "/v3/memories/search/", asked)
        assert [memory["memory"] for memory in found["results"]] == expected, condition


def test_a_failed_write_loses_its_messages_too(owner: Caller) -> None:
    source = add(owner, *TEXTS[:3])
    attempts.close_failed(source, "worker_lost", {})
    delete(owner, text={"contains": "foo"})
    assert (again(source).state, again(source).text) == (SourceState.FAILED, f"{TEXTS[0]}\n{TEXTS[2]}")


# --- a worker has read the write ------------------------------------------------------------------------------------
def at_the_first_commit(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None], *, after: bool = False) -> None:
    commit, done = apply.commit, list[bool]()

    def committed(*args: Any) -> None:
        if not done and not after:
            done.append(True)
            act()
        commit(*args)
        if not done:
            done.append(True)
            act()

    monkeypatch.setattr(apply, "commit", committed)


def test_a_worker_that_has_read_a_message_does_not_apply_it(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    first, source = add(owner, "A foo of another run", run_id="r2"), add(owner, *TEXTS)
    at_the_first_commit(monkeypatch, lambda: delete(owner, text={"contains": "foo"}, run_id="r1"))
    build.work(source)
    assert left() == sorted(("A foo of another run", TEXTS[0], TEXTS[2], TEXTS[3]))
    assert (again(first).state, again(source).state) == (SourceState.APPLIED, SourceState.APPLIED)


def test_a_long_write_is_cut_before_its_first_part(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_pass, "MAX_STATEMENTS", 2)
    source = add(owner, *TEXTS)
    at_the_first_commit(monkeypatch, lambda: delete(owner, text={"contains": "foo"}))
    build.work(source)
    assert left() == sorted(TEXTS[:1] + TEXTS[2:])
    assert again(source).state == SourceState.APPLIED


def test_the_rest_of_a_long_write_is_erased_after_its_first_part(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its progress is counted in statements, so that none of its messages can be taken out."""
    monkeypatch.setattr(owner_pass, "MAX_STATEMENTS", 2)
    source = add(owner, *TEXTS)
    at_the_first_commit(monkeypatch, lambda: delete(owner, text={"contains": "friends"}), after=True)
    build.work(source)
    assert left() == sorted(TEXTS[:2])
    assert (again(source).state, again(source).failure) == (SourceState.FAILED, "erased")


def test_a_repeat_of_the_request_answers_with_the_rest(owner: Caller) -> None:
    said = {"messages": [{"role": "user", "content": text} for text in TEXTS], "infer": False, "user_id": "ann"}
    headers = {"Authorization": f"Token {owner.secret}", "Prefer": "respond-async", "Idempotency_Key": "k1"}
    accepted = owner.post("/v3/memories/add/", said, **headers)
    assert accepted.status_code == 202, accepted.content
    delete(owner, text={"contains": "foo"})
    build.work(source_of(accepted.json()))
    repeated = owner.post("/v3/memories/add/", said, **headers)
    assert repeated.status_code == 200, repeated.content
    assert [memory["memory"] for memory in repeated.json()["results"]] == [TEXTS[0], TEXTS[2], TEXTS[3]]
