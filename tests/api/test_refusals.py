"""Every wrong input gets its dialect's error with the field's name, and nothing is written."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

from apikeys import services
from core.ids import new_id, public
from core.tenancy import across_tenants
from memories.models import Memory, Revision, Source
from tests.build import Caller, caller, tenant

V1, API = "/v1/memories", "/api/v1/memories"
UNKNOWN = "mem_01a2283d605d73a39480ffead986be8f"  # fixed: it stands in the names of tests

MEM0_CODES = {
    400: "INVALID_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
REMEMBRA_CODES = {
    400: "validation_error",
    401: "authentication_error",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
}


def assert_refused(response: HttpResponse, status: int, field: str | None = None, code: str | None = None) -> None:
    """The dialect's shape, code and field, a request id, and not one row of a memory or a write."""
    body = json.loads(response.content)
    assert response.status_code == status, body
    if response.request["PATH_INFO"].endswith("/"):
        assert set(body) == {"detail", "error", "code", "details"}
        assert body["detail"] == body["error"]
        assert body["code"] == (code or "not_found")
        body["error"] = {"code": body["code"], "message": body["detail"], "details": body["details"]}
    elif response.request["PATH_INFO"].startswith("/api/"):
        assert set(body) == {"detail", "error"}
        assert isinstance(body["detail"], str)
        assert body["detail"] == body["error"]["message"]
        assert body["error"]["code"] == (code or REMEMBRA_CODES[status])
    else:
        assert set(body) == {"success", "error", "timestamp"}
        assert body["success"] is False
        assert body["error"]["code"] == (code or MEM0_CODES[status])
    assert set(body["error"]) == {"code", "message", "details"}
    if field is not None:
        assert body["error"]["details"]["field"] == field
        assert field in body["error"]["message"]
    assert response["X-Request-Id"]
    assert "Traceback" not in response.content.decode()


def assert_nothing_written() -> None:
    with across_tenants("a test"):
        assert Source.objects.count() == Memory.objects.count() == Revision.objects.count() == 0


MALFORMED = [
    b"",
    b"{",
    b"nonsense",
    b"[1, 2]",
    b'"text"',
    b"null",
    b'{"content": NaN}',
    b'{"content": "\xff"}',
    b'{"a":' * 100_000,
]


@pytest.mark.parametrize("path", [V1, API, f"{API}/recall"])
@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_json(owner: Caller, path: str, body: bytes) -> None:
    assert_refused(owner.post(path, body), 400)
    assert_nothing_written()


WRONG_STORES: list[tuple[dict[str, Any], str]] = [
    ({}, "content"),
    ({"content": None}, "content"),
    ({"content": ""}, "content"),
    ({"content": " \n\t "}, "content"),
    ({"content": 5}, "content"),
    ({"content": True}, "content"),
    ({"content": []}, "content"),
    ({"content": [{"type": "image_url", "image_url": {"url": "x"}}]}, "content"),
    ({"content": ["a", 5]}, "content.1"),
    ({"content": [{"type": "text", "text": 5}]}, "content.0.text"),
    ({"content": "a\0b"}, "content"),
    ({"content": "a\x07b"}, "content"),
    ({"content": "a\ud800b"}, "content"),
    ({"content": "x" * 50_001}, "content"),
    ({"content": "fine", "user_id": 5}, "user_id"),
    ({"content": "fine", "user_id": ""}, "user_id"),
    ({"content": "fine", "user_id": "u" * 129}, "user_id"),
    ({"content": "fine", "user_id": "a\nb"}, "user_id"),
    ({"content": "fine", "project": 5}, "project"),
    ({"content": "fine", "project": "a", "project_id": "b"}, "project"),
    ({"content": "fine", "metadata": "text"}, "metadata"),
    ({"content": "fine", "metadata": [1]}, "metadata"),
    ({"content": "fine", "metadata": {"k": "x" * 16_400}}, "metadata"),
    ({"content": "fine", "metadata": {"k": "a\0b"}}, "metadata"),
    ({"content": "fine", "metadata": {"a\0": 1}}, "metadata"),
    ({"content": "fine", "ttl": "5m"}, "ttl"),
    ({"content": "fine", "ttl": "0d"}, "ttl"),
    ({"content": "fine", "ttl": "-1d"}, "ttl"),
    ({"content": "fine", "ttl": "forever"}, "ttl"),
    ({"content": "fine", "ttl": 5}, "ttl"),
    ({"content": "fine", "ttl": "999999999y"}, "ttl"),
    ({"content": "fine", "expires_at": "yesterday"}, "expires_at"),
    ({"content": "fine", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ({"content": "fine", "skip_extraction": "yes"}, "skip_extraction"),
    ({"content": "fine", "timestamp": "2023-13-45"}, "timestamp"),
    ({"content": "fine", "timestamp": 5}, "timestamp"),
    ({"content": "fine", "memory_type": {}}, "memory_type"),
]


@pytest.mark.parametrize(("body", "field"), WRONG_STORES, ids=range(len(WRONG_STORES)))
def test_a_wrong_store_names_its_field(owner: Caller, body: dict[str, Any], field: str) -> None:
    assert_refused(owner.post(API, body), 400, field)
    assert_nothing_written()


WRONG_ADDS: list[tuple[dict[str, Any], str]] = [
    ({}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": "text"}, "messages"),
    ({"messages": [5]}, "messages.0"),
    ({"messages": [{"role": "user"}]}, "messages.0.content"),
    ({"messages": [{"content": "x"}]}, "messages.0.role"),
    ({"messages": [{"role": "user", "content": "fine"}, {"role": "user", "content": 1}]}, "messages.1.content"),
    ({"messages": [{"role": "user", "content": "a\0"}]}, "messages.0.content"),
    ({"messages": [{"role": "user", "content": "fine", "timestamp": "noon"}]}, "messages.0.timestamp"),
    ({"messages": [{"role": "user", "content": "a"}], "content": "b"}, "messages"),
    ({"content": "x" * 1_000_001}, "content"),
    ({"messages": [{"role": "user", "content": "x" * 500_001}] * 2}, "messages"),
    ({"content": "fine", "infer": "false"}, "infer"),
    ({"content": "fine", "run_id": 1}, "run_id"),
    ({"content": "fine", "ttl": "1 fortnight"}, "ttl"),
]


@pytest.mark.parametrize(("body", "field"), WRONG_ADDS, ids=range(len(WRONG_ADDS)))
def test_a_wrong_add_names_its_field(owner: Caller, body: dict[str, Any], field: str) -> None:
    assert_refused(owner.post(V1, body), 400, field)
    assert_nothing_written()


NESTED: dict[str, Any] = {"query": "a", "filters": {"NOT": {"NOT": {"NOT": {"NOT": {"NOT": {"a": 1}}}}}}}
WRONG_RECALLS: list[tuple[dict[str, Any], str]] = [
    ({}, "query"),
    ({"query": ""}, "query"),
    ({"query": "x" * 10_001}, "query"),
    ({"query": "a\0"}, "query"),
    ({"query": "a", "limit": 0}, "limit"),
    ({"query": "a", "limit": 51}, "limit"),
    ({"query": "a", "limit": "5"}, "limit"),
    ({"query": "a", "limit": 1.5}, "limit"),
    ({"query": "a", "limit": True}, "limit"),
    ({"query": "a", "threshold": 1.1}, "threshold"),
    ({"query": "a", "threshold": "high"}, "threshold"),
    ({"query": "a", "max_tokens": 99}, "max_tokens"),
    ({"query": "a", "max_tokens": 10**30}, "max_tokens"),
    ({"query": "a", "enable_hybrid": 1}, "enable_hybrid"),
    ({}, "query"),
    ({"query": "a", "filters": {}}, "filters"),
    ({"query": "a", "filters": []}, "filters"),
    ({"query": "a", "filters": {"a": {"like": 1}}}, "filters.a.like"),
    ({"query": "a", "filters": {"AND": {"a": 1}}}, "filters.AND"),
    ({"query": "a", "filters": {"OR": [{"a": 1}, 5]}}, "filters.OR.1"),
    ({"query": "a", "filters": {"created_at": {"gte": "yesterday"}}}, "filters.created_at.gte"),
    ({"query": "a", "filters": {"agent_id": 5}}, "filters.agent_id"),
    ({"query": "a", "filters": {"price": {"gt": True}}}, "filters.price.gt"),
    ({"query": "a", "filters": {"tag": {"in": "x"}}}, "filters.tag.in"),
    ({"query": "a", "filters": {"tag": {"exists": 1}}}, "filters.tag.exists"),
    (NESTED, "filters.NOT.0.NOT.0.NOT.0.NOT.0.NOT.0"),
    ({"query": "a", "filters": {str(n): n for n in range(51)}}, "filters"),
    ({"filters": {"a": 1}, "exclude": "mem_x"}, "exclude"),
    ({"query": "a", "as_of": "2999-01-01"}, "as_of"),
    ({"query": "a", "as_of": "yesterday"}, "as_of"),
    ({"query": "a", "as_of": 1}, "as_of"),
    ({"query": "a", "valid_at": "12:00"}, "valid_at"),
    ({"query": "a", "valid_at": None}, "valid_at"),
    ({"query": "a", "archived": "true"}, "archived"),
]


@pytest.mark.parametrize(("body", "field"), WRONG_RECALLS, ids=range(len(WRONG_RECALLS)))
def test_a_wrong_recall_names_its_field(owner: Caller, body: dict[str, Any], field: str) -> None:
    assert_refused(owner.post(f"{API}/recall", body), 400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "query"),
        ("query=a&limit=0", "limit"),
        ("query=a&limit=51", "limit"),
        ("query=a&limit=many", "limit"),
        ("query=a&threshold=nan", "threshold"),
        ("query=a%00", "query"),
        ("query=a&user_id=", "user_id"),
        ("query=a&filters=%7B%7D", "filters"),
        ("query=a&as_of=2999-01-01", "as_of"),
        ("query=a&valid_at=", "valid_at"),
        ("query=a&archived=1", "archived"),
    ],
)
def test_a_wrong_search_names_its_field(owner: Caller, query: str, field: str) -> None:
    assert_refused(owner.get(f"{V1}/search?{query}"), 400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("page=1&offset=0", "page"),
        ("cursor=x", "cursor"),
        ("as_of=2999-01-01T00:00:00%2B02:00", "as_of"),
        ("valid_at=soon", "valid_at"),
    ],
)
def test_a_wrong_list_names_its_field(owner: Caller, query: str, field: str) -> None:
    assert_refused(owner.get(f"{API}?{query}"), 400, field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"unknown": 1}, "content"),
        ({"content": ""}, "content"),
        ({"content": None}, "content"),
        ({"metadata": None}, "metadata"),
        ({"pinned": "yes"}, "pinned"),
        ({"importance": 2}, "importance"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"ttl": "m"}, "ttl"),
    ],
)
@pytest.mark.parametrize("base", [V1, API])
def test_a_wrong_update_names_its_field_and_changes_nothing(
    owner: Caller, base: str, body: dict[str, Any], field: str
) -> None:
    memory_id = owner.store("I live in Oslo")["id"]
    assert_refused(owner.patch(f"{base}/{memory_id}", body), 400, field)
    assert_refused(owner.put(f"{base}/{memory_id}", body), 400, field)
    assert Revision.objects.filter(tenant=owner.row.tenant_id).count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"memory_ids": []},
        {"memory_ids": "all"},
        {"memory_ids": [UNKNOWN]},
        {"memory_ids": ["nonsense"]},
        {"all": True},
        {"all": False, "user_id": "default"},
        {"all": True, "project": "default", "user_id": "default"},
        {"user_id": "default"},
        {"project": "default"},
        {"everything": True},
        {"entity": "John"},
        {"filters": {}},
    ],
    ids=json.dumps,
)
def test_an_unclear_deletion_deletes_nothing(owner: Caller, body: dict[str, Any]) -> None:
    owner.store("I live in Oslo")
    assert_refused(owner.delete(API, body), 400)
    assert owner.recalled("Oslo") == ["User lives in Oslo"]


@pytest.mark.parametrize(
    "query", ["", "?memory_id=x", "?all_memories=true", "?all_memories=false", "?who=me", "?user_id=u"]
)
def test_an_unclear_deletion_by_query_deletes_nothing(owner: Caller, query: str) -> None:
    owner.store("I live in Oslo")
    assert_refused(owner.delete(API + query), 400)
    assert owner.recalled("Oslo") == ["User lives in Oslo"]


@pytest.mark.parametrize("user", ["%00", "u" * 129, "%20"])
def test_a_wrong_user_in_the_path(owner: Caller, user: str) -> None:
    assert_refused(owner.get(f"{V1}/user/{user}"), 400, "user_id")
    assert_refused(owner.delete(f"{V1}/user/{user}"), 400, "user_id")


def test_a_number_beyond_all_numbers(owner: Caller) -> None:
    assert_refused(owner.post(API, b'{"content": "fine", "metadata": {"k": [1e999]}}'), 400, "metadata")
    assert_nothing_written()


def test_a_wrong_agent_in_the_header(owner: Caller) -> None:
    response = owner.post(API, {"content": "I live in Oslo"}, X_Remembra_Agent_Id="a" * 129)
    assert_refused(response, 400, "X-Remembra-Agent-Id")
    assert_nothing_written()


def test_one_unknown_id_among_known_ones_deletes_nothing(owner: Caller) -> None:
    known = owner.store("I live in Oslo")["id"]
    assert_refused(owner.delete(API, {"memory_ids": [known, UNKNOWN]}), 400, "memory_ids")
    assert owner.recalled("Oslo") == ["User lives in Oslo"]


@pytest.mark.parametrize("base", [V1, API])
@pytest.mark.parametrize("memory_id", [UNKNOWN, "abc123", "mem_", UNKNOWN.upper(), "ent_" + UNKNOWN[4:], "%00", "💥"])
def test_unknown_and_malformed_ids_are_not_found(owner: Caller, base: str, memory_id: str) -> None:
    code = "MEMORY_NOT_FOUND" if base == V1 else None
    path = f"{base}/{memory_id}"
    assert_refused(owner.get(path), 404, code=code)
    assert_refused(owner.get(path + "/history"), 404, code=code)
    assert_refused(owner.patch(path, {"content": "x y"}), 404, code=code)
    assert_refused(owner.delete(path), 404, code=code)
    assert_nothing_written()


@pytest.mark.parametrize("base", ["/v1", "/api/v1"])
def test_unknown_events_are_not_found(owner: Caller, base: str) -> None:
    assert_refused(owner.get(f"{base}/events/{public('evt', new_id())}"), 404)
    assert_refused(owner.get(f"{base}/events/nonsense"), 404)


@pytest.mark.parametrize("path", ["/v1/nothing", "/api/v1/nothing", "/nothing", "/v1/nothing/", "/api/v2/x"])
@pytest.mark.parametrize("debug", [False, True])
def test_unknown_paths(owner: Caller, settings: Any, path: str, debug: bool) -> None:
    """While debugging Django would answer with a page of code and settings."""
    settings.DEBUG = debug
    assert_refused(owner.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", V1), ("GET", f"{API}/recall"), ("PUT", API), ("POST", f"{V1}/search"), ("TRACE", API)],
)
def test_wrong_methods(owner: Caller, method: str, path: str) -> None:
    assert_refused(owner.request(method, path), 405)


@pytest.mark.parametrize("path", [V1, API])
def test_a_body_of_ten_megabytes_is_refused_unread(owner: Caller, path: str) -> None:
    assert_refused(owner.post(path, b'{"content": "' + b"x" * 10_000_000 + b'"}'), 413)
    assert_nothing_written()


def test_a_body_in_chunks_is_refused(owner: Caller) -> None:
    assert_refused(owner.post(API, {"content": "I live in Oslo"}, Transfer_Encoding="chunked"), 400)
    assert_nothing_written()


@pytest.mark.parametrize("path", [V1, API])
def test_another_media_type(owner: Caller, path: str) -> None:
    response = Client().post(
        path, "content=x", content_type="application/x-www-form-urlencoded", headers={"X-API-Key": owner.secret}
    )
    assert_refused(response, 415)
    assert_nothing_written()


ROUTES = [
    ("POST", V1, {"content": "x y"}),
    ("GET", f"{V1}/search?query=x", None),
    ("GET", f"{V1}/{UNKNOWN}", None),
    ("PATCH", f"{V1}/{UNKNOWN}", {"content": "x y"}),
    ("DELETE", f"{V1}/{UNKNOWN}", None),
    ("GET", f"{V1}/user/ann", None),
    ("DELETE", f"{V1}/user/ann", None),
    ("GET", "/status", None),
    ("POST", API, {"content": "x y"}),
    ("GET", API, None),
    ("DELETE", API, {"all": True}),
    ("POST", f"{API}/recall", {"query": "x"}),
    ("GET", f"{API}/{UNKNOWN}", None),
    ("DELETE", f"{API}/{UNKNOWN}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=[f"{m} {p[:30]}" for m, p, _ in ROUTES])
def test_no_bad_revoked_and_expired_keys_are_refused_alike(eager: None, method: str, path: str, body: Any) -> None:
    revoked, expired = caller(), caller(expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    services.revoke(revoked.row.id)
    type(expired.row).objects.filter(id=expired.row.id).update(expires_at="2020-01-01T00:00:00Z")
    answers = []
    for secret in ("", "wrong", "mp_" + "x" * 43, revoked.secret, expired.secret, "schlüssel"):
        response = Caller(secret).request(method, path, body)
        assert_refused(response, 401)
        assert response["WWW-Authenticate"].startswith("Bearer")
        answers.append(json.loads(response.content)["error"])
    assert all(a == answers[0] for a in answers)
    assert_nothing_written()


def test_a_viewer_reads_and_writes_nothing(owner: Caller, viewer: Caller) -> None:
    memory_id = owner.store("I live in Oslo")["id"]
    assert viewer.recalled("Oslo") == ["User lives in Oslo"]
    assert_refused(viewer.post(API, {"content": "I live in Rome"}), 403)
    assert_refused(viewer.post(V1, {"content": "I live in Rome"}), 403)
    assert_refused(viewer.patch(f"{API}/{memory_id}", {"content": "I live in Rome"}), 403)
    assert_refused(viewer.delete(f"{V1}/{memory_id}"), 403)
    assert_refused(viewer.delete(f"{V1}/user/default"), 403)
    assert owner.recalled("live") == ["User lives in Oslo"]
    assert Revision.objects.filter(tenant=owner.row.tenant_id).count() == 1


def test_a_strangers_objects_look_like_unknown_ones(owner: Caller, stranger: Caller) -> None:
    memory_id = owner.store("I live in Oslo", user_id="ann")["id"]
    for base, code in ((V1, "MEMORY_NOT_FOUND"), (API, None)):
        for path in (f"{base}/{memory_id}", f"{base}/{memory_id}/history"):
            assert_refused(stranger.get(path), 404, code=code)
        assert_refused(stranger.patch(f"{base}/{memory_id}", {"content": "stolen words"}), 404, code=code)
        assert_refused(stranger.delete(f"{base}/{memory_id}"), 404, code=code)
    assert_refused(stranger.delete(API, {"memory_ids": [memory_id]}), 400, "memory_ids")
    assert stranger.recalled("Oslo", user_id="ann") == []
    assert stranger.get(f"{V1}/user/ann").json()["data"]["total"] == 0
    assert stranger.delete(f"{V1}/user/ann").json()["data"]["counts"].get("memories", 0) == 0
    assert owner.recalled("Oslo", user_id="ann") == ["User lives in Oslo"]


def test_a_bound_key_acts_for_its_user_alone(owner: Caller, member: Caller) -> None:
    theirs = owner.store("I live in Oslo", user_id="ann")["id"]
    mine = member.store("I live in Rome")["id"]
    assert member.recalled("live") == ["User lives in Rome"]
    assert member.recalled("live", user_id="member") == ["User lives in Rome"]
    assert_refused(member.post(f"{API}/recall", {"query": "live", "user_id": "ann"}), 403)
    assert_refused(member.post(API, {"content": "x y", "user_id": "ann"}), 403)
    assert_refused(member.get(f"{V1}/user/ann"), 403)
    assert_refused(member.delete(f"{V1}/user/ann"), 403)
    assert_refused(member.get(f"{API}/{theirs}"), 404)
    assert_refused(member.delete(f"{API}/{theirs}"), 404)
    assert owner.get(f"{API}/{mine}").json()["user_id"] == "member"
    assert member.delete(API, {"all": True}).json()["deleted_memories"] == 1
    assert owner.recalled("live", user_id="ann") == ["User lives in Oslo"]


def test_a_key_with_projects_stays_inside_them(eager: None, owner: Caller) -> None:
    home = owner.store("The key is under the mat", project="home")["id"]
    work = owner.store("The key is in the drawer", project="work")["id"]
    limited = caller(project_ids=["work"])
    two = caller(project_ids=["work", "lab"])
    assert limited.recalled("key") == ["The key is in the drawer"]
    assert_refused(limited.post(f"{API}/recall", {"query": "key", "project": "home"}), 403, "project")
    assert_refused(limited.get(f"{API}/{home}"), 404)
    assert limited.get(f"{API}/{work}").status_code == 200
    assert_refused(two.post(API, {"content": "x y"}), 400, "project")
    assert [m["id"] for m in two.get(API).json()["memories"]] == [work]
    assert {m["id"] for m in owner.get(API).json()["memories"]} == {home, work}


def test_a_user_sent_along_must_be_the_objects(owner: Caller) -> None:
    memory_id = owner.store("I live in Oslo", user_id="ann")["id"]
    assert_refused(owner.delete(API, {"memory_ids": [memory_id], "user_id": "bob"}), 400, "memory_ids")
    assert owner.delete(API, {"memory_ids": [memory_id], "user_id": "ann"}).json()["deleted_memories"] == 1


def test_two_different_keys_are_refused(owner: Caller, stranger: Caller) -> None:
    assert_refused(owner.get(API, X_API_Key=stranger.secret), 401)
    assert owner.get(API, X_API_Key=owner.secret).status_code == 200


def test_an_unexpected_failure_shows_nothing(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("memories.api.remembra.views.recall", fail)
    monkeypatch.setattr("memories.api.mem0.views.recall", fail)
    for response in (owner.post(f"{API}/recall", {"query": "x"}), owner.get(f"{V1}/search?query=x")):
        assert_refused(response, 500, code="internal_error" if b'"detail":' in response.content else "INTERNAL_ERROR")
        assert b"secret detail" not in response.content


def test_a_failure_outside_of_a_view_is_logged(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("it can't be rendered")

    monkeypatch.setattr("rest_framework.renderers.JSONRenderer.render", fail)
    for debug in (False, True):  # with DEBUG Django makes a page of its own
        caplog.clear()
        with override_settings(DEBUG=debug):
            assert_refused(owner.get(f"{V1}/search?query=x"), 500, code="INTERNAL_ERROR")
        assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == ["GET: ValueError"]


def test_the_caller_is_found_in_another_tenant_only_by_its_own_key(eager: None) -> None:
    one, other = tenant(), tenant()
    assert caller(one).store("I live in Oslo")["status"] == "success"
    assert caller(other).recalled("Oslo") == []
