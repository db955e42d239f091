"""Webhooks through `/api/v1`: made, shown, changed and deleted by who may, and sent a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from apikeys import services as apikeys
from apikeys.scopes import Role
from core import ssrf
from core.clock import now
from core.ids import new_id, public
from core.tenancy import across_tenants
from tests import build
from tests.build import Caller
from tests.receiver import receiving
from webhooks.emit import emit
from webhooks.models import Delivery, Webhook
from webhooks.services import webhooks
from webhooks.types import Event

PATH = "/api/v1/webhooks"
URL = "https://hooks.example/in?token=hidden"
UNKNOWN = public("whk", new_id())
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets every name have these addresses."""

    def resolves_to(*addresses: str) -> None:
        monkeypatch.setattr(ssrf, "resolve", lambda host, port: list(addresses))

    return resolves_to


@pytest.fixture
def admin(eager: None) -> Caller:
    """An admin of the default tenant, bound to nothing."""
    return build.caller(role=Role.ADMIN)


@pytest.fixture
def bound(eager: None) -> Caller:
    """An admin for the user ann, in two projects."""
    return build.caller(role=Role.ADMIN, user_id="ann", project_ids=["a", "b"])


def make(by: Caller, **fields: Any) -> dict[str, Any]:
    response = by.post(PATH, {"url": URL, "events": ["memory.created"], **fields})
    assert response.status_code == 201, response.content
    return response.json()


def refused(response: HttpResponse, status: int, field: str | None = None) -> str:
    """The message of a refusal that names this field."""
    body = json.loads(response.content)
    assert response.status_code == status, body
    assert body["error"]["details"].get("field") == field, body
    return str(body["detail"])


def rows() -> list[Webhook]:
    with across_tenants("a test"):
        return list(Webhook.objects.order_by("id"))


# --- making ----------------------------------------------------------------------------------------------------------
def test_a_webhook_is_made_and_its_secret_shown_once(admin: Caller) -> None:
    made = make(admin, events=["memory.created", "memory.deleted", "memory.created"])
    secret = made.pop("secret")
    assert admin.row is not None
    assert made == {
        "id": made["id"],
        "url": URL,
        "events": ["memory.created", "memory.deleted"],
        "user_id": None,
        "project_ids": [],
        "active": True,
        "disabled_at": None,
        "disabled_reason": None,
        "failing_since": None,
        "created_by": public("key", admin.row.id),
        "created_at": made["created_at"],
    }
    assert secret.startswith("whsec_")
    (row,) = rows()
    assert (row.secret, row.key_id) == (secret, admin.row.id)
    assert admin.get(f"{PATH}/{made['id']}").json() == made
    assert admin.get(PATH).json() == {"webhooks": [made], "total": 1}
    for answer in (
        admin.get(PATH),
        admin.get(f"{PATH}/{made['id']}"),
        admin.patch(f"{PATH}/{made['id']}", {"url": URL}),
    ):
        assert b"whsec_" not in answer.content


def test_a_secret_may_be_brought(admin: Caller) -> None:
    assert make(admin, secret=SECRET)["secret"] == SECRET


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"url": None}, "url", "must not be null"),
        ({"url": 5}, "url", "must be a string"),
        ({"url": "hooks.example"}, "url", "must be a URL of http or https"),
        ({"url": "ftp://hooks.example/"}, "url", "must be a URL of http or https"),
        ({"url": "https://ann:pw@hooks.example/"}, "url", "must not hold a user or a password"),
        ({"url": "https://hooks.example/" + "x" * 2048}, "url", "must have at most 2048 characters"),
        ({"events": []}, "events", "empty"),
        ({"events": "memory.created"}, "events", "list"),
        ({"events": ["memory.read"]}, "events.0", "must be one of memory.created, "),
        ({"events": ["webhook.test"]}, "events.0", "must be one of memory.created, "),
        ({"events": [5]}, "events.0", "must be a string"),
        ({"secret": "short"}, "secret", "must be whsec_ and the base64 of 24 to 64 bytes"),
        ({"secret": "whsec_c2hvcnQ="}, "secret", "must be whsec_ and the base64 of 24 to 64 bytes"),
        ({"user_id": ""}, "user_id", "must not be empty"),
        ({"user_id": 5}, "user_id", "must be a string"),
        ({"project_ids": "a"}, "project_ids", "list"),
        ({"project_ids": [""]}, "project_ids.0", "must not be empty"),
        ({"project_ids": ["p"] * 101}, "project_ids", "100"),
    ],
)
def test_wrong_input_is_refused_by_name(admin: Caller, fields: dict[str, Any], field: str, expected: str) -> None:
    sent = {"url": URL, "events": ["memory.created"]} | fields
    assert expected in refused(admin.post(PATH, sent), 400, field)
    assert rows() == []


@pytest.mark.parametrize("missing", ["url", "events"])
def test_what_is_missing_is_named(admin: Caller, missing: str) -> None:
    sent = {"url": URL, "events": ["memory.created"]}
    del sent[missing]
    assert "required" in refused(admin.post(PATH, sent), 400, missing)
    assert rows() == []


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "fe80::1", "100.64.0.1"])
def test_a_name_that_points_inside_is_refused(admin: Caller, resolver: Callable[..., None], address: str) -> None:
    resolver("93.184.215.14", address)
    said = refused(admin.post(PATH, {"url": URL, "events": ["memory.created"]}), 400, "url")
    assert said == "url: must not point to a private or reserved address"
    assert rows() == []


def test_a_name_that_nobody_knows_is_refused(admin: Caller, resolver: Callable[..., None]) -> None:
    resolver()
    said = refused(admin.post(PATH, {"url": URL, "events": ["memory.created"]}), 400, "url")
    assert said == "url: must name a host that can be resolved"


def test_the_operator_may_allow_private_addresses(admin: Caller, resolver: Callable[..., None], settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    resolver("10.1.2.3")
    make(admin)
    resolver("169.254.169.254")
    refused(admin.post(PATH, {"url": URL, "events": ["memory.created"]}), 400, "url")
    assert len(rows()) == 1


def test_a_tenant_has_a_limited_number(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 2)
    make(admin)
    make(admin)
    refused(admin.post(PATH, {"url": URL, "events": ["memory.created"]}), 409)
    make(build.caller(build.tenant(), role=Role.ADMIN))
    assert len(rows()) == 3


# --- who may ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_only_admins_may(admin: Caller, role: Role) -> None:
    one = f"{PATH}/{make(admin)['id']}"
    other = build.caller(role=role)
    answers = [
        other.get(PATH),
        other.post(PATH, {"url": URL, "events": ["memory.created"]}),
        other.get(one),
        other.patch(one, {"active": False}),
        other.delete(one),
        other.get(one + "/deliveries"),
        other.post(one + "/test", None),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert Caller("wrong").get(PATH).status_code == 401
    assert [row.active for row in rows()] == [True]


def test_a_bound_keys_webhook_carries_its_user_and_projects(bound: Caller) -> None:
    made = make(bound)
    assert (made["user_id"], made["project_ids"]) == ("ann", ["a", "b"])
    less = make(bound, user_id="ann", project_ids=["b"])
    assert (less["user_id"], less["project_ids"]) == ("ann", ["b"])
    assert make(bound, user_id=None, project_ids=[])["project_ids"] == ["a", "b"]


@pytest.mark.parametrize(
    ("fields", "field"), [({"user_id": "bob"}, "user_id"), ({"project_ids": ["a", "c"]}, "project_ids")]
)
def test_a_bound_key_names_no_other(bound: Caller, fields: dict[str, Any], field: str) -> None:
    refused(bound.post(PATH, {"url": URL, "events": ["memory.created"]} | fields), 403, field)
    assert rows() == []
    made = make(bound)
    refused(bound.patch(f"{PATH}/{made['id']}", fields), 403, field)
    (row,) = rows()
    assert (row.user_id, row.project_ids) == ("ann", ["a", "b"])


def test_a_bound_key_sees_only_what_lies_within_its_own(admin: Caller, bound: Caller) -> None:
    mine = [make(admin, user_id="ann", project_ids=["a"])["id"], make(bound)["id"]]
    foreign = [
        make(admin)["id"],
        make(admin, user_id="ann")["id"],
        make(admin, user_id="ann", project_ids=["a", "c"])["id"],
        make(admin, user_id="bob", project_ids=["a"])["id"],
        make(admin, project_ids=["a"])["id"],
        make(build.caller(build.tenant(), role=Role.ADMIN), user_id="ann", project_ids=["a"])["id"],
        UNKNOWN,
        "whk_1",
        public("mem", new_id()),
    ]
    listed = bound.get(PATH).json()
    assert (sorted(w["id"] for w in listed["webhooks"]), listed["total"]) == (sorted(mine), 2)
    before = [(row.id, row.active, row.url) for row in rows()]
    for webhook_id in foreign:
        one = f"{PATH}/{webhook_id}"
        for answer in (
            bound.get(one),
            bound.patch(one, {"active": False}),
            bound.delete(one),
            bound.get(one + "/deliveries"),
            bound.post(one + "/test", None),
        ):
            assert refused(answer, 404) == f"Webhook with ID '{webhook_id}' not found"
    assert [(row.id, row.active, row.url) for row in rows()] == before
    with across_tenants("a test"):
        assert Delivery.objects.count() == 0


# --- changing and deleting -------------------------------------------------------------------------------------------
def test_a_webhook_is_changed(admin: Caller) -> None:
    made = make(admin)
    one = f"{PATH}/{made['id']}"
    changed = admin.patch(
        one, {"url": "https://other.example/", "events": ["entity.merged"], "user_id": "ann", "project_ids": ["p", "o"]}
    )
    assert changed.status_code == 200
    expected = {
        "url": "https://other.example/",
        "events": ["entity.merged"],
        "user_id": "ann",
        "project_ids": ["o", "p"],
    }
    assert {name: changed.json()[name] for name in expected} == expected
    assert admin.patch(one, {"user_id": None, "project_ids": []}).json()["user_id"] is None
    assert admin.get(one).json()["project_ids"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"secret": SECRET}, "url"),
        ({"active": "yes"}, "active"),
        ({"events": []}, "events"),
        ({"url": "ftp://x/"}, "url"),
        ({"url": None}, "url"),
    ],
)
def test_a_wrong_change_changes_nothing(admin: Caller, body: dict[str, Any], field: str) -> None:
    made = make(admin)
    del made["secret"]
    refused(admin.patch(f"{PATH}/{made['id']}", body), 400, field)
    assert admin.get(f"{PATH}/{made['id']}").json() == made


def test_a_change_to_an_inner_address_is_refused(admin: Caller, resolver: Callable[..., None]) -> None:
    made = make(admin)
    resolver("127.0.0.1")
    refused(admin.patch(f"{PATH}/{made['id']}", {"url": "https://inside.example/"}), 400, "url")
    assert [row.url for row in rows()] == [URL]


def test_a_webhook_is_turned_off_and_on(admin: Caller) -> None:
    one = f"{PATH}/{make(admin)['id']}"
    off = admin.patch(one, {"active": False}).json()
    assert (off["active"], off["disabled_reason"]) == (False, "caller")
    assert off["disabled_at"] is not None
    assert refused(admin.post(one + "/test", None), 409).startswith("The webhook is off")
    on = admin.patch(one, {"active": True}).json()
    assert (on["active"], on["disabled_reason"], on["disabled_at"]) == (True, None, None)


def test_a_revoked_keys_webhook_is_off_until_another_key_takes_it(admin: Caller) -> None:
    other = build.caller(role=Role.ADMIN)
    one = f"{PATH}/{make(other)['id']}"
    assert other.row is not None
    assert admin.row is not None
    apikeys.revoke(other.row.id)
    seen = admin.get(one).json()
    assert (seen["active"], seen["disabled_reason"]) == (False, "key_revoked")
    assert admin.get(PATH).json()["webhooks"] == [seen]
    refused(admin.post(one + "/test", None), 409)
    taken = admin.patch(one, {"active": True}).json()
    assert (taken["active"], taken["created_by"]) == (True, public("key", admin.row.id))


def test_the_master_key_has_webhooks_too(eager: None, settings: Any) -> None:
    made = make(Caller(settings.MASTER_KEY))
    assert (made["created_by"], made["active"]) == ("master", True)


def test_a_webhook_is_deleted_with_its_log(admin: Caller, no_enqueue: None) -> None:
    made = make(admin)
    one = f"{PATH}/{made['id']}"
    admin.post(one + "/test", None)
    deleted = admin.delete(one)
    assert (deleted.status_code, deleted.json()) == (200, {"status": "success", "id": made["id"]})
    assert rows() == []
    with across_tenants("a test"):
        assert Delivery.objects.count() == 0
    assert admin.get(one).status_code == 404


# --- sending and its log ---------------------------------------------------------------------------------------------
@pytest.fixture
def no_enqueue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.services.deliveries.enqueue_on_commit", lambda *_, **__: None)
    monkeypatch.setattr("webhooks.emit.enqueue_on_commit", lambda *_, **__: None)


def test_a_test_is_signed_sent_and_logged(admin: Caller, resolver: Callable[..., None], settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    resolver("127.0.0.1")
    with receiving() as receiver:
        made = make(admin, url=f"http://hooks.example:{receiver.port}/in", secret=SECRET)
        answer = admin.post(f"{PATH}/{made['id']}/test", None)
    assert answer.status_code == 202
    assert answer["Location"] == f"{PATH}/{made['id']}/deliveries"
    (message,) = receiver.messages
    body = message.verified(SECRET)
    assert (body["type"], body["data"]) == ("webhook.test", {"webhook_id": made["id"]})
    sent = answer.json()
    assert (sent["state"], sent["message_id"]) == ("pending", message.headers["webhook-id"])
    page = admin.get(answer["Location"]).json()
    (logged,) = page["deliveries"]
    (attempt,) = logged["attempts"]
    assert logged == sent | {
        "state": "delivered",
        "attempts": [attempt],
        "next_attempt_at": None,
        "finished_at": logged["finished_at"],
    }
    assert attempt == {"at": attempt["at"], "status_code": 200, "error": None, "duration_ms": attempt["duration_ms"]}
    assert page["next_cursor"] is None


def test_a_failure_is_logged_without_what_was_answered(
    admin: Caller, resolver: Callable[..., None], settings: Any
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    resolver("127.0.0.1")
    with receiving([500]) as receiver:
        receiver.reply = b"a secret of the receiver"
        made = make(admin, url=f"http://hooks.example:{receiver.port}/in")
        admin.post(f"{PATH}/{made['id']}/test", None)
    answer = admin.get(f"{PATH}/{made['id']}/deliveries")
    assert b"a secret" not in answer.content
    (logged,) = answer.json()["deliveries"]
    assert (logged["state"], logged["error"], logged["attempts"][0]["status_code"]) == ("pending", "status", 500)
    assert logged["next_attempt_at"] > logged["created_at"]
    assert admin.get(f"{PATH}/{made['id']}").json()["failing_since"] == logged["attempts"][0]["at"]


def test_the_log_comes_in_pages_newest_first(admin: Caller, no_enqueue: None) -> None:
    log = f"{PATH}/{make(admin)['id']}/deliveries"
    other = f"{PATH}/{make(admin)['id']}/deliveries"
    assert admin.row is not None
    events = [
        Event("memory.created", admin.row.tenant_id, "default", "ann", new_id(), now(), {"n": n}) for n in range(5)
    ]
    for event in events:
        emit([event])
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = admin.get(f"{log}?limit=2{cursor and '&cursor=' + cursor}").json()
        seen += [d["id"] for d in page["deliveries"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (len(seen), pages) == (5, 3)
    assert seen == sorted(seen, reverse=True)
    assert not {d["id"] for d in admin.get(other).json()["deliveries"]} & set(seen)


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")]
)
def test_a_wrong_page_is_refused(admin: Caller, query: str, field: str) -> None:
    refused(admin.get(f"{PATH}/{make(admin)['id']}/deliveries?{query}"), 400, field)


# --- the admin -------------------------------------------------------------------------------------------------------
@pytest.fixture
def operator(eager: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client


def test_operators_see_them_without_secrets_and_texts(admin: Caller, operator: Client, no_enqueue: None) -> None:
    made = make(admin, secret=SECRET)
    (row,) = rows()
    emit([Event("memory.created", row.tenant_id, "default", "ann", new_id(), now(), {"content": "lives in Oslo"})])
    with across_tenants("a test"):
        delivery = Delivery.objects.get()
    pages = [
        "webhook/",
        "webhook/?active__exact=1&q=hooks.example",
        f"webhook/{row.id}/change/",
        "delivery/",
        f"delivery/?state__exact=pending&q={row.id}",
        f"delivery/{delivery.id}/change/",
    ]
    for page in pages:
        answer = operator.get(f"/admin/webhooks/{page}")
        assert answer.status_code == 200
        said = answer.content.decode()
        assert str(row.id) in said
        assert not any(word in said for word in (SECRET, SECRET[6:], "Oslo", "token=hidden")), page
    assert "https://hooks.example:443" in operator.get("/admin/webhooks/webhook/").content.decode()
    assert made["id"] == public("whk", row.id)


def test_operators_turn_them_off_and_on(admin: Caller, operator: Client, no_enqueue: None) -> None:
    one = f"{PATH}/{make(admin)['id']}"
    admin.post(one + "/test", None)
    (row,) = rows()
    operator.post("/admin/webhooks/webhook/", {"action": "turn_off", "_selected_action": [str(row.id)]})
    seen = admin.get(one).json()
    assert (seen["active"], seen["disabled_reason"]) == (False, "operator")
    assert admin.get(one + "/deliveries").json()["deliveries"][0]["state"] == "failed"
    operator.post("/admin/webhooks/webhook/", {"action": "turn_on", "_selected_action": [str(row.id)]})
    assert admin.get(one).json()["active"] is True


@pytest.mark.parametrize("kind", ["webhook", "delivery"])
def test_operators_change_nothing_else(admin: Caller, operator: Client, no_enqueue: None, kind: str) -> None:
    admin.post(f"{PATH}/{make(admin)['id']}/test", None)
    (row,) = rows()
    with across_tenants("a test"):
        key = row.id if kind == "webhook" else Delivery.objects.get().id
    operator.post(f"/admin/webhooks/{kind}/{key}/change/", {"url": "https://evil.example/", "state": "failed"})
    assert operator.post(f"/admin/webhooks/{kind}/{key}/delete/", {"post": "yes"}).status_code == 403
    assert operator.get(f"/admin/webhooks/{kind}/add/").status_code == 403
    with across_tenants("a test"):
        assert (Webhook.objects.get().url, Delivery.objects.get().state) == (URL, "pending")
