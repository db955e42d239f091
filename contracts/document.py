"""The OpenAPI document as the generators read it: its operations, their groups, fields and examples."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CONTRACT = Path(__file__).parent / "openapi.yaml"
METHODS = ("post", "get", "put", "patch", "delete")
PLATFORM = "platform"  # the dialect of paths that end in a slash
_PATH = re.compile(r"(?P<dialect>/api/v\d+|/v\d+)?/(?P<segment>[^/]+)")


@dataclass(frozen=True)
class Example:
    title: str
    value: Any


@dataclass(frozen=True)
class Field:
    """A row of a table: a parameter, or a field of a body."""

    name: str
    where: str
    schema: dict[str, Any]
    required: bool
    meaning: str


@dataclass(frozen=True)
class Group:
    """The operations that share a dialect and the first segment of their path."""

    dialect: str
    name: str

    @property
    def title(self) -> str:
        if self.dialect == PLATFORM:
            return "mem0 clients"
        return f"{self.dialect}/{self.name}" if self.dialect else self.name

    @property
    def page(self) -> str:
        return f"{'v1-' if self.dialect == '/v1' else ''}{self.name}.md"


@dataclass(frozen=True)
class ApiOperation:
    method: str
    path: str
    group: Group
    raw: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def public(self) -> bool:
        return not self.raw.get("security")

    @functools.cached_property
    def bodies(self) -> tuple[Example, ...]:
        return _examples(self.raw.get("requestBody", {}).get("content", {}))

    @functools.cached_property
    def answers(self) -> dict[int, tuple[Example, ...]]:
        """The examples of each documented status."""
        statuses = sorted((int(status), said) for status, said in self.raw["responses"].items())
        return {status: _examples(said.get("content", {})) for status, said in statuses}

    @property
    def successes(self) -> tuple[int, ...]:
        return tuple(status for status in self.answers if status < 300)

    def media(self, status: int) -> str:
        return next(iter(self.raw["responses"][str(status)].get("content", {})), "")


class Document:
    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.operations = [
            ApiOperation(method.upper(), path, self._group(path), item[method])
            for path, item in raw["paths"].items()
            for method in METHODS
            if method in item
        ]
        self.groups = sorted({o.group for o in self.operations}, key=lambda g: (g.dialect, g.name))

    def of(self, group: Group) -> list[ApiOperation]:
        return [operation for operation in self.operations if operation.group == group]

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema that a reference, or a list of one, stands for."""
        if "$ref" in schema:
            return self.resolve(self.raw["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if len(schema.get("allOf", ())) == 1:
            return self.resolve(schema["allOf"][0]) | {k: v for k, v in schema.items() if k != "allOf"}
        return schema

    def fields(self, operation: ApiOperation) -> Iterator[Field]:
        """Parameters, then the body's fields, those of nested objects as `messages[].role`."""
        for said in operation.raw.get("parameters", ()):
            schema = self.resolve(said.get("schema", {}))
            yield Field(said["name"], said["in"], schema, said.get("required", False), said.get("description", ""))
        for content in operation.raw.get("requestBody", {}).get("content", {}).values():
            yield from self._properties(content["schema"], "")
            return

    def body_note(self, operation: ApiOperation) -> str:
        for content in operation.raw.get("requestBody", {}).get("content", {}).values():
            return str(self.resolve(content["schema"]).get("description", ""))
        return ""

    def _properties(self, schema: dict[str, Any], prefix: str) -> Iterator[Field]:
        resolved = self.resolve(schema)
        for name, said in resolved.get("properties", {}).items():
            inner = self.resolve(said)
            yield Field(
                prefix + name, "body", inner, name in resolved.get("required", ()), inner.get("description", "")
            )
            if inner.get("type") == "array":
                yield from self._properties(inner["items"], f"{prefix}{name}[].")
            else:
                yield from self._properties(inner, f"{prefix}{name}.")

    def _group(self, path: str) -> Group:
        """What answers at the root, under a prefix or not, is the service's own; the paths of mem0's clients are one
        group; the rest goes by its first segment."""
        if path.endswith("/"):
            return Group(PLATFORM, "mem0-clients")
        found = _PATH.match(path)
        if found is None:
            raise ValueError(f"{path} belongs to no group")
        dialect = found["dialect"] or ""
        if not dialect or path.removeprefix(dialect) in self.raw["paths"]:
            return Group("", "service")
        return Group(dialect, found["segment"])


def load(path: Path = CONTRACT) -> Document:
    return Document(yaml.safe_load(path.read_text()))


def _examples(content: dict[str, Any]) -> tuple[Example, ...]:
    for said in content.values():
        shown = said.get("examples", {})
        return tuple(Example(one.get("summary", name), one["value"]) for name, one in shown.items())
    return ()
