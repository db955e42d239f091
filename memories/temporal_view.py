"""Point-in-time parameters of a read. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemporalView:
    """Reads what was known at `as_of` (system time) and true at `valid_at` (valid time); None: now.

    `archived` and `superseded` also show what was archived, and what was no longer true, by then.
    """

    as_of: dt.datetime | None = None
    valid_at: dt.datetime | None = None
    archived: bool = False
    superseded: bool = False

    @property
    def is_historical(self) -> bool:
        """Whether another time than now is meant, for either of the two."""
        return self.as_of is not None or self.valid_at is not None


CURRENT = TemporalView()
