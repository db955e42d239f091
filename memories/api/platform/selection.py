"""The filters of mem0's clients as the filter grammar of this service, and the owners that they name."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import UTC
from core.ids import MEMORY, parse
from core.metadata_keys import APP_ID
from memories import filters
from memories.api.messages import MILLISECONDS, UNIX
from memories.filters import OWNERS, FilterError, Part, condition, named
from memories.types import Condition, Filter, FilterGroup

ANY = "*"
TIMES = {"created_at": "created_at", "updated_at": "updated_at", "timestamp": "valid_from"}
OTHERS = ("expiration_date", "text", "categories", "metadata", "keywords", "memory_ids")
NAMES = (*OWNERS, *TIMES, *OTHERS)
UNKNOWN_ID = uuid.UUID(int=0)  # of no memory
DAY = dt.timedelta(days=1)
LAST_DAY = dt.datetime.max.replace(tzinfo=UTC)
# The column or the metadata key that has a value if any is there.
PRESENT: dict[str, tuple[str | None, str]] = {
    **{name: (None if name == "app_id" else name, APP_ID if name == "app_id" else name) for name in OWNERS},
    **{name: (column, column) for name, column in TIMES.items()},
    "expiration_date": ("expires_at", "expires_at"),
    "text": ("content", "content"),
    "keywords": ("content", "content"),
    "categories": (None, "categories"),
    "memory_ids": ("memory_id", "memory_id"),
}


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
    if name in PRESENT and _is_any(value):
        return _present(*PRESENT[name], operator, value, path)
    if name in OWNERS:
        return named(name, operator, value, path)
    if name in TIMES:
        return _time(TIMES[name], operator, value, path)
    match name:
        case "expiration_date":
            return _expiry(operator, value, path)
        case "text":
            return condition("content", "content", operator, value, path)
        case "keywords":
            return _keywords(operator, value, path)
        case "categories":
            return _categories(operator, value, path)
        case "memory_ids":
            return _ids(operator, value, path)
        case "metadata":
            return _metadata(operator, value, path)
    raise FilterError(path, f"is no key of a filter; there are AND, OR, NOT, {', '.join(NAMES)}")


def _is_any(value: Any) -> bool:
    return value == ANY or (isinstance(value, list) and ANY in value)


def _present(column: str | None, key: str, operator: str, value: Any, path: str) -> Condition:
    """`*`: there is any value; with `ne` there is none."""
    if value != ANY or operator not in ("eq", "ne"):
        raise FilterError(path, f'"{ANY}" is any value: it stands alone, with eq or ne')
    return condition(column, key, "exists", operator == "eq", path)


def _time(column: str, operator: str, value: Any, path: str) -> Part:
    several = [_iso(v) for v in value] if isinstance(value, list) else _iso(value)
    return condition(column, column, operator, several, path)


def _iso(value: Any) -> Any:
    """A Unix time in seconds or milliseconds as ISO 8601; other values stay."""
    if isinstance(value, str) and UNIX.fullmatch(value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    try:
        return dt.datetime.fromtimestamp(value if value < MILLISECONDS else value / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return value


def _expiry(operator: str, value: Any, path: str) -> Part:
    """A memory is there until the end of its expiration date, so `expires_at` is the day after. null: it never
    expires."""
    if value is None:
        if operator not in ("eq", "ne"):
            raise FilterError(path, "null means that a memory never expires: it is compared with eq or ne")
        return condition("expires_at", "expires_at", "exists", operator == "ne", path)
    if operator in ("in", "nin") and isinstance(value, list):
        return _several(operator, [_expiry("eq", day, path) for day in value], path)
    day = filters.moment(value) if isinstance(value, str) and filters.DATE.fullmatch(value) else None
    if day is None:
        return _time("expires_at", operator, value, path)
    next_day = min(day, LAST_DAY - DAY) + DAY

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


def _several(operator: str, parts: Sequence[Part], path: str) -> FilterGroup:
    """All of these conditions; with `in` one of them, with `ne` and `nin` none."""
    if not 1 <= len(parts) <= filters.MAX_CONDITIONS:
        raise FilterError(path, f"must be a list of 1 to {filters.MAX_CONDITIONS} values")
    return FilterGroup({"ne": "NOT", "nin": "NOT", "in": "OR"}.get(operator, "AND"), tuple(parts))


def _keywords(operator: str, value: Any, path: str) -> Part:
    """Words of the text, in any case."""
    _refuse_other(operator, path)
    words = value if isinstance(value, list) else [value]
    return _several(operator, [condition("content", "content", "icontains", word, path) for word in words], path)


def _categories(operator: str, value: Any, path: str) -> Part:
    """Categories are a list in the metadata; a memory has a category if the list contains it."""
    _refuse_other(operator, path)
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(category, str) for category in values):
        raise FilterError(path, "must be a category or a list of categories")
    if operator == "icontains":
        parts = [condition(None, "categories", "icontains", category, path) for category in values]
    else:  # a list is contained in lists alone, a text in texts too
        parts = [condition(None, "categories", "contains", [category], path) for category in values]
    return _several(operator, parts, path)


def _refuse_other(operator: str, path: str) -> None:
    if operator not in ("eq", "ne", "in", "nin", "contains", "icontains"):
        raise FilterError(f"{path}.{operator[:64]}", "must be eq, ne, in, nin, contains or icontains")


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
        if operand == ANY and operator in ("eq", "ne"):
            operator, operand = "exists", operator == "eq"
        parts.append(filters.metadata_condition(key, operator, operand, path))
    return FilterGroup("AND", tuple(parts))
