"""The admin of memories: everything can be looked at, nothing changes but through a service."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apikeys.scopes import Role
from core.clock import now
from core.http import admin as shared
from core.ids import TENANT, public
from core.tenancy import across_tenants
from memories.models import Erasure, Memory, Passage, Revision, Source
from tests import build
from tests.build import Caller, caller, tenant

PROJECTS = "/admin/memories/projectsettings/"
MEMORIES, WRITES, RECEIPTS, REVIEWS = (f"/admin/memories/{name}/" for name in ("memory", "source", "erasure", "review"))


@pytest.fixture
def operator(eager: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("op", password="pw"))
    return client


@pytest.fixture
def looker(eager: None) -> Client:
    """May look at everything of this app, and do nothing."""
    user = get_user_model().objects.create_user("looker", password="pw", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="memories", codename__startswith="view_")
    )
    client = Client()
    client.force_login(user)
    return client


def texts(page: Any) -> set[str]:
    """What a list of memories shows, as links."""
    assert page.status_code == 200
    return set(re.findall(r'<th class="field-text"><a [^>]*>(.*?)</a>', page.content.decode()))


def key_of(public_id: str) -> str:
    return public_id.partition("_")[2]


def page_of(public_id: str) -> str:
    return f"{MEMORIES}{key_of(public_id)}/change/"


def fail(memory_id: str, failure: str) -> Source:
    """Set the write that made this memory aside, as the pipeline would have."""
    with across_tenants("a test"):
        source = Source.objects.get(reserved_id=key_of(memory_id))
    Source.objects.filter(tenant=source.tenant_id, id=source.id).update(
        state="failed", failure=failure, finished_at=now(), next_attempt_at=None
    )
    return source


# --- looking ---------------------------------------------------------------------------------------------------------
def test_memories_of_all_tenants_newest_first(operator: Client, owner: Caller, stranger: Caller) -> None:
    owner.store("I live in Oslo", user_id="ann")
    stranger.store("I live in Rome", user_id="bob")
    page = operator.get(MEMORIES)
    assert texts(page) == {"User lives in Oslo", "User lives in Rome"}
    assert page.content.index(b"Rome") < page.content.index(b"Oslo")


def test_filters(operator: Client, owner: Caller, stranger: Caller) -> None:
    owner.store("I live in Oslo", user_id="ann", project="home")
    owner.store("I work at Acme", user_id="bob", memory_type="work")
    stranger.store("I live in Rome", user_id="ann")
    for query, found in {
        "tenant=default": {"User lives in Oslo", "User works at Acme"},
        "tenant=nobody": set(),
        "project=home": {"User lives in Oslo"},
        "user_id=ann": {"User lives in Oslo", "User lives in Rome"},
        "user_id=ann&tenant=default": {"User lives in Oslo"},
        "memory_type=work": {"User works at Acme"},
        "tenant=&user_id=": {"User lives in Oslo", "User works at Acme", "User lives in Rome"},
    }.items():
        assert texts(operator.get(f"{MEMORIES}?{query}")) == found, query


def test_states(operator: Client, owner: Caller) -> None:
    names = {s: owner.store(f"This one is {s}", user_id="ann")["id"] for s in ("live", "archived", "expired", "ended")}
    changes: dict[str, dict[str, Any]] = {
        "archived": {"archived": True},
        "expired": {"recorded_at": now().replace(year=2020), "expires_at": now().replace(year=2021)},
        "ended": {"valid_to": now()},
    }
    for state, change in changes.items():
        rows = Revision.objects.filter(tenant=owner.row.tenant_id, memory_key=key_of(names[state]))
        assert rows.update(**change) == 1
    for state in names:
        page = operator.get(f"{MEMORIES}?state={state}")
        assert texts(page) == {f"This one is {state}"}
        assert f'<td class="field-state">{state}</td>' in page.content.decode()


def test_search_by_id_by_user_and_by_words(operator: Client, owner: Caller, stranger: Caller) -> None:
    oslo = owner.store("I am living in Oslo", user_id="ann")["id"]
    owner.store("I work at Acme", user_id="bob")
    stranger.store("I am living in Rome", user_id="ann")
    assert texts(operator.get(f"{MEMORIES}?q={oslo}")) == {"User is living in Oslo"}
    assert texts(operator.get(f"{MEMORIES}?q=live&tenant=default")) == {"User is living in Oslo"}
    assert texts(operator.get(f"{MEMORIES}?q=bob&tenant=default")) == {"User works at Acme"}
    assert texts(operator.get(f"{MEMORIES}?q=mem_{'0' * 32}")) == set()
    assert texts(operator.get(f"{MEMORIES}?q=live&tenant=default&user_id=bob")) == set()
    assert texts(operator.get(f"{MEMORIES}?q=live&tenant=nobody")) == set()
    nowhere = operator.get(f"{MEMORIES}?q=live")
    assert texts(nowhere) == set()
    assert "Select a tenant" in nowhere.content.decode()


def test_where_there_is_one_tenant_it_need_not_be_chosen(operator: Client, owner: Caller) -> None:
    owner.store("I am living in Oslo", user_id="ann")
    assert texts(operator.get(f"{MEMORIES}?q=live")) == {"User is living in Oslo"}


def test_a_memorys_page_has_its_history(operator: Client, owner: Caller) -> None:
    memory = owner.store("I live in Oslo", user_id="ann")["id"]
    owner.put(f"/api/v1/memories/{memory}", {"content": "I live in <b>Rome</b>"})
    owner.patch(f"/api/v1/memories/{memory}", {"metadata": {"checked": True}})
    page = operator.get(page_of(memory)).content.decode()
    assert memory in page
    history = page[page.index("memory-history") :]
    rows = re.findall(r"<tr.*?</tr>", history, re.DOTALL)[1:]
    assert ["UPDATE" in row for row in rows] == [True, True, False]
    assert [("same text" in row, "Rome" in row, "Oslo" in row) for row in rows] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert "<b>Rome" not in page


def test_app_and_feedback_of_a_client_of_mem0(operator: Client, owner: Caller) -> None:
    token = {"Authorization": f"Token {owner.secret}"}
    said = {"messages": [{"role": "user", "content": "Green tea"}], "app_id": "shop", "metadata": {"source": "chat"}}
    added = owner.request("POST", "/v3/memories/add/", said, **token).json()["results"][0]
    feedback = {"memory_id": added["id"], "feedback": "NEGATIVE", "feedback_reason": "It is black tea"}
    assert owner.request("POST", "/v1/feedback/", feedback, **token).status_code == 200
    page = operator.get(page_of(added["id"])).content.decode()
    assert "NEGATIVE: It is black tea" in page
    assert re.search(r'class="readonly">shop<', page)
    assert "<pre style=&#x27;margin: 0&#x27;>" not in page
    assert "{\n &quot;source&quot;: &quot;chat&quot;\n}" in page
    assert "$" not in page


def test_settings_of_a_project(operator: Client, looker: Client, owner: Caller) -> None:
    assert (
        owner.request(
            "PATCH",
            f"/api/v1/orgs/organizations/{public(TENANT, owner.row.tenant_id)}/projects/default/",
            {"custom_instructions": "Only food", "custom_categories": [{"food": "What people eat"}]},
            Authorization=f"Token {owner.secret}",
        ).status_code
        == 200
    )
    for client in (operator, looker):
        listed = client.get(PROJECTS).content.decode()
        assert "custom_categories, custom_instructions" in listed
        (link,) = re.findall(rf'href="({PROJECTS}[0-9a-f-]+/change/)', listed)
        page = client.get(link).content.decode()
        assert "Only food" in page
        assert "What people eat" in page
        assert client.post(link, {"values": "{}"}).status_code == 403


def test_lists_ask_as_many_questions_for_many_rows_as_for_few(operator: Client, owner: Caller) -> None:
    def asked(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert operator.get(path).status_code == 200
        return len(queries)

    kept = owner.store("The mill stands by the brook", user_id="ann")["id"]
    few = [asked(path) for path in (MEMORIES, WRITES, RECEIPTS, REVIEWS)]
    for n in range(1, 12):
        owner.delete(f"/api/v1/memories/{owner.store(f'I live in house {n}', user_id='ann')['id']}")
        build.review(kept, owner.store(f"I work in house {n}", user_id="ann")["id"])
    assert [asked(path) for path in (MEMORIES, WRITES, RECEIPTS, REVIEWS)] == few
    assert max(few) <= 7


def test_counting_stops_early(operator: Client, owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "COUNTED", 3)
    for n in range(5):
        owner.store(f"I live in house {n}", user_id="ann")
    monkeypatch.setattr(shared.TenantRowAdmin, "list_per_page", 2)
    assert "more than 3" in operator.get(MEMORIES).content.decode()
    assert [len(texts(operator.get(f"{MEMORIES}?p={n}"))) for n in (1, 2)] == [2, 1]


def test_writes_show_their_state_and_failure(operator: Client, owner: Caller) -> None:
    good = owner.store("I live in Oslo", user_id="ann")["id"]
    bad = owner.store("I live in Rome", user_id="ann")["id"]
    source = fail(bad, "ProviderRefused")
    listed = operator.get(f"{WRITES}?state=failed").content.decode()
    assert f"evt_{source.id.hex}" in listed
    assert "ProviderRefused" in listed
    assert listed.count("field-public_id") == 1
    assert "Rome" not in listed
    assert f"evt_{source.id.hex}" in operator.get(f"{WRITES}?q={bad}").content.decode()
    assert f"evt_{source.id.hex}" not in operator.get(f"{WRITES}?q={good}").content.decode()
    page = operator.get(f"{WRITES}{source.id}/change/").content.decode()
    assert "I live in Rome" in page
    owner.delete(f"/api/v1/memories/{bad}")
    assert f"evt_{source.id.hex}" in operator.get(f"{WRITES}?state=erased").content.decode()
    assert "I live in Rome" not in operator.get(f"{WRITES}{source.id}/change/").content.decode()


# --- doing -----------------------------------------------------------------------------------------------------------
def test_failed_writes_are_tried_again(
    operator: Client, owner: Caller, stranger: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = fail(owner.store("I live in Oslo", user_id="ann")["id"], "ProviderRefused")
    foreign = fail(stranger.store("I live in Rome", user_id="ann")["id"], "worker_lost")
    final = fail(owner.store("I live in Bonn", user_id="ann")["id"], "conflict")
    chosen = [str(s.id) for s in (refused, foreign, final)]
    with monkeypatch.context() as patch:  # no worker takes them before the test has looked
        patch.setattr("memories.pipeline.write_queue.enqueue_on_commit", lambda *_, **__: None)
        action = {"action": "retry_failed", "_selected_action": chosen}
        page = operator.post(WRITES, action, follow=True).content.decode()
    assert "2 write(s) will be tried again" in page
    assert "1 unchanged" in page
    with across_tenants("a test"):
        states = dict(Source.objects.filter(id__in=chosen).values_list("id", "state"))
        again = Source.objects.get(id=refused.id)
    assert [states[s.id] for s in (refused, foreign, final)] == ["pending", "pending", "failed"]
    assert (again.failure, again.attempts, again.finished_at) == ("", 0, None)
    assert build.queue(again).due_at is not None


def test_open_reviews_are_decided(operator: Client, looker: Client, owner: Caller, stranger: Caller) -> None:
    old = owner.store("The mill stands by the brook", skip_extraction=True)["id"]
    news = [owner.store(f"The mill has {n} wheels", skip_extraction=True)["id"] for n in range(2)]
    accepted, obsolete = (build.review(old, new, "negate") for new in news)
    foreign = build.review(*(stranger.store(f"The inn has {n} rooms", skip_extraction=True)["id"] for n in range(2)))
    chosen = [key_of(review) for review in (accepted, obsolete, foreign)]
    looker.post(REVIEWS, {"action": "accept", "_selected_action": chosen})
    page = operator.get(f"{REVIEWS}{key_of(accepted)}/change/").content.decode()
    assert "The mill stands by the brook" in page
    assert "The mill has 0 wheels" in page
    assert {review["state"] for review in owner.get("/api/v1/reviews").json()["reviews"]} == {"open"}
    said = operator.post(REVIEWS, {"action": "accept", "_selected_action": chosen}, follow=True).content.decode()
    assert "2 review(s) were accepted" in said
    assert "1 review(s) were no longer open" in said
    (decided,) = owner.get("/api/v1/reviews?state=accepted").json()["reviews"]
    assert (decided["id"], decided["decided_by"][:6]) == (accepted, "admin:")
    assert owner.get(f"/api/v1/memories/{old}").json()["status"] == "retired"
    assert [r["id"] for r in owner.get("/api/v1/reviews?state=obsolete").json()["reviews"]] == [obsolete]
    assert len(stranger.get("/api/v1/reviews?state=accepted").json()["reviews"]) == 1


def test_a_memory_is_erased_with_a_receipt(operator: Client, owner: Caller) -> None:
    memory = owner.store("I live in Oslo", user_id="ann")["id"]
    owner.store("I work at Acme", user_id="ann")
    path = f"{MEMORIES}{key_of(memory)}/delete/"
    asking = operator.get(path).content.decode()
    assert memory in asking
    assert "Oslo" not in asking
    done = operator.post(path, {"post": "yes"}, follow=True)
    assert done.redirect_chain == [(MEMORIES, 302)]
    mine = {"tenant": owner.row.tenant_id}
    receipt = Erasure.objects.get(**mine)
    assert f"ers_{receipt.id.hex}" in done.content.decode()
    assert receipt.actor.startswith("admin:")
    assert (receipt.scope, receipt.counts["memories"]) == ({"kind": "memories", "named": 1}, 1)
    assert texts(done) == {"User works at Acme"}
    assert Passage.objects.filter(**mine).count() == Revision.objects.filter(**mine).count() == 1
    assert not Source.objects.filter(text__contains="Oslo", **mine).exists()
    assert owner.get(f"/api/v1/memories/{memory}").status_code == 404
    said = str(list(LogEntry.objects.values()))
    assert key_of(memory) in said.replace("-", "")
    assert "Oslo" not in said
    page = operator.get(f"{RECEIPTS}?q=ers_{receipt.id.hex}").content.decode()
    assert f"ers_{receipt.id.hex}" in page
    assert receipt.signature in operator.get(f"{RECEIPTS}{receipt.id}/change/").content.decode()


def test_selected_memories_of_two_tenants_are_erased_each_in_its_own(
    operator: Client, owner: Caller, stranger: Caller
) -> None:
    ids = [c.store("I live in Oslo", user_id="ann")["id"] for c in (owner, stranger)]
    kept = stranger.store("I work at Acme", user_id="ann")["id"]
    form = {"action": "delete_selected", "_selected_action": [key_of(i) for i in ids]}
    assert operator.post(MEMORIES, form).status_code == 200
    assert texts(operator.get(MEMORIES)) == {"User lives in Oslo", "User works at Acme"}
    operator.post(MEMORIES, {**form, "post": "yes"})
    assert texts(operator.get(MEMORIES)) == {"User works at Acme"}
    assert stranger.get(f"/api/v1/memories/{kept}").status_code == 200
    for who in (owner, stranger):
        assert Erasure.objects.filter(tenant=who.row.tenant_id).count() == 1


def test_who_may_only_look_changes_nothing(looker: Client, owner: Caller) -> None:
    memory = owner.store("I live in Oslo", user_id="ann")["id"]
    source = fail(memory, "ProviderRefused")
    assert texts(looker.get(MEMORIES)) == {"User lives in Oslo"}
    assert looker.get(page_of(memory)).status_code == 200
    assert looker.post(f"{MEMORIES}{key_of(memory)}/delete/", {"post": "yes"}).status_code == 403
    looker.post(MEMORIES, {"action": "delete_selected", "_selected_action": [key_of(memory)], "post": "yes"})
    looker.post(WRITES, {"action": "retry_failed", "_selected_action": [str(source.id)]})
    mine = {"tenant": owner.row.tenant_id}
    assert Memory.objects.filter(**mine).count() == 1
    assert Source.objects.get(id=source.id, **mine).state == "failed"
    assert Erasure.objects.filter(**mine).count() == 0


def test_nothing_is_written_in_forms(operator: Client, owner: Caller) -> None:
    memory = owner.store("I live in Oslo", user_id="ann")["id"]
    owner.delete("/api/v1/memories", {"memory_ids": [owner.store("I work at Acme", user_id="ann")["id"]]})
    mine = {"tenant": owner.row.tenant_id}
    source, receipt = Source.objects.filter(**mine).first(), Erasure.objects.get(**mine)
    assert source is not None
    for path in (page_of(memory), f"{WRITES}{source.id}/change/", f"{RECEIPTS}{receipt.id}/change/"):
        assert operator.post(path, {"user_id": "eve", "project": "x"}).status_code == 403
        assert operator.get(path.replace("change", "history")).status_code == 200
    for path in (MEMORIES, WRITES, RECEIPTS, REVIEWS):
        assert operator.get(path + "add/").status_code == 403
    for path in (f"{WRITES}{source.id}/delete/", f"{RECEIPTS}{receipt.id}/delete/"):
        assert operator.post(path, {"post": "yes"}).status_code == 403
    assert Memory.objects.get(**mine).user_id == "ann"
    assert Source.objects.filter(**mine).count() == 2


def test_unknown_ids_and_strangers_at_the_door(operator: Client, owner: Caller) -> None:
    assert operator.get(f"{MEMORIES}{'0' * 32}/change/").status_code == 302
    assert operator.get(f"{MEMORIES}nonsense/change/").status_code == 302
    for path in (MEMORIES, WRITES, RECEIPTS, REVIEWS):
        assert Client().get(path).status_code == 302
        assert Client(headers={"X-API-Key": caller(tenant(), role=Role.ADMIN).secret}).get(path).status_code == 302
