"""Keys that this process read less than a second ago: a repeated key needs no statement.

A row is kept for SECONDS, counted from the moment before it was read. So a change of a key or a tenant waits after its
commit until no process can have an older row, and only then is it answered: from the answer on, a revoked key fails in
every process. This needs no message between processes, which could be late or lost, and holds without Redis. The price
is that the rare change takes a second.

Both models are a `CachedModel`, so that every change through the ORM waits. After a change by other means
(psql) a key may be accepted for a second. Only rows of accepted keys are kept; the callers check their expiry.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any, TypeVar, cast

from django.db import models, transaction

SECONDS = 1.0
DRIFT = 0.05  # seconds that a change waits longer, since the clocks of two machines differ in speed
MAX_ROWS = 10_000  # rows; all are dropped when there are more, since none is kept for longer than a second
# The time that a machine was suspended counts too, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_SECRET = os.urandom(32)  # of this process: neither a key nor a hash that can be tried offline stays in its memory

M = TypeVar("M", bound=models.Model)
_rows: dict[bytes, tuple[float, models.Model]] = {}


def moment() -> float:
    """Seconds of the clock that `keep` wants, taken before the row is read."""
    return time.clock_gettime(_CLOCK)


def kept(model: type[M], secret: str) -> M | None:
    """The row that was kept for this secret."""
    found = _rows.get(_name(model, secret))
    if found is None or moment() - found[0] >= SECONDS:
        return None
    return cast(M, found[1])


def keep(secret: str, row: models.Model, *, read_after: float) -> None:
    if len(_rows) >= MAX_ROWS:
        _rows.clear()
    _rows[_name(type(row), secret)] = read_after, row


def _name(model: type[models.Model], secret: str) -> bytes:
    text = f"{model.__name__} {secret}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=_SECRET, digest_size=32).digest()


def forget() -> None:
    """Drop the rows of this process."""
    _rows.clear()


def changed() -> None:
    """Once the transaction has committed, wait until no process has an older row. One wait for a transaction."""
    waiting = transaction.get_connection().run_on_commit
    if not any(step[1] is _expire for step in waiting):
        transaction.on_commit(_expire)


def _expire() -> None:
    forget()
    pause(SECONDS + DRIFT)


pause = time.sleep


class CachedRows(models.QuerySet[M]):
    """The rows of a model of which processes keep some. `unnoticed` are the columns that nobody reads from them."""

    unnoticed = frozenset({"last_used_at"})

    def update(self, **columns: Any) -> int:
        """Also an update that finds nothing to change waits: it may repeat one that has just committed."""
        number = super().update(**columns)
        if not self.unnoticed.issuperset(columns):
            changed()
        return number

    def delete(self) -> tuple[int, dict[str, int]]:
        deleted = super().delete()
        changed()
        return deleted


class CachedModel(models.Model):
    """A model of whose rows processes keep some."""

    objects = CachedRows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if not is_new:
            changed()
