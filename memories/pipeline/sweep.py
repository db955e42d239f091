"""The guarantee behind the hint: a pending write whose task was lost is enqueued again."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings

from memories.models import Source
from memproject.common.claims import claim_due
from memproject.common.clock import now
from memproject.common.kick import kick

log = logging.getLogger(__name__)

AT_ONCE = 500


def sweep() -> int:
    """Kick the writes whose `kick_at` has passed; → how many."""
    moment = now()
    again = dt.timedelta(seconds=settings.LEASE_SECONDS)  # a write in a long queue is not kicked at every sweep
    due = claim_due(Source, "kick_at", moment=moment, until=moment + again, limit=AT_ONCE)
    for tenant_id, source_id in due:
        kick("memories.tasks.run", tenant_id, source_id, queue="bulk")
    if due:
        log.info("kicked %d pending writes again", len(due))
    return len(due)
