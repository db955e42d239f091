"""What was known, and what held, at a moment: conditions for the ORM."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from core.clock import now
from entities.types import Moment


def moment(as_of: dt.datetime | None, valid_at: dt.datetime | None = None) -> Moment:
    """What a read asks for: whoever looks back sees what was true then, unless another time is named."""
    known = as_of or now()
    return Moment(known, valid_at or known)


def known(at: dt.datetime | None) -> Q:
    """Of anything with `recorded_at` and `retired_at`; None: what is known now."""
    if at is None:
        return Q(retired_at=None)
    return Q(recorded_at__lte=at) & (Q(retired_at=None) | Q(retired_at__gt=at))


def holds(at: dt.datetime) -> Q:
    """Of relations: true in the world then."""
    return (Q(valid_from=None) | Q(valid_from__lte=at)) & (Q(valid_to=None) | Q(valid_to__gt=at))
