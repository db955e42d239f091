"""Rows as the lines of an export, and lines as rows again: what every app that carries its tables shares.

A line is a JSON object; a column is a field of its name, a link (`memory_key`) one without `_key`. Ids are 32 hex
digits, moments ISO 8601 in UTC, bytes hex. What a column may hold, its model says.
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
    """What is wrong with a line: the path of its field (`revisions.0.content`), and what is expected there."""

    def __init__(self, path: str, expected: str) -> None:
        self.path, self.expected = path, expected
        super().__init__(f"{path}: {expected}" if path else expected)

    def inside(self, path: str) -> LineError:
        """The same, seen from the object around it."""
        return LineError(f"{path}.{self.path}" if self.path else path, self.expected)


@dataclass(frozen=True, slots=True)
class Salt:
    """How ids change on their way in: the last 32 bits of each are combined with `bits`; 0 keeps them.

    The same id becomes the same id in every link, without a table of them; and since the bits before carry the time
    and the order of a UUIDv7, what was older stays older.
    """

    bits: int = 0

    def id(self, row_id: uuid.UUID) -> uuid.UUID:
        return uuid.UUID(int=row_id.int ^ self.bits)

    def inside(self, value: Any) -> Any:
        """Public ids (`mem_…`) anywhere in a JSON value."""
        if not self.bits:
            return value
        return json.loads(_PUBLIC.sub(lambda m: m[1] + self.id(uuid.UUID(m[2])).hex, json.dumps(value)))


SAME = Salt()


@dataclass(frozen=True)
class Kind:
    """How the rows of one table are carried: these columns, and nothing else of them.

    `links`: which kind of line each link points to, by its field. A `part` has no id: nobody points to it.
    """

    name: str
    model: type[TenantRow]
    columns: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    part: bool = False

    def line(self, row: Any) -> Line:
        """What an export says of a row."""
        head: Line = {} if self.part else {"id": row.id.hex}
        return head | {_said(column): _out(getattr(row, column)) for column in self.columns}

    def read(self, line: Any, salt: Salt, *inner: str) -> dict[str, Any]:
        """A line's columns as the model has them; `inner` are fields that somebody else reads. Raises LineError."""
        if not isinstance(line, dict):
            raise LineError("", "must be an object")
        columns = self.columns if self.part else ("id", *self.columns)
        names: dict[str, Any] = {_said(column): self.model._meta.get_field(column) for column in columns}
        known = {*names, *inner}
        if missing := sorted(known - set(line)):
            raise LineError(missing[0], "is missing")
        if unknown := sorted(set(line) - known):
            raise LineError(unknown[0][:64], "is not known here")
        return {column.attname: _in(name, column, line[name], salt) for name, column in names.items()}


def batches(rows: Iterable[_T], most: int) -> Iterator[list[_T]]:
    """`rows` in lists of at most so many."""
    batch: list[_T] = []
    for row in rows:
        batch.append(row)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def each(read: Callable[[Any], _T], said: Any, path: str) -> list[_T]:
    """`read` for each entry of a list in a line."""
    if not isinstance(said, list):
        raise LineError(path, "must be a list")
    found = []
    for place, entry in enumerate(said):
        try:
            found.append(read(entry))
        except LineError as error:
            raise error.inside(f"{path}.{place}") from None
    return found


def _said(column: str) -> str:
    return column.removesuffix("_key")


def _out(value: Any) -> Any:
    match value:
        case dt.datetime():
            return iso(value)
        case uuid.UUID():
            return value.hex
        case bytes() | memoryview():
            return bytes(value).hex()
        case list():
            return [_out(entry) for entry in value]
        case _:
            return value


def _in(name: str, column: Any, value: Any, salt: Salt) -> Any:
    if value is None:
        if column.null:
            return None
        raise LineError(name, "must not be null")
    of = next((read for kind, read in _READERS if isinstance(column, kind)), None)
    if of is None:
        raise TypeError(f"{column}: such columns aren't carried")
    expected, read = of
    try:
        found = read(column, value, salt)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise LineError(name, expected(column))
    return found


def _text(column: Any, value: Any, _: Salt) -> str | None:
    fits = isinstance(value, str) and "\0" not in value and len(value) <= (column.max_length or math.inf)
    return value if fits and (not column.choices or value in dict(column.choices)) else None


def _moment(_: Any, value: Any, __: Salt) -> dt.datetime | None:
    moment = parse_datetime(value) if isinstance(value, str) else None
    return moment if moment is not None and moment.tzinfo is not None else None


def _row_id(_: Any, value: Any, salt: Salt) -> uuid.UUID | None:
    return salt.id(uuid.UUID(value)) if isinstance(value, str) and _HEX.fullmatch(value) else None


def _row_ids(column: Any, value: Any, salt: Salt) -> list[uuid.UUID] | None:
    found = [_row_id(column, entry, salt) for entry in value] if type(value) is list else [None]
    return None if None in found else [row_id for row_id in found if row_id is not None]


def _bytes(column: Any, value: Any, _: Salt) -> bytes | None:
    found = bytes.fromhex(value) if isinstance(value, str) else b""
    return found if len(found) == column.max_length else None


def _number(_: Any, value: Any, __: Salt) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _whole(_: Any, value: Any, __: Salt) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _texts_of(column: Any) -> str:
    if column.choices:
        return f"must be one of {', '.join(dict(column.choices))}"
    return f"must be text of at most {column.max_length} characters" if column.max_length else "must be text"


_Reader = Callable[[Any, Any, Salt], Any]
_READERS: Sequence[tuple[type[models.Field[Any, Any]], tuple[Callable[[Any], str], _Reader]]] = (
    (models.UUIDField, (lambda _: "must be an id: 32 hex digits", _row_id)),
    (ArrayField, (lambda _: "must be a list of ids: 32 hex digits each", _row_ids)),
    (models.DateTimeField, (lambda _: "must be an ISO 8601 time with an offset", _moment)),
    (models.BooleanField, (lambda _: "must be true or false", lambda _, v, __: v if type(v) is bool else None)),
    (models.JSONField, (lambda _: "must be an object", lambda _, v, __: v if type(v) is dict else None)),
    (models.BinaryField, (lambda c: f"must be {c.max_length} bytes in hex", _bytes)),
    (models.FloatField, (lambda _: "must be a number", _number)),
    (models.IntegerField, (lambda _: "must be a whole number, 0 or more", _whole)),
    (models.CharField, (_texts_of, _text)),
    (models.TextField, (_texts_of, _text)),
)
