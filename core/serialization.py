"""Convert rows to lines of an export and back, for all apps with exported tables.

A line is a JSON object. A column is a field with its name; a link (`memory_key`) is a field without `_key`. Ids are 32
hex digits, times ISO 8601 in UTC, bytes hex. The model of the row defines the type of each column.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.dateparse import parse_datetime

from core.clock import iso
from core.tenancy import TenantRow

_T = TypeVar("_T")
_PUBLIC = re.compile(r"\b([a-z]{3}_)([0-9a-f]{32})\b")
_HEX = re.compile(r"[0-9a-f]{32}")

Line = dict[str, Any]


class LineError(Exception):
    """An invalid line: the path of the field (`revisions.0.content`), and the expected value."""

    def __init__(self, path: str, expected: str) -> None:
        self.path, self.expected = path, expected
        super().__init__(f"{path}: {expected}" if path else expected)

    def prefixed(self, path: str) -> LineError:
        """The same error, with the path of the enclosing object."""
        return LineError(f"{path}.{self.path}" if self.path else path, self.expected)


@dataclass(frozen=True, slots=True)
class IdRemapper:
    """Changes ids in an import: the last 32 bits of each id are combined with `bits`; 0 keeps the ids.

    Equal ids stay equal in every link, without a table. The order of UUIDv7 ids stays too, since the time is in the
    first bits.
    """

    bits: int = 0

    def id(self, row_id: uuid.UUID) -> uuid.UUID:
        return uuid.UUID(int=row_id.int ^ self.bits)

    def remap(self, value: Any) -> Any:
        """Remap public ids (`mem_…`) anywhere in a JSON value."""
        if not self.bits:
            return value
        return json.loads(_PUBLIC.sub(lambda m: m[1] + self.id(uuid.UUID(m[2])).hex, json.dumps(value)))


IDENTITY = IdRemapper()


@dataclass(frozen=True)
class RowFormat:
    """The exported columns of one table.

    `links`: the kind of line that each link refers to, by its field. `is_nested`: rows inside another line, without an
    id; no link refers to them.
    """

    name: str
    model: type[TenantRow]
    columns: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    is_nested: bool = False

    def line(self, row: Any) -> Line:
        """The line of a row."""
        head: Line = {} if self.is_nested else {"id": row.id.hex}
        return head | {_field_name(column): _to_json(getattr(row, column)) for column in self.columns}

    def read(self, line: Any, remapper: IdRemapper, *inner: str) -> dict[str, Any]:
        """The columns of a line as model values; `inner` are fields that the caller reads. Raises LineError."""
        if not isinstance(line, dict):
            raise LineError("", "must be an object")
        columns = self.columns if self.is_nested else ("id", *self.columns)
        names: dict[str, Any] = {_field_name(column): self.model._meta.get_field(column) for column in columns}
        known = {*names, *inner}
        if missing := sorted(known - set(line)):
            raise LineError(missing[0], "is missing")
        if unknown := sorted(set(line) - known):
            raise LineError(unknown[0][:64], "is not known here")
        return {column.attname: _from_json(name, column, line[name], remapper) for name, column in names.items()}


def batches(rows: Iterable[_T], most: int) -> Iterator[list[_T]]:
    """`rows` in lists of at most `most`."""
    batch: list[_T] = []
    for row in rows:
        batch.append(row)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def read_list(read: Callable[[Any], _T], said: Any, path: str) -> list[_T]:
    """Call `read` for each item of a list in a line."""
    if not isinstance(said, list):
        raise LineError(path, "must be a list")
    found = []
    for place, entry in enumerate(said):
        try:
            found.append(read(entry))
        except LineError as error:
            raise error.prefixed(f"{path}.{place}") from None
    return found


def _field_name(column: str) -> str:
    return column.removesuffix("_key")


def _to_json(value: Any) -> Any:
    match value:
        case dt.datetime():
            return iso(value)
        case uuid.UUID():
            return value.hex
        case bytes() | memoryview():
            return bytes(value).hex()
        case list():
            return [_to_json(entry) for entry in value]
        case _:
            return value


def _from_json(name: str, column: Any, value: Any, remapper: IdRemapper) -> Any:
    if value is None:
        if column.null:
            return None
        raise LineError(name, "must not be null")
    of = next((read for kind, read in _READERS if isinstance(column, kind)), None)
    if of is None:
        raise TypeError(f"{column}: such columns are not exported")
    expected, read = of
    try:
        found = read(column, value, remapper)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise LineError(name, expected(column))
    return found


def _text(column: Any, value: Any, _: IdRemapper) -> str | None:
    fits = isinstance(value, str) and "\0" not in value and len(value) <= (column.max_length or math.inf)
    return value if fits and (not column.choices or value in dict(column.choices)) else None


def _datetime(_: Any, value: Any, __: IdRemapper) -> dt.datetime | None:
    moment = parse_datetime(value) if isinstance(value, str) else None
    return moment if moment is not None and moment.tzinfo is not None else None


def _row_id(_: Any, value: Any, remapper: IdRemapper) -> uuid.UUID | None:
    return remapper.id(uuid.UUID(value)) if isinstance(value, str) and _HEX.fullmatch(value) else None


def _row_ids(column: Any, value: Any, remapper: IdRemapper) -> list[uuid.UUID] | None:
    found = [_row_id(column, entry, remapper) for entry in value] if type(value) is list else [None]
    return None if None in found else [row_id for row_id in found if row_id is not None]


def _bytes(column: Any, value: Any, _: IdRemapper) -> bytes | None:
    found = bytes.fromhex(value) if isinstance(value, str) else b""
    return found if len(found) == column.max_length else None


def _number(_: Any, value: Any, __: IdRemapper) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _integer(_: Any, value: Any, __: IdRemapper) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _text_rule(column: Any) -> str:
    if column.choices:
        return f"must be one of {', '.join(dict(column.choices))}"
    return f"must be text of at most {column.max_length} characters" if column.max_length else "must be text"


_Reader = Callable[[Any, Any, IdRemapper], Any]
_READERS: Sequence[tuple[type[models.Field[Any, Any]], tuple[Callable[[Any], str], _Reader]]] = (
    (models.UUIDField, (lambda _: "must be an id: 32 hex digits", _row_id)),
    (ArrayField, (lambda _: "must be a list of ids: 32 hex digits each", _row_ids)),
    (models.DateTimeField, (lambda _: "must be an ISO 8601 time with an offset", _datetime)),
    (models.BooleanField, (lambda _: "must be true or false", lambda _, v, __: v if type(v) is bool else None)),
    (models.JSONField, (lambda _: "must be an object", lambda _, v, __: v if type(v) is dict else None)),
    (models.BinaryField, (lambda c: f"must be {c.max_length} bytes in hex", _bytes)),
    (models.FloatField, (lambda _: "must be a number", _number)),
    (models.IntegerField, (lambda _: "must be a whole number, 0 or more", _integer)),
    (models.CharField, (_text_rule, _text)),
    (models.TextField, (_text_rule, _text)),
)
