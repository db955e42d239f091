"""Generated wrong arguments of every tool are refused with the name of the argument, and change nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from core.tenancy import across_tenants
from memories.api.mcp import schemas
from memories.api.mcp.tools import TOOLS
from memories.models import Erasure, Revision, Source
from tests.api.test_mcp import OSLO, call, refused, use
from tests.build import Caller

CASES = 200
OBJECTS: list[Any] = [{}, {"a": 1}, {"content": OSLO}]
OF_ANOTHER_TYPE: dict[str, list[Any]] = {
    "string": [5, 1.5, True, [], ["a"], *OBJECTS],
    "integer": ["5", 1.5, True, [1], *OBJECTS],
    "number": ["0.5", True, [0.5], *OBJECTS],
    "boolean": ["true", 1, 0, [True], *OBJECTS],
    "object": ["a", 5, True, [], [{"a": 1}]],
}
# Texts that are wrong for every argument that is a text.
BAD_TEXTS = ["", "  ", "a\x00b", "a\x1bb"]
# Arguments whose text has a form of its own, and a text without it.
FORMS = {
    "timestamp": "yesterday",
    "as_of": "2999-01-01",
    "valid_at": "2026-13-01",
    "expires_at": "2001-01-01",
    "ttl": "soon",
    "cursor": "mem_1",
    "memory_id": "mem_" + "0" * 32,
    "entity_id": "ent_" + "f" * 32,
    "type": "PLANET",
}
FILTERS: list[Any] = [{}, {"AND": "x"}, {"topic": {"near": 1}}, {"created_at": {"gt": "soon"}}]


def wrong_values(name: str, schema: dict[str, Any]) -> list[Any]:
    """Values that the argument refuses."""
    kinds = schema["type"]
    kind = kinds if isinstance(kinds, str) else kinds[0]
    values = list(OF_ANOTHER_TYPE[kind])
    if kind == "string":
        values += [*BAD_TEXTS, "x" * (schema.get("maxLength", 1_000) + 1)]
        values += [FORMS[name]] if name in FORMS else []
    if "minimum" in schema:
        values += [schema["minimum"] - 1, schema["maximum"] + 1, float("nan"), float("inf"), 10**40]
    if kind == "object":
        values += FILTERS if name == "filters" else [{"x": "y" * 20_000}, {"x": float("inf")}, {"a\x00": 1}]
    return values


def valid_arguments(memory_id: str, entity_id: str) -> dict[str, dict[str, Any]]:
    return {
        "add_memory": {"content": "I drink tea."},
        "search_memories": {"query": "Oslo"},
        "get_context": {"query": "Oslo"},
        "list_memories": {},
        "get_memory": {"memory_id": memory_id},
        "update_memory": {"memory_id": memory_id, "content": "I drink tea."},
        "forget_memory": {"memory_id": memory_id},
        "memory_history": {"memory_id": memory_id},
        "search_entities": {},
        "entity_neighbors": {"entity_id": entity_id},
        "user_profile": {},
    }


def cases(valid: dict[str, dict[str, Any]], chance: random.Random) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(tool, the wrong argument, arguments), without end: each argument of each tool is wrong in turn."""
    while True:
        for tool in TOOLS.values():
            schema = schemas.of(tool.request())
            for name, field in schema["properties"].items():
                yield tool.name, name, valid[tool.name] | {name: chance.choice(wrong_values(name, field))}
            for name in schema.get("required", ()):
                yield tool.name, name, {k: v for k, v in valid[tool.name].items() if k != name}
                yield tool.name, name, valid[tool.name] | {name: None}
            unknown = chance.choice(["user", "id", "limit_", "Content", "__class__", "a\x00b"])
            yield tool.name, unknown, valid[tool.name] | {unknown: OSLO}


def stored() -> list[Any]:
    with across_tenants("a test"):
        revisions = Revision.objects.order_by("id").values_list("id", "content", "metadata", "retired_at")
        return [list(revisions), Source.objects.count(), Erasure.objects.count()]


@pytest.mark.parametrize("seed", [1, 2])
def test_wrong_arguments_change_nothing(owner: Caller, seed: int) -> None:
    memory_id = use(owner, "add_memory", content=OSLO)["id"]
    entities = use(owner, "search_entities")["entities"]
    before = stored()
    wrong = cases(valid_arguments(memory_id, entities[0]["id"]), random.Random(seed))
    seen = set()
    for _ in range(CASES):
        tool, name, arguments = next(wrong)
        text = refused(call(owner, tool, **arguments))
        if name in ("memory_id", "entity_id") and arguments.get(name):
            assert text.startswith(("not_found: ", f"validation_error: {name}")), (tool, arguments, text)
        else:
            assert text.startswith(f"validation_error: {name}"), (tool, name, text)
        seen.add((tool, name))
    assert {tool for tool, _ in seen} == set(TOOLS)
    assert stored() == before
