"""The filters of mem0's clients as the filter grammar of this service, and the owners that they name."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.clock import UTC
from core.ids import MEMORY, parse
from memories import filters
from memories.filters import OWNERS, FilterError, Part, condition, named
from memories.types import Condition, Filter, FilterGroup

ANY = "*"
TIMES = {"created_at": "created_at", "updated_at": "updated_at", "timestamp": "valid_from"}
TEXTS = ("text", "keywords")
OTHERS = ("expiration_date", "text", "categories", "metadata", "keywords", "memory_ids")
NAMES = (*OWNERS, *TIMES, *OTHERS)
UNKNOWN_ID = uuid.UUID(int=0)  # of no memory
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Selection:
    """Memories by owners and a condition. `any_user`: without a `user_id` those of all users."""

    condition: Filter | None
    any_user: bool = False

    def owner(self, name: str) -> str | None:
        """The id that all of these memories have as this owner."""
        return filters.required(self.condition, name)

    @property
    def names_owner(self) -> bool:
        return any(self.owner(name) is not None for name in OWNERS)

    def less(self, *names: str) -> Filter | None:
        """The condition without these owners, which a query has in its own fields."""
        rest = self.condition
        for name in names:
            if (value := filters.required(rest, name)) is not None:
                rest = filters.without(rest, name, value)
        return rest


def selection(*conditions: Filter | None) -> Selection:
    """The memories that match all of these conditions."""
    parts = tuple(part for part in conditions if part is not None)
    whole = FilterGroup("AND", parts) if parts else None
    return Selection(whole, any(filters.mentions(whole, name) for name in OWNERS))


def read(data: Any, path: str = "filters") -> Filter | None:
    """A filter of a client; an empty one is None. Raises FilterError, with the path of an unknown key."""
    return None if data in (None, {}) else filters.parse(data, path, _condition)


def equal(name: str, value: str) -> Filter:
    """An owner that was named beside the filters."""
    return _condition(name, "eq", value, name)


def _condition(name: str, operator: str, value: Any, path: str) -> Part:
    if name in OWNERS:
        if (operator, value) == ("eq", ANY):
            return named(name, "exists", True, path)
        return named(name, operator, value, path)
    if name in TIMES:
        return _time(TIMES[name], operator, value, path)
    match name:
        case "expiration_date":
            return _expiry(operator, value, path)
        case "text" | "keywords":
            return _text(name, operator, value, path)
        case "categories":
            return _categories(operator, value, path)
        case "memory_ids":
            return _ids(operator, value, path)
        case "metadata":
            return _metadata(operator, value, path)
    raise FilterError(path, f"is no key of a filter; there are AND, OR, NOT, {', '.join(NAMES)}")


def _time(column: str, operator: str, value: Any, path: str) -> Part:
    if (operator, value) == ("eq", ANY):
        return condition(column, column, "exists", True, path)
    several = [_iso(v) for v in value] if isinstance(value, list) else _iso(value)
    return condition(column, column, operator, several, path)


def _iso(value: Any) -> Any:
    """A Unix time in seconds as ISO 8601; other values stay."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    try:
        return dt.datetime.fromtimestamp(value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return value


def _expiry(operator: str, value: Any, path: str) -> Part:
    """A memory is there until the end of its expiration date, so `expires_at` is the day after."""
    if value is None or value == ANY:
        return condition("expires_at", "expires_at", "exists", (operator == "ne") is (value is None), path)
    day = filters.moment(value) if isinstance(value, str) and filters.DATE.fullmatch(value) else None
    if day is None:
        return _time("expires_at", operator, value, path)
    try:
        next_day = day + DAY
    except OverflowError:
        raise FilterError(path, "must be a date such as 2026-03-01") from None

    def compare(by: str, than: dt.datetime) -> Condition:
        return condition("expires_at", "expires_at", by, than.isoformat(), path)

    match operator:
        case "gt" | "lte":
            return compare(operator, next_day)
        case "gte":
            return compare("gt", day)
        case "lt":
            return compare("lte", day)
        case "eq" | "ne":
            on_that_day = FilterGroup("AND", (compare("gt", day), compare("lte", next_day)))
            return on_that_day if operator == "eq" else FilterGroup("NOT", (on_that_day,))
    return _time("expires_at", operator, value, path)


def _text(name: str, operator: str, value: Any, path: str) -> Part:
    """`keywords` are words of the text in any case."""
    if name == "keywords" and isinstance(value, list) and operator in ("eq", "in", "contains", "icontains"):
        if not 1 <= len(value) <= filters.MAX_CONDITIONS:
            raise FilterError(path, f"must be a list of 1 to {filters.MAX_CONDITIONS} words")
        parts = tuple(condition("content", "content", "icontains", word, path) for word in value)
        return FilterGroup("OR" if operator == "in" else "AND", parts)
    if name == "keywords" and operator in ("eq", "contains"):
        operator = "icontains"
    return condition("content", "content", operator, value, path)


def _categories(operator: str, value: Any, path: str) -> Part:
    """Categories are a list in the metadata; a memory has a category if the list contains it."""
    if (operator, value) == ("eq", ANY):
        return condition(None, "categories", "exists", True, path)
    values = value if isinstance(value, list) else [value]
    if operator not in ("eq", "ne", "in", "nin", "contains", "icontains") or not all(
        isinstance(v, str) for v in values
    ):
        raise FilterError(path, "must be a category or a list of categories")
    if not 1 <= len(values) <= filters.MAX_CONDITIONS:
        raise FilterError(path, f"must be a list of 1 to {filters.MAX_CONDITIONS} categories")
    has = "icontains" if operator == "icontains" else "contains"
    parts = tuple(condition(None, "categories", has, category, path) for category in values)
    return FilterGroup({"ne": "NOT", "nin": "NOT", "in": "OR"}.get(operator, "AND"), parts)


def _ids(operator: str, value: Any, path: str) -> Part:
    """An unknown id matches nothing."""
    values = value if isinstance(value, list) else [value]
    if operator not in ("eq", "ne", "in", "nin") or not all(isinstance(v, str) for v in values):
        raise FilterError(path, "must be an id of a memory or a list of ids")
    if not 1 <= len(values) <= filters.MAX_CHOICES:
        raise FilterError(path, f"must be a list of 1 to {filters.MAX_CHOICES} ids")
    keys = [parse(MEMORY, v) or UNKNOWN_ID for v in values]
    return Condition("memory_id", "memory_id", "nin" if operator in ("ne", "nin") else "in", keys)


def _metadata(operator: str, value: Any, path: str) -> Part:
    """`{"metadata": {key: value}}` or `{"metadata": {"eq" | "contains" | "ne": {key: value}}}`."""
    if operator in ("eq", "ne", "contains"):
        if not isinstance(value, Mapping) or not value:
            raise FilterError(path, "must be a JSON object with at least one key")
        parts = tuple(_metadata_key(key, inner, f"{path}.{key[:64]}") for key, inner in value.items())
        inside = FilterGroup("AND", parts)
        return FilterGroup("NOT", (inside,)) if operator == "ne" else inside
    return _metadata_key(operator, value, f"{path}.{operator[:64]}")


def _metadata_key(key: str, value: Any, path: str) -> Part:
    operations = value if isinstance(value, Mapping) else {"eq": value}
    if not operations:
        raise FilterError(path, f"must name an operator: {', '.join(filters.OPERATORS)}")
    parts = []
    for operator, operand in operations.items():
        if (operator, operand) == ("eq", ANY):
            operator, operand = "exists", True
        parts.append(condition(None, key, operator, operand, path))
    return FilterGroup("AND", tuple(parts))
