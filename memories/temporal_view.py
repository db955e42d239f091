"""Point-in-time parameters of a read. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemporalView:
    """Reads the state known at `as_of` (system time) and valid at `valid_at` (valid time); None: now.

    `archived` and `superseded` also include memories that were archived, or no longer valid, by then.
    """

    as_of: dt.datetime | None = None
    valid_at: dt.datetime | None = None
    archived: bool = False
    superseded: bool = False

    @property
    def is_historical(self) -> bool:
        """Whether either of the two times is not now."""
        return self.as_of is not None or self.valid_at is not None


CURRENT = TemporalView()
