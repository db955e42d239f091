"""Every operation of the API, read from the URL configuration, with a good request for it from the OpenAPI document.

A new route comes in by itself. What it may need, a failing test says in one sentence: a sample for a new name in its
path (`tests/api/samples.py`), or an example of its body (its `schema.py`).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpResponse
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from apikeys.api.permissions import RequiresScope
from apikeys.scopes import SCOPES, Role, Scope
from contracts.example_order import REFUSED
from tests import leaks
from tests.shape import routes

KWARG = re.compile(r"<(?:\w+:)?(\w+)>")
PUBLIC_ID = re.compile(r"\b([a-z]{3})_[0-9a-f]{32}\b")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MASTER_ONLY = {"/metrics", "/api/v1/tenants", "/api/v1/tenants/{tenant_id}"}  # whatever the role
ALSO_ENTITIES = {"from": "entity_id", "to": "entity_id"}  # parameters that name an object as a path does
# Names in a path that are no objects: an unknown one has no memories.
NAMES = {"user_id", "entity_type", "entity_name", "project_name", "webhook_project", "job"}
ITEM_BY_ITEM = {"/api/v1/memories/batch"}  # a success, in which each item is told of its own refusal
JSON_RPC = {"mcp"}  # by route name; tests/api/test_mcp.py has the tests of its tools
ROLES = (Role.VIEWER, Role.EDITOR, Role.ADMIN)  # each may do what the one before it may


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document as `/openapi.json` gives it."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Request:
    """What is sent. `ids`: the ids of objects in it, by the place that they are named in."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    in_path: tuple[str, ...] = ()
    is_historical: tuple[str, ...] = ()
    names_user: bool = False
    names_project: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        return self.in_path + self.is_historical

    def send(self, secret: str | None) -> HttpResponse:
        """The answer to a caller with this key, or with none."""
        headers = {} if secret is None else {"X-API-Key": secret}
        leaks.net.remember(secret, self.query, self.body)
        answer = Client(raise_request_exception=False).generic(
            self.method,
            self.path + ("?" + urlencode(self.query) if self.query else ""),
            "" if self.body is None else json.dumps(self.body),
            content_type="application/json",
            headers=headers,
        )
        return _whole(answer) if answer.streaming else answer


def _whole(answer: Any) -> HttpResponse:
    """A streamed answer, read to its end."""
    read = HttpResponse(b"".join(answer.streaming_content), status=answer.status_code, headers=dict(answer.items()))
    read.request = answer.request  # type: ignore[attr-defined]
    return read


@dataclass(frozen=True)
class Operation:
    """One method of one route. HEAD is GET without the body."""

    method: str
    template: str
    name: str
    scope: Scope

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def kwargs(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"{(\w+)}", self.template)

    @property
    def described(self) -> dict[str, Any]:
        """What the OpenAPI document says of it; empty when it says nothing."""
        method = "get" if self.method == "HEAD" else self.method.lower()
        return document()["paths"].get(self.template, {}).get(method, {})

    @property
    def success(self) -> int:
        """The status of a good request that is done when it is answered; 403 if no key may do it."""
        if self.described.get(REFUSED):
            return 403
        documented = self.described.get("responses", {})
        return next((status for status in (201, 200, 202) if str(status) in documented), 200)

    @property
    def lacking(self) -> list[Role]:
        return [role for role in ROLES if self.scope not in SCOPES[role]]

    @property
    def granted(self) -> Role | None:
        """The least role that may do it; None: the master key alone."""
        if self.template in MASTER_ONLY:
            return None
        return next((role for role in ROLES if self.scope in SCOPES[role]), None)

    def request(self, samples: Mapping[str, str], by_prefix: Mapping[str, str], values: Mapping[str, Any]) -> Request:
        """A good request. `samples`: what stands for a name in the path; `by_prefix`: for the ids of the example's
        body; `values`: for fields of a query or a body, by their names."""
        path = self.template
        for name in self.kwargs:
            assert name in samples, f"{self}: tests/api/samples.py has no sample for {name!r}: add a maker to MAKERS"
            path = path.replace(f"{{{name}}}", quote(samples[name], safe=""))
        body, elsewhere = self._body(by_prefix, values)
        objects = tuple(samples[name] for name in self.kwargs if name not in NAMES)
        query = {} if body is not None else self._query(samples, values, bare=bool(objects))
        said = _names(query) | _names(body) | set(self.kwargs)
        return Request(
            self.method,
            path,
            body,
            query,
            objects,
            elsewhere + tuple(value for value in query.values() if PUBLIC_ID.fullmatch(value)),
            bool(said & {"user_id", "entity_name"}),
            bool(said & {"project", "project_id", "project_ids", "webhook_project"}),
        )

    def _body(self, by_prefix: Mapping[str, str], values: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """The first example of the body, with our ids, user and project in it; → also the ids that it names."""
        if "requestBody" not in self.described:
            return None, ()
        shown = self.described["requestBody"]["content"]["application/json"].get("examples")
        assert shown, f"{self}: its requestBody has no example: add one in its schema.py"
        found: list[str] = []

        def own(match: re.Match[str]) -> str:
            assert match[1] in by_prefix, f"{self}: no sample has the prefix {match[1]}_: add a maker to MAKERS"
            found.append(by_prefix[match[1]])
            return by_prefix[match[1]]

        text = PUBLIC_ID.sub(own, json.dumps(next(iter(shown.values()))["value"]))
        return _own(json.loads(text), values), tuple(found)

    def _query(self, samples: Mapping[str, str], values: Mapping[str, Any], *, bare: bool) -> dict[str, str]:
        """What the query must hold; also the user and the project, unless the path names an object."""
        query = {}
        for parameter in self.described.get("parameters", ()):
            name = parameter["name"]
            scope = name in ("user_id", "project") and not bare
            if parameter["in"] == "query" and (parameter.get("required") or scope):
                if name in ALSO_ENTITIES:
                    query[name] = samples[ALSO_ENTITIES[name]]
                    continue
                assert name in values, f"{self}: tests/api/samples.py has no value for the parameter {name!r}: add one"
                query[name] = values[name]
        return query


def _own(value: Any, values: Mapping[str, Any]) -> Any:
    """A body with our `values` in the fields that have their names."""
    if isinstance(value, list):
        return [_own(inner, values) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: values.get(name) or _own(inner, values) for name, inner in value.items()}


def _names(value: Any) -> set[str]:
    """The names of all fields of a body."""
    if isinstance(value, list):
        return set().union(*map(_names, value))
    return set(value).union(*map(_names, value.values())) if isinstance(value, Mapping) else set()


def scopes_of(view: type[Any]) -> Mapping[str, Scope]:
    return next((p.scopes for p in view.permission_classes if issubclass(p, RequiresScope)), {})


@functools.cache
def operations() -> list[Operation]:
    """All of the HTTP API that need a key."""
    found = []
    for path, route in routes.routes():
        if route.name in JSON_RPC:
            continue
        view = getattr(route.callback, "cls", None)
        for method, scope in (scopes_of(view) if view else {}).items():
            for each in (method, "HEAD") if method == "GET" else (method,):
                found.append(Operation(each, "/" + KWARG.sub(r"{\1}", path), str(route.name), scope))
    return found


def unhandled() -> list[tuple[str, str]]:
    """(method, path template) of what no route handles."""
    handled: dict[str, set[str]] = {}
    for operation in operations():
        handled.setdefault(operation.template, set()).add(operation.method)
    return [(method, path) for path, known in handled.items() for method in METHODS if method not in known]
