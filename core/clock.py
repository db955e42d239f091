"""The clock of the service. Times come from Python instead of the database, for tests and for sharded databases."""

from __future__ import annotations

import datetime as dt

UTC = dt.UTC


def now() -> dt.datetime:
    """The current time, aware, in UTC."""
    return dt.datetime.now(UTC)


def iso(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with a `Z`, with microseconds only if they are not 0: `2026-03-01T10:30:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
