"""Conditions on system time (`recorded_at`, `retired_at`) and valid time (`valid_from`, `valid_to`) for the ORM."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from core.clock import now
from entities.types import PointInTime


def point_in_time(as_of: dt.datetime | None, valid_at: dt.datetime | None = None) -> PointInTime:
    """The times of a read; without `valid_at`, it is `as_of`."""
    system_time = as_of or now()
    return PointInTime(system_time, valid_at or system_time)


def recorded_at_time(at: dt.datetime | None) -> Q:
    """For any row with `recorded_at` and `retired_at`; None: known now."""
    if at is None:
        return Q(retired_at=None)
    return Q(recorded_at__lte=at) & (Q(retired_at=None) | Q(retired_at__gt=at))


def valid_at_time(at: dt.datetime) -> Q:
    """For relations: valid at that time."""
    return (Q(valid_from=None) | Q(valid_from__lte=at)) & (Q(valid_to=None) | Q(valid_to__gt=at))
