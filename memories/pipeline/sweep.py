"""The guarantee behind the hint: a pending write whose task was lost is enqueued again."""

from __future__ import annotations

import datetime as dt
import logging

from memories.models import Source
from memproject.common.claims import claim_due
from memproject.common.clock import now
from memproject.common.kick import kick

log = logging.getLogger(__name__)

AGAIN = dt.timedelta(seconds=30)  # a write that was kicked is not kicked again before this
AT_ONCE = 500


def sweep() -> int:
    """Kick the writes whose `kick_at` has passed; → how many."""
    moment = now()
    due = claim_due(Source, "kick_at", moment=moment, until=moment + AGAIN, limit=AT_ONCE)
    for tenant_id, source_id in due:
        kick("memories.tasks.run", tenant_id, source_id, queue="bulk")
    if due:
        log.info("kicked %d pending writes again", len(due))
    return len(due)
