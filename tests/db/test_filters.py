"""The filter grammar means in SQL what it means in words: held against a model of it in plain Python."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apikeys.services import default_tenant
from core.clock import now
from memories import filters
from memories.retrieval import read
from memories.types import Condition, Filter, MemoryScope
from tests.build import Caller

TEXTS = ["red", "Red", "blue", "", "2026-03-01", "2026-03-01T12:00:00+02:00", "2026-03-02", "ärger", "ÄRGER", "a'b%_\\"]
VALUES: list[Any] = [*TEXTS, 0, 1, 1.5, -2, 10, True, False, None, ["red", "blue"], ["RED"], [1, 2], []]
KEYS = ["a", "b", "metadata.a", "agent_id", "memory_type", "metadata.agent_id"]
MEMORIES = [
    {"metadata": {"a": value}, "agent_id": agent, "memory_type": kind}
    for value in VALUES
    for agent, kind in ((None, "fact"), ("red", "note"))
] + [{"metadata": {}}, {"metadata": {"b": "red", "agent_id": 1}}]


def matches(part: Filter, memory: dict[str, Any]) -> bool:
    """What a filter says of a memory."""
    if not isinstance(part, Condition):
        found = [matches(p, memory) for p in part.parts]
        return all(found) if part.kind == "AND" else any(found) if part.kind == "OR" else not any(found)
    there = memory["metadata"] if part.column is None else {k: v for k, v in memory.items() if v is not None}
    missing = part.name not in there
    value = there.get(part.name)
    match part.operator:
        case "exists":
            return missing is not part.value
        case "eq":
            return same(value, part.value) if part.column or not missing else False
        case "ne":
            return not (same(value, part.value) if part.column or not missing else False)
        case "in":
            return not missing and any(same(value, v) for v in part.value)
        case "nin":
            return missing or not any(same(value, v) for v in part.value)
        case "contains":
            return contains(value, part.value)
        case "icontains":
            return contains(lowered(value), lowered(part.value))
        case operator:
            return not missing and compares(operator, value, part.value, part.column)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) is type(other) and one == other) or (number(one) and number(other) and one == other)


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def lowered(value: Any) -> Any:
    if isinstance(value, list):
        return [lowered(v) for v in value]
    return value.lower() if isinstance(value, str) else value


def contains(value: Any, part: Any) -> bool:
    if isinstance(value, str):
        return isinstance(part, str) and part in value
    if isinstance(value, list):
        return all(any(same(v, p) for v in value) for p in (part if isinstance(part, list) else [part]))
    return False


def compares(operator: str, value: Any, other: Any, column: str | None) -> bool:
    if number(value) and number(other):
        pair: tuple[Any, Any] = (value, other)
    elif isinstance(value, str) and isinstance(other, str):
        wanted = filters.moment(other) if filters.DATE.match(other) and column is None else None
        if wanted is None:
            pair = (value, other)
        else:
            found = filters.moment(value)
            if found is None:
                return False
            pair = (found, wanted)
    else:
        return False
    one, two = pair
    return {"gt": one > two, "gte": one >= two, "lt": one < two, "lte": one <= two}[operator]


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    scalar = st.sampled_from(VALUES)
    comparable = st.sampled_from([v for v in VALUES if number(v) or isinstance(v, str)])
    text = st.sampled_from(TEXTS)
    operation = st.one_of(
        scalar.map(lambda v: {"eq": v}),
        scalar.map(lambda v: {"ne": v}),
        scalar.filter(lambda v: v is not None),
        st.tuples(st.sampled_from(["gt", "gte", "lt", "lte"]), comparable).map(lambda p: {p[0]: p[1]}),
        st.tuples(st.sampled_from(["in", "nin"]), st.lists(scalar, min_size=1, max_size=4)).map(lambda p: {p[0]: p[1]}),
        st.sampled_from(VALUES).map(lambda v: {"contains": v}),
        text.map(lambda v: {"icontains": v}),
        st.booleans().map(lambda v: {"exists": v}),
    )
    return st.dictionaries(st.sampled_from(KEYS), operation, min_size=1, max_size=3)


def trees() -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        conditions(),
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(["AND", "OR", "NOT"]), st.lists(inner, min_size=1, max_size=3)).map(
                lambda p: {p[0]: p[1]}
            ),
            inner.map(lambda f: {"NOT": f}),
        ),
        max_leaves=5,
    )


@pytest.fixture
def stored(owner: Caller) -> dict[str, dict[str, Any]]:
    """Memories by their texts, in the database and beside it."""
    for number, memory in enumerate(MEMORIES):
        sent = {k: v for k, v in memory.items() if v is not None}
        owner.store(f"memory number {number}", skip_extraction=True, **sent)
    return {f"memory number {n}": {"memory_type": "turn", "agent_id": None, **m} for n, m in enumerate(MEMORIES)}


def test_a_filter_finds_what_it_says(stored: dict[str, dict[str, Any]], owner: Caller) -> None:
    scope = MemoryScope(default_tenant().id, "default", None)

    @given(tree=trees())
    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
    def finds(tree: dict[str, Any]) -> None:
        try:
            condition = filters.parse(tree)
        except filters.FilterError:
            return  # a value that its column can't be asked about
        ids = read.matching(scope, now(), condition, limit=1000)
        found = {m.content for m in read.by_ids(scope.tenant_id, ids, now()).values()}
        assert found == {text for text, memory in stored.items() if matches(condition, memory)}, tree

    finds()


def test_times_are_compared_as_times(owner: Caller) -> None:
    owner.store("Ann lives in Oslo")
    tomorrow = (now() + dt.timedelta(days=1)).isoformat()

    def total(condition: dict[str, Any]) -> int:
        response = owner.get(f"/api/v1/memories?{urlencode({'filters': json.dumps(condition)})}")
        assert response.status_code == 200, response.content
        return int(response.json()["total"])

    assert total({"created_at": {"lt": tomorrow}}) == 1
    assert total({"created_at": {"gte": tomorrow}}) == 0
    assert total({"updated_at": {"gt": "2020-01-01", "lte": tomorrow}}) == 1
    assert total({"NOT": {"created_at": {"gt": "2020-01-01"}}}) == 0
