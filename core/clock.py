"""The service's clock. Times come from Python, not from the database, so that tests and a sharded database agree."""

from __future__ import annotations

import datetime as dt

UTC = dt.UTC


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    return dt.datetime.now(UTC)


def iso(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with a `Z`, microseconds only when there are any: `2026-03-01T10:30:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
