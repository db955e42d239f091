"""Where a read looks from. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where a read looks from: at what was known `as_of` a time, of what was true `valid_at` one; None: now.

    `archived` and `superseded` also show what was archived, and what was no longer true, by then.
    """

    as_of: dt.datetime | None = None
    valid_at: dt.datetime | None = None
    archived: bool = False
    superseded: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether another time than now is meant, for either of the two."""
        return self.as_of is not None or self.valid_at is not None


HERE = Vantage()
