"""The filter grammar, the same on search, list, recall and delete: from JSON to a condition in SQL. Values travel as
parameters, names of metadata keys too.

`{"AND" | "OR": [filter, …]}`, `{"NOT": filter or [filter, …]}` (none of them), and `{name: value}` or
`{name: {operator: value, …}}`; several names in one object are their AND. A name is a column if it is one of COLUMNS,
otherwise a metadata key; `metadata.x` always means metadata. A missing key matches `ne`, `nin` and `exists: false`.
The dialect of mem0's clients has its own names, and uses further columns.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from core.metadata_keys import APP_ID, RESERVED
from memories.types import Condition, Filter, FilterGroup

MAX_LEVELS = 5
MAX_CONDITIONS = 50
MAX_CHOICES = 1000
TIMES = ("created_at", "updated_at", "valid_from", "expires_at")
COLUMNS = ("created_at", "updated_at", "user_id", "agent_id", "run_id", "memory_type")  # names of the grammar
OWNERS = ("user_id", "agent_id", "app_id", "run_id")
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
OPERATORS = ("eq", "ne", *COMPARISONS, "in", "nin", "contains", "icontains", "exists")


class FilterError(ValueError):
    """What is wrong with a filter, and where (`filters.AND.0.price.gt`)."""

    def __init__(self, path: str, expected: str) -> None:
        self.path, self.expected = path, expected
        super().__init__(f"{path}: {expected}")


# --- reading ---------------------------------------------------------------------------------------------------------
Part = FilterGroup | Condition
ConditionReader = Callable[[str, str, Any, str], Part]


def parse(data: Any, path: str = "filters", read: ConditionReader | None = None) -> Filter:
    """A filter from JSON. Raises FilterError for anything that is not valid.

    `read` makes a condition of (name, operator, value, path); by default the grammar's.
    """
    _check_names(data, path)
    found = _group(data, path, 1, read or named)
    if sum(1 for _ in _conditions(found)) > MAX_CONDITIONS:
        raise FilterError(path, f"must have at most {MAX_CONDITIONS} conditions")
    return found


def _check_names(data: Any, path: str) -> None:
    """No name anywhere in a filter holds characters that neither PostgreSQL nor an error message can have."""
    rest = [data]
    while rest:
        value = rest.pop()
        if isinstance(value, Mapping):
            if not all(isinstance(name, str) and is_storable(name) for name in value):
                raise FilterError(path, "must not hold NUL or broken Unicode in a name")
            rest += value.values()
        elif isinstance(value, list):
            rest += value


def is_storable(text: str) -> bool:
    """Whether PostgreSQL accepts the text."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _group(data: Any, path: str, level: int, read: ConditionReader) -> FilterGroup:
    if not isinstance(data, Mapping) or not data:
        raise FilterError(path, "must be a JSON object with at least one condition")
    if level > MAX_LEVELS:
        raise FilterError(path, f"must be nested at most {MAX_LEVELS} levels deep")
    parts: list[Part] = []
    for name, value in data.items():
        here = f"{path}.{name[:64]}"
        if name in ("AND", "OR", "NOT"):
            inner = [value] if name == "NOT" and isinstance(value, Mapping) else value
            if not isinstance(inner, list) or not inner:
                raise FilterError(here, "must be a list of filters")
            inner_parts = tuple(_group(p, f"{here}.{i}", level + 1, read) for i, p in enumerate(inner))
            parts.append(FilterGroup(name, inner_parts))
        else:
            operations = value if isinstance(value, Mapping) else {"eq": value}
            if not operations:
                raise FilterError(here, f"must name an operator: {', '.join(OPERATORS)}")
            parts += [read(name, operator, v, here) for operator, v in operations.items()]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], FilterGroup) else FilterGroup("AND", tuple(parts))


def named(name: str, operator: str, value: Any, path: str) -> Condition:
    """A condition about a column or a metadata key, by its name in the grammar."""
    if name == "app_id":
        return condition(None, APP_ID, operator, value, path)
    if name in COLUMNS:
        return condition(name, name, operator, value, path)
    return metadata_condition(name.removeprefix("metadata."), operator, value, path)


def metadata_condition(key: str, operator: str, value: Any, path: str) -> Condition:
    """A condition about a key of the metadata that callers may set."""
    if key in RESERVED:
        raise FilterError(path, "is a name that the service sets; filter by app_id")
    return condition(None, key, operator, value, path)


def condition(column: str | None, key: str, operator: str, value: Any, path: str) -> Condition:
    """One comparison. Raises FilterError."""
    if operator not in OPERATORS:
        raise FilterError(f"{path}.{operator[:64]}", f"is no operator; there are {', '.join(OPERATORS)}")
    at = path if operator == "eq" else f"{path}.{operator}"
    if not 1 <= len(key) <= 256:
        raise FilterError(path, "is no name of a metadata key")
    _check(operator, value, "app_id" if key == APP_ID else column, at)
    return Condition(column, key, operator, _moments(value) if column in TIMES and operator != "exists" else value)


def _check(operator: str, value: Any, column: str | None, path: str) -> None:
    """Check that the operator and the column accept the value."""
    if operator == "exists":
        if not isinstance(value, bool):
            raise FilterError(path, "must be true or false")
    elif operator in ("in", "nin"):
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_CHOICES:
            raise FilterError(path, f"must be a list of 1 to {MAX_CHOICES} values")
        for index, choice in enumerate(value):
            _check("eq", choice, column, f"{path}.{index}")
    elif operator in ("contains", "icontains") and column in TIMES:
        raise FilterError(path, "a time can be compared, not searched")
    elif column in TIMES:
        if not isinstance(value, str) or moment(value) is None:
            raise FilterError(path, "must be a time in ISO 8601, such as 2026-03-01T10:30:00Z")
    elif column is not None and operator not in ("eq", "ne"):
        if not isinstance(value, str):
            raise FilterError(path, "must be a string")
    elif column is not None and not isinstance(value, str | None):
        raise FilterError(path, "must be a string or null")
    elif operator in COMPARISONS and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise FilterError(path, "must be a number or a string")
    elif operator == "icontains" and not isinstance(value, str):
        raise FilterError(path, "must be a string")
    _check_scalar(value, path)


def _check_scalar(value: Any, path: str) -> None:
    if isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(v, list | Mapping) for v in value)):
        raise FilterError(path, "must be a plain value")
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and not is_storable(one):
            raise FilterError(path, "must not hold NUL or broken Unicode")
        if isinstance(one, float) and not math.isfinite(one):
            raise FilterError(path, "must be a finite number")


def moment(text: str) -> dt.datetime | None:
    """A time in ISO 8601, UTC where it says nothing else; None if it is none. It is returned in UTC, since PostgreSQL
    refuses offsets of more than 16 hours."""
    try:
        value = dt.datetime.fromisoformat(text)
        return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None


def _moments(value: Any) -> Any:
    return [moment(v) for v in value] if isinstance(value, list) else moment(value)


def _conditions(part: FilterGroup | Condition) -> Sequence[Condition]:
    return [part] if isinstance(part, Condition) else [c for p in part.parts for c in _conditions(p)]


# --- owners ----------------------------------------------------------------------------------------------------------
def _owner(name: str) -> tuple[str | None, str]:
    """The column and the name of conditions about an owner."""
    return (None, APP_ID) if name == "app_id" else (name, name)


def required(part: Filter | None, name: str) -> str | None:
    """The id that a filter requires of an owner: the first `name` = text that all of its matches have."""
    if isinstance(part, Condition):
        is_equal = (part.column, part.name, part.operator) == (*_owner(name), "eq")
        return part.value if is_equal and isinstance(part.value, str) else None
    if part is None or part.kind != "AND":
        return None
    return next((value for inner in part.parts if (value := required(inner, name)) is not None), None)


def mentions(part: Filter | None, name: str) -> bool:
    """Whether a filter has a condition about an owner."""
    return part is not None and any((c.column, c.name) == _owner(name) for c in _conditions(part))


def reads(part: Filter | None, column: str) -> bool:
    """Whether a filter has a condition about a column."""
    return part is not None and any(c.column == column for c in _conditions(part))


def without(part: Filter | None, name: str, value: str) -> Filter | None:
    """A filter without the conditions `name` = `value` that all of its matches have; None if no other is left."""
    if isinstance(part, Condition):
        return None if (part.column, part.name, part.operator, part.value) == (*_owner(name), "eq", value) else part
    if part is None or part.kind != "AND":
        return part
    kept = tuple(rest for inner in part.parts if (rest := without(inner, name, value)) is not None)
    return FilterGroup("AND", kept) if kept else None


# --- writing ---------------------------------------------------------------------------------------------------------
# `{meta}` is the metadata column, `{column}` another column, `{k}` the key, `{v}` the value as JSON, `{t}` as text,
# `{x}` unconverted. COALESCE turns the NULL of a missing key into false, so that NOT is its negation.
META = {
    "exists": "{meta} ? {k}",
    "eq": "COALESCE({meta} -> {k} = {v}::jsonb, false)",
    "in": "COALESCE({meta} -> {k} IN (SELECT jsonb_array_elements({v}::jsonb)), false)",
    "contains": """COALESCE(CASE jsonb_typeof({meta} -> {k}) WHEN 'string' THEN strpos({meta} ->> {k}, {t}) > 0
        WHEN 'array' THEN {meta} -> {k} @> {v}::jsonb END, false)""",
    "icontains": """COALESCE(CASE jsonb_typeof({meta} -> {k})
        WHEN 'string' THEN strpos(lower({meta} ->> {k}), lower({t})) > 0
        WHEN 'array' THEN lower(({meta} -> {k})::text)::jsonb @> lower({v})::jsonb END, false)""",
}
META_HOLDS = "COALESCE(CASE jsonb_typeof({meta} -> {k}) WHEN 'array' THEN {meta} -> {k} @> {v}::jsonb END, false)"
# Numbers are compared with numbers, times with texts that are times, other texts by code point.
META_NUMBER = """COALESCE(CASE jsonb_typeof({meta} -> {k})
    WHEN 'number' THEN ({meta} ->> {k})::numeric {op} {x}::numeric END, false)"""
META_TIME = """COALESCE(CASE WHEN jsonb_typeof({meta} -> {k}) = 'string'
    AND {meta} ->> {k} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}' AND pg_input_is_valid({meta} ->> {k}, 'timestamptz')
    THEN ({meta} ->> {k})::timestamptz {op} {x} END, false)"""
META_TEXT = """COALESCE(CASE jsonb_typeof({meta} -> {k})
    WHEN 'string' THEN ({meta} ->> {k}) COLLATE "C" {op} {t} END, false)"""
COLUMN = {
    "exists": "{column} IS NOT NULL",
    "eq": "{column} IS NOT DISTINCT FROM {x}",
    "in": "COALESCE({column} = ANY({x}), false)",
    "contains": "COALESCE(strpos({column}, {t}) > 0, false)",
    "icontains": "COALESCE(strpos(lower({column}), lower({t})) > 0, false)",
}
COLUMN_TIME = "COALESCE({column} {op} {x}, false)"
COLUMN_TEXT = 'COALESCE({column} COLLATE "C" {op} {t}, false)'


TEXT = sql.SQL("{}::text")


@dataclass(frozen=True, slots=True)
class Written:
    """A condition in SQL, and the values of its named parameters."""

    text: sql.Composable
    values: dict[str, Any]


def write(condition: Filter | None, columns: Mapping[str, sql.Composable]) -> Written:
    """A filter as a condition; no filter is TRUE. `columns` says where each column, and `metadata`, is read."""
    values: dict[str, Any] = {}
    return Written(_write(condition, columns, values) if condition else sql.SQL("TRUE"), values)


def _write(part: Filter, columns: Mapping[str, sql.Composable], values: dict[str, Any]) -> sql.Composable:
    if isinstance(part, Condition):
        negated = part.operator in ("ne", "nin") or (part.operator == "exists" and not part.value)
        written = _one(part, {"ne": "eq", "nin": "in"}.get(part.operator, part.operator), columns, values)
        return sql.SQL("NOT ({})").format(written) if negated else written
    joined = sql.SQL(" AND " if part.kind == "AND" else " OR ").join(_write(p, columns, values) for p in part.parts)
    return sql.SQL("NOT ({})" if part.kind == "NOT" else "({})").format(joined)


def _one(c: Condition, operator: str, columns: Mapping[str, sql.Composable], values: dict[str, Any]) -> sql.Composable:
    number = len(values) // 4
    values[f"k{number}"] = c.name
    values[f"x{number}"] = _operand(c)
    values[f"t{number}"] = c.value if isinstance(c.value, str) else ""
    values[f"v{number}"] = json.dumps(c.value, ensure_ascii=False) if c.column is None else ""
    fields: dict[str, sql.Composable] = {
        name: TEXT.format(sql.Placeholder(f"{name}{number}")) for name in ("k", "t", "v")
    }
    fields["x"] = sql.Placeholder(f"x{number}")
    fields["op"] = sql.SQL(COMPARISONS.get(operator, ""))
    fields["column"] = columns[c.column or "metadata"]
    fields["meta"] = columns["metadata"]
    return sql.SQL(_form(c, operator)).format(**fields)


def _form(c: Condition, operator: str) -> str:
    if c.column is not None:
        return COLUMN.get(operator) or (COLUMN_TIME if c.column in TIMES else COLUMN_TEXT)
    if operator == "contains" and not isinstance(c.value, str):
        return META_HOLDS  # only texts have a `contains`
    if operator in META:
        return META[operator]
    if not isinstance(c.value, str):
        return META_NUMBER
    return META_TIME if isinstance(_operand(c), dt.datetime) else META_TEXT


def _operand(c: Condition) -> Any:
    """The value as SQL compares it: a text that is a date or a time is compared as one."""
    if c.column is None and c.operator in COMPARISONS and isinstance(c.value, str) and DATE.match(c.value):
        return moment(c.value) or c.value
    return c.value
