"""The two times of a read: `valid_at` (true in the world then) and `as_of` (known to the service then)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from core.clock import now
from core.http.fields import TimestampField

SKEW = dt.timedelta(seconds=60)  # how far the clock of a caller may be ahead
# An unescaped "+02:00" in a URL arrives as " 02:00", since a plus means a space there. Seconds and their fraction have
# at most 16 characters, and more would make the search quadratic.
LOST_PLUS = re.compile(r"(\d[T ]\d\d:?\d\d\S{0,16}) (\d\d(:?\d\d)?)")


class ValidAtField(TimestampField):
    """A time in the past or future."""

    def to_internal_value(self, data: Any) -> dt.datetime:
        return super().to_internal_value(LOST_PLUS.sub(r"\1+\2", data) if isinstance(data, str) else data)


class AsOfField(ValidAtField):
    """A time in the past. A future time is refused; a time slightly ahead (a fast clock) counts as now."""

    default_error_messages = {"ahead": "must not lie in the future"}  # noqa: RUF012

    def to_internal_value(self, data: Any) -> dt.datetime:
        value, present = super().to_internal_value(data), now()
        if value > present + SKEW:
            self.fail("ahead")
        return min(value, present)
