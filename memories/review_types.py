"""Reviews: frozen dataclasses of API, services and pipeline. No framework."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass


class ReviewProposal(enum.StrEnum):
    """The proposed effect of a new memory on an old one. All but DUPLICATE end the old one."""

    SUPERSEDE = "supersede"
    NEGATE = "negate"
    DUPLICATE = "duplicate"
    EXTEND = "extend"


class ReviewState(enum.StrEnum):
    """OBSOLETE: one of the memories has ended, or has another text, before a decision."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    OBSOLETE = "obsolete"


@dataclass(frozen=True, slots=True)
class ReviewQuery:
    """`as_of` reads the states at that time. `cursor` is the public id of the last review seen."""

    state: ReviewState = ReviewState.OPEN
    user_id: str | None = None
    project: str | None = None
    limit: int = 100
    cursor: str | None = None
    as_of: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """A review with the texts that it compares."""

    id: uuid.UUID
    proposal: ReviewProposal
    probability: float
    reason: str
    old_id: uuid.UUID
    old_content: str
    new_id: uuid.UUID
    new_content: str
    state: ReviewState
    decided_by: str | None
    decided_at: dt.datetime | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """`next_cursor` is None on the last page."""

    reviews: tuple[ReviewRecord, ...]
    total: int
    next_cursor: str | None
