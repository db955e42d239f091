"""One example request of an operation: where it goes and what it carries. Ids are the document's example ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from contracts.document import PLATFORM, ApiOperation, Document, Example

ID = re.compile(r"\b[a-z]+_[0-9a-f]{32}\b")
# Addresses of nobody (RFC 2606): a user of the example replaces them by a real server.
ADDRESS = re.compile(r"https://(?:[\w-]+\.)*example\.com[^\"\s]*")
# Groups that the master key manages; everything else is done with an ordinary key.
MASTER = frozenset({"keys", "tenants", "metrics"})
# Sent whenever it may be: a list without it would be the default user's.
SHOWN = frozenset({"user_id"})

ACCEPTED = 202
SCHEMES = {"/api/v1": "", PLATFORM: "Token"}
JsonPath = tuple[str | int, ...]
# Where an answer about one object has that object's id.
OWN: frozenset[JsonPath] = frozenset({("id",), ("data", "id")})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any
    key: str  # "", "key" or "master"
    scheme: str  # of the Authorization header; "": X-API-Key

    @property
    def target(self) -> str:
        return self.path + (f"?{urlencode(self.query, quote_via=quote)}" if self.query else "")

    @property
    def ids(self) -> list[str]:
        """The example ids in it, in order, each once."""
        return list(dict.fromkeys(ID.findall(f"{self.target} {json.dumps(self.body)}")))


def request(document: Document, operation: ApiOperation, example: Example | None) -> Request:
    path, query = operation.path, []
    for said in operation.raw.get("parameters", ()):
        name = said["name"]
        if said["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(path_value(document, operation, name, said)))
        elif said["in"] == "query":
            given = _given(said)
            if given is None and (said.get("required") or name in SHOWN) and not operation.bodies:
                given = _from_examples(document, operation, name)
            if given is not None:
                query.append((name, given if isinstance(given, str) else json.dumps(given)))
    key = "" if operation.public else "master" if set(operation.path.split("/")) & MASTER else "key"
    return Request(
        operation.method,
        path,
        tuple(query),
        example.value if example else None,
        key,
        scheme=SCHEMES.get(operation.group.dialect, "Bearer"),
    )


def path_value(document: Document, operation: ApiOperation, name: str, said: dict[str, Any]) -> str:
    """The example of a path parameter: its own, else the id in an answer about the object, else one in a body."""
    if (given := _given(said)) is not None:
        return str(given)
    head = operation.path.partition(f"{{{name}}}")[0]
    for method, path in (("POST", head.rstrip("/")), ("GET", f"{head}{{{name}}}"), ("GET", head.rstrip("/"))):
        for other in document.operations:
            if (other.method, other.path.rstrip("/")) == (method, path):
                for place, found in places(other):
                    if place in OWN or (path == head.rstrip("/") and place[-1] == "id"):
                        return found
    return str(_from_examples(document, operation, name))


def places(operation: ApiOperation, *, later: bool = False) -> Iterator[tuple[JsonPath, str]]:
    """Where each example id lies in the answer of success (`later`: in that of `Prefer: respond-async`), the
    shallowest first."""
    statuses = [s for s in operation.successes if (s == ACCEPTED) == later] or operation.successes[:1]
    shown = [example.value for status in statuses for example in operation.answers[status]]
    yield from sorted((one for value in shown for one in _walk(value, ())), key=lambda one: len(one[0]))


def _walk(value: Any, at: JsonPath) -> Iterator[tuple[JsonPath, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, (*at, index))
    elif isinstance(value, str) and ID.fullmatch(value):
        yield at, value


def _given(said: dict[str, Any]) -> Any:
    if "example" in said:
        return said["example"]
    for example in said.get("examples", {}).values():
        return example["value"]
    return said.get("schema", {}).get("example")


def _from_examples(document: Document, operation: ApiOperation, name: str) -> Any:
    """What the operation's own answer, else one of the dialect's requests, calls by this name."""
    values = [example.value for status in operation.successes for example in operation.answers[status]]
    values += [value.get("data") for value in values if isinstance(value, dict)]
    for other in document.operations:
        if other.group.dialect == operation.group.dialect:
            values += [example.value for example in other.bodies]
    for value in values:
        if isinstance(value, dict) and value.get(name) is not None:
            return value[name]
    raise ValueError(f"{operation.name}: give the parameter `{name}` an example in the OpenAPI document")
