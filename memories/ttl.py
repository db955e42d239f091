"""Durations (TTL). Pure.

A number (decimals allowed) and a unit. A bare `m` is refused, since it may mean minutes or months. Anything else is
refused too, so that no invalid duration means "forever".
"""

from __future__ import annotations

import datetime as dt
import re

_FORM = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([a-z]+)\s*", re.IGNORECASE)
_DAY = 86_400.0
_UNITS: dict[str, float] = {}
for _names, _seconds in (
    ("s sec secs second seconds", 1.0),
    ("min mins minute minutes", 60.0),
    ("h hr hrs hour hours", 3_600.0),
    ("d day days", _DAY),
    ("w week weeks", 7 * _DAY),
    ("mo month months", 30 * _DAY),
    ("y yr yrs year years", 365 * _DAY),
):
    _UNITS |= dict.fromkeys(_names.split(), _seconds)

MAX_TTL = dt.timedelta(days=365 * 100)
EXPECTED = "must be a positive number and one of s, min, h, d, w, mo, y, such as 30d (a bare m is ambiguous)"


def parse(text: str) -> dt.timedelta:
    """`"30d"` → 30 days; a month is 30 days, a year 365. Raises ValueError with what is expected."""
    match = _FORM.fullmatch(text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(EXPECTED)
    span = float(match[1]) * unit
    if span < 1e-3:
        raise ValueError(EXPECTED)
    if span > MAX_TTL.total_seconds():
        raise ValueError("must be at most 100 years")
    return dt.timedelta(seconds=span)
