"""Every operation, asked by everybody who may not: the exact refusal, and not one row of the owner changed.

Generated from the URL configuration: a new route falls into this net by itself (see `tests/api/operations.py`).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from apikeys.scopes import Scope
from core.http import platform, remembra
from core.http.dialects import dialect_of
from tests.api.operations import (
    ITEM_BY_ITEM,
    JSON_RPC,
    METHODS,
    PUBLIC_ID,
    Operation,
    Request,
    operations,
    scopes_of,
    unhandled,
)
from tests.api.samples import FOREIGN, MAKERS, NOBODY, NOBODYS, TEXT, USER, World
from tests.shape import routes

NEUTRAL = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
}
# What a key that is bound to a user, or limited to projects, may never do: it is about the whole tenant.
NEVER = {
    "a key bound to another user": {
        "/v1/metrics",
        "/api/v1/keys",
        "/api/v1/keys/{key_id}",
        "/api/v1/keys/{key_id}/rotate",
        "POST /v2/profiles/settings/",
    },
    "a key limited to another project": {"/v1/metrics"},
}
ALWAYS_REFUSED = {"/api/v1/orgs/organizations/{org_id}/projects/"}  # for any organization
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
SECRET = re.compile(r"whsec_[\w+/=]+")
SIGNATURE = re.compile(r"\b[0-9a-f]{64}\b")
OWN_HEADERS = ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def refused(response: HttpResponse, path: str, status: int) -> None:
    """The dialect's shape and code for this status, and for 401 the challenge."""
    assert response.status_code == status, response.content
    assert response["X-Request-Id"]
    assert response.has_header("WWW-Authenticate") == (status == 401)
    if response.request["REQUEST_METHOD"] == "HEAD":
        assert response.content == b""
        return
    assert response["Content-Type"] == "application/json"
    body = json.loads(response.content)
    dialect = dialect_of(path)
    if dialect is platform:
        assert body["code"] in {NEUTRAL[status]} | ({"memory_not_found"} if status == 404 else set())
        assert set(body) == {"detail", "error", "code", "details"}
        assert isinstance(body["detail"], str)
        return
    codes = {dialect.CODES[NEUTRAL[status]]} | ({dialect.CODES["memory_not_found"]} if status == 404 else set())
    assert body["error"]["code"] in codes
    assert set(body["error"]) == {"code", "message", "details"}
    if dialect is remembra:
        assert set(body) == {"detail", "error"}
        assert body["detail"] == body["error"]["message"]
    else:
        assert (set(body), body["success"]) == ({"success", "error", "timestamp"}, False)


def essence(response: HttpResponse, asked: Request) -> tuple[int, dict[str, str], str]:
    """An answer without what may differ between two objects: ids, times, signatures."""
    text = response.content.decode()
    for named in (*asked.ids, USER, NOBODY):
        text = text.replace(named, "<id>")
    for changing in (PUBLIC_ID, TIME, SIGNATURE, SECRET):
        text = changing.sub("<…>", text)
    return response.status_code, {k: v for k, v in response.items() if k not in OWN_HEADERS}, text


def each(callers: Any) -> Any:
    cases = [(operation, who) for operation in operations() for who in callers(operation)]
    return pytest.mark.parametrize(("operation", "who"), cases, ids=[f"{o} by {who}" for o, who in cases])


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_without_a_valid_key(world: World, operation: Operation) -> None:
    """No key, a wrong, a revoked and an expired one: 401, and one answer for all of them."""
    asked, secrets = world.good(operation), [world.secret(who) for who in NOBODYS]
    before = world.rows()
    answers = [asked.send(secret) for secret in secrets]
    for answer in answers:
        refused(answer, asked.path, 401)
    assert {str(essence(answer, asked)) for answer in answers} == {str(essence(answers[0], asked))}
    assert world.rows() == before


@each(lambda operation: operation.lacking)
def test_with_a_role_that_lacks_the_scope(world: World, operation: Operation, who: str) -> None:
    asked, secret = world.good(operation), world.secret(who)
    before = world.rows()
    refused(asked.send(secret), asked.path, 403)
    assert world.rows() == before


def expected(operation: Operation, who: str, asked: Request) -> int | None:
    """The status that a foreigner gets; None for ids in a body or a query, where 400 and 404 are both right."""
    if operation.template in ALWAYS_REFUSED:
        return 403
    names_user = who == "a key bound to another user" and asked.names_user
    names_project = who == "a key limited to another project" and asked.names_project
    if operation.granted is None or not {operation.template, str(operation)}.isdisjoint(NEVER.get(who, ())):
        return 403
    if (names_user or names_project) and operation.template not in ITEM_BY_ITEM:
        return 403
    if asked.in_path:
        return 404
    return None if asked.is_historical else operation.success


@each(lambda _: FOREIGN)
def test_as_a_foreigner(world: World, operation: Operation, who: str) -> None:
    """Foreign is answered exactly like unknown; and what is answered with success shows nothing of the owner's."""
    asked, unknown, secret = world.good(operation), world.unknown(operation), world.secret(who)
    before, status = world.rows(), expected(operation, who, asked)
    answer = asked.send(secret)
    assert status in (answer.status_code, None), answer.content
    if answer.status_code >= 300:
        refused(answer, asked.path, status or (400 if answer.status_code == 400 else 404))
        assert world.rows() == before
    if operation.template in ITEM_BY_ITEM and who == "a key bound to another user":
        assert {item["error"]["code"] for item in answer.json()["results"]} == {"permission_denied"}
        assert world.rows() == before
    assert before <= world.rows()
    assert TEXT not in answer.content.decode()
    if asked.ids or operation.kwargs:
        assert essence(answer, asked) == essence(unknown.send(secret), unknown)
        assert before <= world.rows()


@pytest.mark.parametrize("operation", [o for o in operations() if o.kwargs], ids=str)
def test_the_owner_does_not_find_what_never_was(world: World, operation: Operation) -> None:
    unknown = world.unknown(operation)
    answer = unknown.send(world.owner.secret if operation.granted else world.secret("the master"))
    if unknown.in_path:
        refused(answer, unknown.path, 403 if operation.template in ALWAYS_REFUSED else 404)
    else:
        assert answer.status_code == operation.success


@pytest.mark.parametrize(("method", "template"), unhandled(), ids=lambda value: str(value))
def test_a_method_that_a_route_has_not(world: World, method: str, template: str) -> None:
    before, asked = world.rows(), Request(method, re.sub(r"{\w+}", "x", template))
    answer = asked.send(world.owner.secret)
    refused(answer, asked.path, 405)
    handled = {o.method for o in operations() if o.template == template}
    assert {name.strip() for name in answer["Allow"].split(",")} - {"OPTIONS", "HEAD"} == handled - {"HEAD"}
    assert world.rows() == before


def test_every_name_in_a_path_has_a_sample() -> None:
    missing = {name: str(o) for o in operations() for name in o.kwargs if name not in MAKERS}
    assert missing == {}, "add a maker for each of these names to MAKERS in tests/api/samples.py"


def test_every_operation_is_in_the_document() -> None:
    assert [str(o) for o in operations() if not o.described] == [], "describe them with extend_schema"


def test_the_nets_are_cast_over_everything() -> None:
    """What the generator leaves out are the routes that need no key and those of JSON-RPC, and nothing else."""
    cast = {o.name for o in operations()}
    assert {str(route.name) for _, route in routes.routes()} - cast == routes.PUBLIC | JSON_RPC
    assert {o.method for o in operations()} <= set(METHODS)


@pytest.mark.parametrize("path", ["/health", "/v1/health", "/api/v1/health", "/openapi.json", "/docs", "/redoc"])
def test_what_needs_no_key(world: World, path: str) -> None:
    assert Client().get(path).status_code == 200


def test_a_read_takes_no_idempotency_key() -> None:
    """Its response, which has texts of memories, would be stored."""
    views = {f"/{path}": route.callback.cls for path, route in routes.routes() if hasattr(route.callback, "cls")}
    reads = [path for path, view in views.items() if scopes_of(view).get("POST") is Scope.READ]
    assert {"/v3/memories/search/", "/api/v1/memories/recall", "/mcp"} <= set(reads)
    assert [path for path in reads if "POST" in views[path].writes] == []
