"""What a user's memories come to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q

from apikeys.types import Principal
from memories.models import Revision
from memories.services import access
from memproject.common.clock import now


@dataclass(frozen=True, slots=True)
class UserStats:
    total_memories: int
    memories_last_7d: int
    entities: int
    first_memory_at: dt.datetime | None
    last_memory_at: dt.datetime | None


def stats(principal: Principal, user_id: str, project: str | None) -> UserStats:
    """Counts over the live memories of a user, in one statement."""
    moment = now()
    rows = Revision.objects.in_scope(access.reading(principal, user_id, project)).alive(moment)
    found = rows.aggregate(
        total=Count("id"),
        recent=Count("id", filter=Q(memory__created_at__gte=moment - dt.timedelta(days=7))),
        first=Min("memory__created_at"),
        last=Max("memory__created_at"),
    )
    return UserStats(found["total"], found["recent"], 0, found["first"], found["last"])
