"""The value of an optional change that was not sent. Pure."""

from __future__ import annotations

import enum


class Unset(enum.Enum):
    """Type of UNSET, which is distinct from None."""

    UNSET = "unset"


UNSET = Unset.UNSET
