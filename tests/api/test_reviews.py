"""The review queue: who sees it, what a decision does, and what closes a review without one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from apikeys.scopes import Role
from core.clock import iso, now
from core.ids import MEMORY, parse
from core.tenancy import across_tenants
from memories.models import Review, Revision
from memories.pipeline.plan import Planner
from memories.pipeline.rows import ChangeSet
from memories.review_types import ReviewProposal, ReviewState
from tests import build
from tests.build import Caller
from tests.db.test_transfer import rows
from webhooks.models import Delivery

STORE, REVIEWS = "/api/v1/memories", "/api/v1/reviews"
OLD, NEW = "The depot opens at eight", "The depot opens at nine"


def store(caller: Caller, text: str, **fields: Any) -> str:
    return str(caller.store(text, skip_extraction=True, **fields)["id"])


def pair(caller: Caller, **fields: Any) -> tuple[str, str]:
    old = store(caller, OLD, timestamp="2026-01-01T00:00:00Z", **fields)
    return old, store(caller, NEW, timestamp="2026-02-01T00:00:00Z", **fields)


def listed(caller: Caller, **asked: Any) -> list[dict[str, Any]]:
    answer = caller.get(f"{REVIEWS}?" + "&".join(f"{name}={value}" for name, value in asked.items()))
    assert answer.status_code == 200, answer.content
    return list(answer.json()["reviews"])


def states(caller: Caller) -> dict[str, str]:
    return {review["id"]: state for state in ReviewState for review in listed(caller, state=state)}


def decide(caller: Caller, review: str, decision: str, **headers: str) -> Any:
    return caller.post(f"{REVIEWS}/{review}", {"decision": decision}, **headers)


def history(caller: Caller, memory: str) -> dict[str, Any]:
    answer = caller.get(f"{STORE}/{memory}/history")
    assert answer.status_code == 200
    return dict(answer.json())


# --- the list --------------------------------------------------------------------------------------------------------
def test_an_open_review_shows_both_texts(owner: Caller, viewer: Caller) -> None:
    old, new = pair(owner)
    review = build.review(old, new, probability=0.625, reason="the same slot")
    (shown,) = listed(viewer)
    assert dt.datetime.fromisoformat(shown.pop("created_at")) <= now()
    assert shown == {
        "id": review,
        "proposal": "supersede",
        "probability": 0.625,
        "reason": "the same slot",
        "old": {"id": old, "content": OLD},
        "new": {"id": new, "content": NEW},
        "state": "open",
        "decided_by": None,
        "decided_at": None,
    }
    assert history(viewer, old)["reviews"] == []


def test_pages_are_newest_first(owner: Caller) -> None:
    first = store(owner, OLD)
    made = [build.review(first, store(owner, f"{NEW}, says number {number}")) for number in range(3)]
    page = owner.get(f"{REVIEWS}?limit=2").json()
    assert ([r["id"] for r in page["reviews"]], page["total"]) == (made[:0:-1], 3)
    rest = owner.get(f"{REVIEWS}?limit=2&cursor={page['next_cursor']}").json()
    assert ([r["id"] for r in rest["reviews"]], rest["total"], rest["next_cursor"]) == (made[:1], 3, None)
    for wrong in ("cursor=mem_1", "state=closed", "limit=0"):
        assert owner.get(f"{REVIEWS}?{wrong}").status_code == 400, wrong


def test_a_caller_sees_and_decides_what_it_may(owner: Caller, member: Caller, stranger: Caller) -> None:
    mine = build.review(*pair(owner, user_id="member"))
    other = build.review(*pair(owner, user_id="ann"))
    in_red = build.review(*pair(owner, user_id="member", project="red"))
    red = build.caller(project_ids=["red"])
    assert {r["id"] for r in listed(member)} == {mine, in_red}
    assert [r["id"] for r in listed(owner, user_id="ann")] == [other]
    assert [r["id"] for r in listed(owner, user_id="member", project="red")] == [in_red]
    assert [r["id"] for r in listed(red, user_id="member")] == [in_red]
    assert listed(stranger, user_id="member") == []
    assert member.get(f"{REVIEWS}?user_id=ann").status_code == 403
    before = rows(build.tenant("default"))
    viewer = build.caller(role=Role.VIEWER)
    for caller, review, status in (
        (member, other, 404),
        (red, mine, 404),
        (stranger, mine, 404),
        (member, "rvw_" + "0" * 32, 404),
        (member, "nothing", 404),
        (viewer, mine, 403),
    ):
        assert decide(caller, review, "accept").status_code == status
    for body in ({"decision": "maybe"}, {}, {"decision": "accept", "reason": "x"}):
        assert owner.post(f"{REVIEWS}/{mine}", body).status_code == 400
    new = {row for row in rows(build.tenant("default")) - before if row[0] != "apikeys_apikey"}
    assert new == set()
    assert decide(member, mine, "accept").status_code == 200
    assert states(build.caller(user_id="member")) == {mine: "accepted", in_red: "open"}


# --- decisions -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("proposal", "ends", "action", "verb", "status"),
    [
        ("supersede", "old", "SUPERSEDE", "outdated by", "superseded"),
        ("negate", "old", "RETIRE", "ended by", "retired"),
        ("extend", "old", "SUPERSEDE", "extended by", "superseded"),
        ("duplicate", "new", "ARCHIVE", "repeats", "archived"),
    ],
)
def test_accepting_ends_one_memory(
    owner: Caller, proposal: str, ends: str, action: str, verb: str, status: str
) -> None:
    old, new = pair(owner)
    review = build.review(old, new, proposal)
    answer = decide(owner, review, "accept")
    assert answer.status_code == 200, answer.content
    decided = answer.json()
    actor = f"key_{owner.row.id.hex}" if owner.row else ""
    assert (decided["state"], decided["decided_by"], decided["proposal"]) == ("accepted", actor, proposal)
    outdated, successor = (new, old) if ends == "new" else (old, new)
    kept, ended = history(owner, successor), history(owner, outdated)
    assert [r["action"] for r in kept["revisions"]] == ["ADD"]
    last, first = ended["revisions"]
    assert (last["action"], last["actor"], last["recorded_at"]) == (action, actor, decided["decided_at"])
    assert last["reason"] == f"{verb} {successor}, accepted in review {review}"
    assert last["valid_to"] == (None if ends == "new" else "2026-02-01T00:00:00Z")
    assert first["retired_at"] == last["recorded_at"]
    assert ended["reviews"] == kept["reviews"] == listed(owner, state="accepted") == [decided]
    shown = owner.get(f"{STORE}/{outdated}").json()
    assert (shown["status"], shown["superseded_by"]) == (status, successor if status == "superseded" else None)
    assert owner.recalled("When does the depot open?") == [OLD if ends == "new" else NEW]
    assert [m["id"] for m in owner.get(STORE).json()["memories"]] == [successor]
    assert owner.post(f"{STORE}/{outdated}/restore", {}).json()["status"] == "active"
    assert states(owner) == {review: "accepted"}


def test_rejecting_changes_nothing_but_the_review(owner: Caller) -> None:
    old, new = pair(owner)
    review = build.review(old, new)
    before = rows(build.tenant("default"))
    answer = decide(owner, review, "reject")
    assert (answer.status_code, answer.json()["state"]) == (200, "rejected")
    changed = before ^ rows(build.tenant("default"))
    assert {table for table, _ in changed} == {"memories_review", "memories_owner"}  # its version: recall reads reviews
    assert set(owner.recalled("When does the depot open?")) == {OLD, NEW}
    for memory in (old, new):
        assert [r["action"] for r in history(owner, memory)["revisions"]] == ["ADD"]
        assert history(owner, memory)["reviews"] == [answer.json()]
    again = build.review(old, new)
    assert states(owner) == {review: "rejected", again: "open"}


@pytest.mark.parametrize("first", ["accept", "reject"])
def test_a_review_is_decided_once(owner: Caller, first: str) -> None:
    review = build.review(*pair(owner))
    assert decide(owner, review, first, Idempotency_Key="k").status_code == 200
    before = rows(build.tenant("default"))
    for decision in ("accept", "reject"):
        answer = decide(owner, review, decision)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    again = decide(owner, review, first, Idempotency_Key="k")
    assert (again.status_code, again.json()["id"]) == (200, review)
    assert rows(build.tenant("default")) == before


def test_webhooks_are_told_of_the_end(owner: Caller, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr("webhooks.deliver.deliver", lambda: 0)
    settings.WEBHOOK_ALLOW_PRIVATE = True
    review = build.review(*pair(owner))
    rejected = build.review(store(owner, "The pier is closed"), store(owner, "The pier is open"))
    hook = {"url": "http://127.0.0.1:9/", "events": ["memory.created", "memory.updated", "memory.deleted"]}
    assert build.caller(role=Role.ADMIN).post("/api/v1/webhooks", hook).status_code == 201
    assert decide(owner, review, "accept").status_code == 200
    assert decide(owner, rejected, "reject").status_code == 200
    with across_tenants("a test"):
        told = [(d.event, d.body["data"]["content"], d.body["data"]["action"]) for d in Delivery.objects.all()]
    assert told == [("memory.updated", OLD, "SUPERSEDE")]


def test_the_relations_of_the_ended_memory_end(owner: Caller) -> None:
    old = owner.store("Maria Lopez works at Acme.")["id"]
    new = store(owner, "Maria Lopez has left for Globex")
    (maria,) = owner.get("/api/v1/entities?query=Maria").json()["entities"]
    path = f"/api/v1/entities/{maria['id']}/relationships"
    assert [r["type"] for r in owner.get(path).json()["relationships"]] == ["WORKS_AT"]
    assert decide(owner, build.review(old, new), "accept").status_code == 200
    assert owner.get(path).json()["relationships"] == []


# --- what closes a review --------------------------------------------------------------------------------------------
def _update(owner: Caller, memory: str) -> None:
    assert owner.patch(f"{STORE}/{memory}", {"content": "The depot is gone"}).status_code == 200


def _supersede(owner: Caller, memory: str) -> None:
    assert owner.post(f"{STORE}/{memory}/supersede", {"content": "The depot is gone"}).status_code == 201


def _accept_another(owner: Caller, memory: str) -> None:
    other = build.review(memory, store(owner, "The depot is gone"), "negate")
    assert decide(owner, other, "accept").status_code == 200


@pytest.mark.parametrize("which", [0, 1], ids=["old", "new"])
@pytest.mark.parametrize("act", [_update, _supersede, _accept_another], ids=lambda act: act.__name__[1:])
def test_a_change_of_a_memory_closes_its_open_reviews(
    owner: Caller, act: Callable[[Caller, str], None], which: int
) -> None:
    both = pair(owner)
    review = build.review(*both)
    bystander = build.review(store(owner, "The pier is closed"), store(owner, "The pier is open"))
    decided = build.review(store(owner, "The gate is red"), both[1 - which])
    assert decide(owner, decided, "reject").status_code == 200
    act(owner, both[which])
    found = states(owner)
    assert (found[review], found[bystander], found[decided]) == ("obsolete", "open", "rejected")
    (closed,) = listed(owner, state="obsolete")
    assert (closed["old"]["content"], closed["new"]["content"], closed["decided_by"]) == (OLD, NEW, None)
    last = history(owner, both[which])["revisions"][0]
    assert closed["decided_at"] == last["recorded_at"]
    assert [r["id"] for r in history(owner, both[which])["reviews"] if r["state"] == "obsolete"] == []
    before = rows(build.tenant("default"))
    assert decide(owner, review, "accept").status_code == 409
    assert rows(build.tenant("default")) == before


def test_a_change_of_metadata_leaves_it_open(owner: Caller) -> None:
    old, new = pair(owner)
    review = build.review(old, new)
    assert owner.patch(f"{STORE}/{old}", {"metadata": {"seen": True}, "memory_type": "note"}).status_code == 200
    assert states(owner) == {review: "open"}
    assert decide(owner, review, "accept").status_code == 200
    assert owner.get(f"{STORE}/{old}").json()["superseded_by"] == new


def test_an_erased_memory_takes_its_reviews_along(owner: Caller) -> None:
    old, new = pair(owner)
    review = build.review(old, new)
    other = build.review(new, store(owner, "The depot opens at ten"))
    answer = owner.delete(f"{STORE}/{old}").json()
    receipt = owner.get(f"/api/v1/erasures/{answer['receipt_id']}").json()
    assert receipt["counts"]["reviews"] == 1
    assert states(owner) == {other: "open"}
    assert decide(owner, review, "accept").status_code == 404


def test_an_expired_memory_hides_its_reviews(owner: Caller) -> None:
    with time_machine.travel(now(), tick=True) as clock:
        old, new = store(owner, OLD), store(owner, NEW, ttl="1h")
        review = build.review(old, new)
        assert decide(owner, review, "reject").status_code == 200
        opened = build.review(old, new)
        clock.shift(dt.timedelta(hours=2))
        assert states(owner) == {}
        assert history(owner, old)["reviews"] == []
        assert decide(owner, opened, "accept").status_code == 404
        assert owner.post("/api/v1/temporal/cleanup", {}).json()["expired_deleted"] == 1
    assert Review.objects.filter(tenant=build.tenant("default")).count() == 0


def test_the_queue_as_it_was(owner: Caller) -> None:
    with time_machine.travel(now() - dt.timedelta(days=1), tick=False) as clock:
        old, new = pair(owner)
        moments = [iso(now())]
        clock.shift(1)
        review = build.review(old, new)
        moments.append(iso(now()))
        clock.shift(1)
        assert decide(owner, review, "accept").status_code == 200
        moments.append(iso(now()))
    seen = [
        [(state, r["id"], r["state"], r["decided_at"] is None) for r in listed(owner, state=state, as_of=moment)]
        for moment in moments
        for state in ("open", "accepted")
    ]
    opened, accepted = ("open", review, "open", True), ("accepted", review, "accepted", False)
    assert seen == [[], [], [opened], [], [], [accepted]]
    assert owner.get(f"{STORE}/{old}?as_of={moments[1]}").json()["superseded_by"] is None
    assert owner.get(f"{STORE}/{old}?as_of={moments[2]}").json()["superseded_by"] == new


# --- the pass --------------------------------------------------------------------------------------------------------
def propose(monkeypatch: pytest.MonkeyPatch, of: Callable[[ChangeSet], list[Review]]) -> None:
    """Have each pass propose reviews about its changes."""
    plan = Planner.plan

    def with_reviews(self: Planner, *args: Any) -> ChangeSet:
        changes = plan(self, *args)
        changes.reviews += of(changes)
        return changes

    monkeypatch.setattr(Planner, "plan", with_reviews)


def proposed(old: str, new: Revision, **columns: Any) -> Review:
    scope = {"tenant_id": new.tenant_id, "project": new.project, "user_id": new.user_id}
    said = {"proposal": ReviewProposal.SUPERSEDE.value, "probability": 0.5} | columns
    return Review(old_key=parse(MEMORY, old), new_key=new.memory_key, **said, **scope)


def test_a_pass_opens_one_review_of_a_pair(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    old = store(owner, OLD)
    propose(monkeypatch, lambda c: [proposed(old, r, probability=p) for r in c.batch.revisions for p in (0.5, 0.6)])
    new = store(owner, NEW)
    (review,) = listed(owner)
    assert (review["old"]["id"], review["new"]["id"], review["probability"]) == (old, new, 0.5)


def test_a_pass_opens_no_review_of_what_it_ends(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    old = store(owner, OLD)
    propose(monkeypatch, lambda c: [proposed(old, r) for r in c.batch.revisions if r.action == "ADD"])
    assert owner.post(f"{STORE}/{old}/supersede", {"content": NEW}).status_code == 201
    assert states(owner) == {}


def test_a_pass_that_fails_opens_none(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    old = store(owner, OLD)
    propose(monkeypatch, lambda c: [proposed(old, r, probability=2.0) for r in c.batch.revisions])
    owner.post(STORE, {"content": NEW, "skip_extraction": True}, Prefer="respond-async")
    mine = {"tenant": build.tenant("default")}
    assert (Review.objects.filter(**mine).count(), Revision.objects.filter(**mine).count()) == (0, 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("get", "/api/v1/reviews?state=x", None, "state: must be one of open, accepted, rejected, obsolete"),
        ("post", "/api/v1/reviews/x", {"decision": "maybe"}, "decision: must be one of accept, reject"),
        ("post", "/api/v1/reviews/x", {}, "decision: is required"),
        ("post", "/api/v1/reviews/x", {"decision": None}, "decision: must not be null"),
        (
            "post",
            "/api/v1/ingest/conversation",
            {"messages": [{"role": "user", "content": "I live in Oslo"}], "options": {"extract_from": "x"}},
            "options.extract_from: must be one of user, assistant, both",
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_an_error_lists_the_words_that_are_accepted(method: str, path: str, body: Any, error: str) -> None:
    answer = getattr(build.caller(), method)(path, *([body] if body is not None else []))
    assert (answer.status_code, answer.json()["detail"]) == (400, error)
