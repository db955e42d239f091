"""What the Python clients send, what they repeat, and what they make of an answer: against a scripted service."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from typing import Any

import httpx2
import mem0_client
import pytest
import time_machine
from mem0_client import Mem0Error, MemoryClient, errors

from tests.sdk.python_clients import KINDS, Scripted, ok, refused

pytestmark = pytest.mark.parametrize("kind", KINDS)

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

SENT: list[tuple[str, tuple[Any, ...], dict[str, Any], str, dict[str, str], Any]] = [
    ("add", ("I like tea",), {"user_id": "ada"}, "POST /v1/memories", {}, {"content": "I like tea", "user_id": "ada"}),
    (
        "add",
        ([{"role": "user", "content": "tea", "timestamp": NOON}],),
        {"agent_id": "a", "run_id": "r", "project": "p", "metadata": {"n": 1}, "infer": False, "ttl": "3d"},
        "POST /v1/memories",
        {},
        {
            "messages": [{"role": "user", "content": "tea", "timestamp": "2026-03-01T12:00:00+00:00"}],
            "agent_id": "a",
            "run_id": "r",
            "project": "p",
            "metadata": {"n": 1},
            "infer": False,
            "ttl": "3d",
        },
    ),
    (
        "add",
        (),
        {"content": "tea", "expires_at": dt.date(2030, 1, 2), "timestamp": "2026-01-01"},
        "POST /v1/memories",
        {},
        {"content": "tea", "expires_at": "2030-01-02", "timestamp": "2026-01-01"},
    ),
    (
        "search",
        ("tea & cake",),
        {
            "user_id": "ada",
            "agent_id": "a",
            "run_id": "r",
            "project": "p",
            "limit": 5,
            "threshold": 0.5,
            "filters": {"OR": [{"source": "chat"}, {"created_at": {"gt": NOON}}]},
            "as_of": NOON,
            "valid_at": "2026-01-01",
            "reference_time": dt.date(2026, 2, 1),
            "archived": True,
            "explain": False,
        },
        "GET /v1/memories/search",
        {
            "query": "tea & cake",
            "user_id": "ada",
            "agent_id": "a",
            "run_id": "r",
            "project": "p",
            "limit": "5",
            "threshold": "0.5",
            "filters": '{"OR":[{"source":"chat"},{"created_at":{"gt":"2026-03-01T12:00:00+00:00"}}]}',
            "as_of": "2026-03-01T12:00:00+00:00",
            "valid_at": "2026-01-01",
            "reference_time": "2026-02-01",
            "archived": "true",
            "explain": "false",
        },
        None,
    ),
    (
        "get",
        ("mem_1",),
        {"include": ["embedding", "history"]},
        "GET /v1/memories/mem_1",
        {"include": "embedding,history"},
        None,
    ),
    ("get", ("..",), {"as_of": "2026-01-01"}, "GET /v1/memories/%2E%2E", {"as_of": "2026-01-01"}, None),
    (
        "update",
        ("mem_1", "coffee"),
        {"pinned": False},
        "PUT /v1/memories/mem_1",
        {},
        {"content": "coffee", "pinned": False},
    ),
    ("update", ("mem_1",), {"expires_at": None, "ttl": None}, "PUT /v1/memories/mem_1", {}, {"expires_at": None}),
    ("delete", ("mem_1",), {}, "DELETE /v1/memories/mem_1", {}, None),
    ("history", ("mem_1",), {}, "GET /v1/memories/mem_1/history", {}, None),
    (
        "get_all",
        ("a/b c",),
        {"limit": 2, "cursor": "c", "project": "p", "filters": {"n": 1}, "as_of": NOON},
        "GET /v1/memories/user/a%2Fb%20c",
        {"limit": "2", "cursor": "c", "project": "p", "filters": '{"n":1}', "as_of": "2026-03-01T12:00:00+00:00"},
        None,
    ),
    ("delete_user", ("ada@example.org",), {}, "DELETE /v1/memories/user/ada%40example%2Eorg", {}, None),
    ("event", ("evt_1",), {}, "GET /v1/events/evt_1", {}, None),
    ("status", (), {}, "GET /v1/status", {}, None),
    ("metrics", (), {}, "GET /v1/metrics", {}, None),
]


@pytest.mark.parametrize(("method", "args", "fields", "line", "query", "body"), SENT)
def test_what_is_sent(
    kind: str, method: str, args: tuple[Any, ...], fields: dict[str, Any], line: str, query: dict[str, str], body: Any
) -> None:
    service = Scripted(kind, ok({"id": "mem_1", "of_a_later_version": 1}))
    answer = getattr(service.client, method)(*args, **fields)
    assert answer == {"id": "mem_1", "of_a_later_version": 1}
    (request,) = service.asked
    assert f"{request.method} {request.url.raw_path.decode().partition('?')[0]}" == line
    assert dict(request.url.params) == query
    assert (json.loads(request.content) if request.content else None) == body
    assert request.headers["Authorization"] == "Bearer k"
    assert request.headers.get("Content-Type") == ("application/json" if body is not None else None)
    assert ("Idempotency-Key" in request.headers) is (request.method != "GET")
    assert "Prefer" not in request.headers
    assert request.extensions["timeout"] == {"connect": 30.0, "read": 30.0, "write": 30.0, "pool": 30.0}


def test_it_says_that_it_does_not_wait(kind: str) -> None:
    service = Scripted(kind, ok({}))
    service.client.add("tea", respond_async=True, idempotency_key="mine")
    service.client.update("mem_1", "tea", respond_async=True)
    assert [r.headers["Prefer"] for r in service.asked] == ["respond-async", "respond-async"]
    assert service.asked[0].headers["Idempotency-Key"] == "mine"
    assert len(service.asked[1].headers["Idempotency-Key"]) == 32


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_it_is_told_and_repeats_the_same_write(kind: str, status: int) -> None:
    service = Scripted(kind, refused(status, Retry_After="7"), refused(status, Retry_After="0.5"), ok({"id": "mem_1"}))
    assert service.client.add("tea", user_id="ada") == {"id": "mem_1"}
    assert service.slept == [7.0, 0.5]
    keys, bodies = {r.headers["Idempotency-Key"] for r in service.asked}, {r.content for r in service.asked}
    assert (len(service.asked), len(keys), len(bodies)) == (3, 1, 1)
    service.client.add("tea", user_id="ada")
    assert service.asked[3].headers["Idempotency-Key"] not in keys


@pytest.mark.parametrize(
    ("said", "slept"), [("Sun, 01 Mar 2026 12:00:30 GMT", 30.0), ("Sun, 01 Mar 2026 11:00:00 -0000", 0.0)]
)
def test_it_waits_until_a_date(kind: str, said: str, slept: float) -> None:
    service = Scripted(kind, refused(503, Retry_After=said), ok({}))
    with time_machine.travel(NOON, tick=False):
        service.client.status()
    assert (service.slept, len(service.asked)) == ([slept] if slept else [], 2)


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(502, text="<html>Bad gateway</html>"),
        httpx2.Response(504),
        refused(503),
        refused(429, Retry_After="soon"),
        refused(503, Retry_After="nan"),
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout(""),
        httpx2.RemoteProtocolError("Server disconnected"),
    ],
    ids=str,
)
def test_it_repeats_with_growing_pauses_then_gives_up(kind: str, answer: Any) -> None:
    service = Scripted(kind, answer)
    with pytest.raises(Mem0Error):
        service.client.delete("mem_1")
    assert len(service.asked) == 4
    assert [low <= s <= 2 * low for low, s in zip((0.25, 0.5, 1), service.slept, strict=True)] == [True] * 3
    assert len({r.headers["Idempotency-Key"] for r in service.asked}) == 1


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_the_caller_says_how_often(kind: str, retries: int) -> None:
    service = Scripted(kind, refused(429, "RATE_LIMIT_EXCEEDED", Retry_After="3"), max_retries=retries)
    with pytest.raises(errors.RateLimitError) as caught:
        service.client.search("tea")
    assert (len(service.asked), service.slept, caught.value.retry_after) == (retries + 1, [3.0] * retries, 3.0)


def test_a_twin_in_flight_is_waited_for(kind: str) -> None:
    service = Scripted(kind, httpx2.ReadTimeout(""), refused(409, Retry_After="1"), ok({"id": "mem_1"}))
    assert service.client.add("tea") == {"id": "mem_1"}
    assert service.slept[1:] == [1.0]


def test_a_twin_in_flight_is_not_waited_for_forever(kind: str) -> None:
    service = Scripted(kind, refused(409, "CONFLICT", Retry_After="1"))
    with pytest.raises(errors.ConflictError):
        service.client.add("tea")
    assert (len(service.asked), len({r.headers["Idempotency-Key"] for r in service.asked})) == (10, 1)
    assert 15 < sum(service.slept) < 60
    assert min(service.slept) == 1.0


def test_nobody_waits_for_an_hour(kind: str) -> None:
    service = Scripted(kind, refused(429, Retry_After="3600"))
    with pytest.raises(errors.RateLimitError) as caught:
        service.client.search("tea")
    assert (len(service.asked), service.slept, caught.value.retry_after) == (1, [], 3600.0)
    twin = Scripted(kind, refused(409, Retry_After="3600"))
    with pytest.raises(errors.ConflictError):
        twin.client.add("tea")
    assert twin.slept == []


REFUSALS = [
    (400, errors.InvalidRequestError),
    (401, errors.AuthenticationError),
    (403, errors.PermissionDeniedError),
    (404, errors.NotFoundError),
    (405, Mem0Error),
    (409, errors.ConflictError),
    (413, Mem0Error),
    (422, errors.IdempotencyMismatchError),
    (500, errors.ServerError),
]


@pytest.mark.parametrize(("status", "expected"), REFUSALS)
def test_a_refusal_is_an_error_at_once(kind: str, status: int, expected: type[Mem0Error]) -> None:
    service = Scripted(kind, refused(status, "SOME_CODE", {"field": "limit"}, X_Request_Id="req-1"))
    with pytest.raises(Mem0Error) as caught:
        service.client.add("tea")
    error = caught.value
    assert type(error) is expected
    assert (error.status, error.code, error.message) == (status, "SOME_CODE", "why")
    assert (error.details, error.request_id, error.retry_after) == ({"field": "limit"}, "req-1", None)
    assert str(error) == "SOME_CODE: why (request req-1)"
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
    assert (len(service.asked), service.slept) == (1, [])


@pytest.mark.parametrize(
    ("answer", "expected", "code", "message"),
    [
        (
            httpx2.ConnectError("refused"),
            errors.Mem0ConnectionError,
            "CONNECTION_ERROR",
            "GET /v1/memories/search: refused",
        ),
        (httpx2.ReadTimeout(""), errors.Mem0TimeoutError, "TIMEOUT", "GET /v1/memories/search: ReadTimeout"),
        (httpx2.Response(502, text="<html>"), errors.ServerError, "HTTP_502", "Bad Gateway"),
        (httpx2.Response(200, text="<html>"), Mem0Error, "INVALID_RESPONSE", "the answer is not the service's"),
        (httpx2.Response(200, json=[1]), Mem0Error, "INVALID_RESPONSE", "the answer is not the service's"),
        (httpx2.Response(302, headers={"Location": "http://else.test"}), Mem0Error, "HTTP_302", "Found"),
        (httpx2.Response(400, json={"error": "text"}), errors.InvalidRequestError, "HTTP_400", "Bad Request"),
    ],
    ids=str,
)
def test_what_no_service_of_ours_says(
    kind: str, answer: Any, expected: type[Mem0Error], code: str, message: str
) -> None:
    service = Scripted(kind, answer, max_retries=0)
    with pytest.raises(Mem0Error) as caught:
        service.client.search("tea")
    assert (type(caught.value), caught.value.code, caught.value.message) == (expected, code, message)
    assert [r.url.host for r in service.asked] == ["memory.test"]


def test_an_unhealthy_service_is_an_answer_and_a_proxys_503_is_not(kind: str) -> None:
    body = {"status": "unhealthy", "version": "1.0.0"}
    service = Scripted(kind, httpx2.Response(503, json=body))
    assert (service.client.health(), service.slept) == (body, [])
    assert service.asked[0].url.path == "/v1/health"
    with pytest.raises(errors.ServerError):
        Scripted(kind, refused(503)).client.health()


def test_it_asks_for_an_event_with_pauses(kind: str) -> None:
    states = [ok({"status": s}) for s in ("pending", "running", "pending", "failed")]
    service = Scripted(kind, *states)
    assert service.client.wait_for_event("evt_1") == {"status": "failed"}
    assert service.slept == [0.25, 0.375, 0.5625]


def test_it_does_not_wait_for_an_event_forever(kind: str) -> None:
    service = Scripted(kind, ok({"status": "pending"}))
    with pytest.raises(errors.Mem0TimeoutError, match=r"^TIMEOUT: the write is pending after 0.2 s$"):
        service.client.wait_for_event("evt_1", patience=0.2)
    assert (len(service.asked), service.slept) == (1, [])


def test_all_pages(kind: str) -> None:
    pages = [{"results": [1, 2], "next_cursor": "c1"}, {"results": [], "next_cursor": "c2"}]
    service = Scripted(kind, *map(ok, pages), ok({"results": [3], "next_cursor": None}))
    assert list(service.client.iterate("ada", limit=2, filters={"n": 1})) == [1, 2, 3]
    common = {"limit": "2", "filters": '{"n":1}'}
    assert [dict(r.url.params) for r in service.asked] == [common, common | {"cursor": "c1"}, common | {"cursor": "c2"}]


def test_what_can_not_be_sent(kind: str) -> None:
    service = Scripted(kind, ok({}))
    for call in (
        lambda: service.client.delete(""),
        lambda: service.client.delete_user(""),
        lambda: service.client.search("tea", as_of=dt.datetime(2026, 3, 1)),  # noqa: DTZ001
        lambda: service.client.add("tea", metadata={"score": float("nan")}),
    ):
        with pytest.raises(ValueError, match=r"empty|time zone|JSON"):
            call()
    with pytest.raises(TypeError, match="set can't be sent as JSON"):
        service.client.add("tea", metadata={"tags": {1}})
    assert service.asked == []


@pytest.mark.parametrize("key", ["two\nlines", "clé"])
def test_a_key_that_no_header_can_hold_is_not_quoted(kind: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"^api_key must be printable ASCII$"):
        KINDS[kind](api_key=key)


def test_where_and_who_come_from_arguments_or_the_environment(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEM0_BASE_URL", "https://env.test/memory/v1/")
    monkeypatch.setenv("MEM0_API_KEY", "from-env\n")
    service = Scripted(kind, ok({}), api_key=None, base_url=None)
    service.client.status()
    monkeypatch.delenv("MEM0_BASE_URL")
    monkeypatch.setenv("MEM0_API_KEY", "")
    default = Scripted(kind, ok({}), api_key=None, base_url=None)
    default.client.status()
    (first,), (second,) = service.asked, default.asked
    assert (str(first.url), first.headers["Authorization"]) == ("https://env.test/memory/v1/status", "Bearer from-env")
    assert (str(second.url), "Authorization" in second.headers) == ("http://localhost:8080/v1/status", False)
    with pytest.raises(ValueError, match="base_url"):
        KINDS[kind](base_url="localhost:8080")


def test_each_method_tells_what_it_takes(kind: str) -> None:
    assert mem0_client.__version__ == "1.0.0"
    assert MemoryClient.search.__doc__ == "What is remembered that matters to `query`, best first."
    service = Scripted(kind, ok({}))
    with pytest.raises(TypeError, match="unexpected keyword argument 'user'"):
        service.client.search("tea", user="ada")
