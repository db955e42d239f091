"""For a job of the clock that may still be at work when its next turn comes: one works, the other leaves at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

TRY = "SELECT pg_try_advisory_lock(%s)"
LEAVE = "SELECT pg_advisory_unlock(%s)"


@contextmanager
def alone(job: int) -> Iterator[bool]:
    """Whether nobody else is at this job. PostgreSQL keeps the lock for the block, and drops it with the connection:
    a job that was killed holds nobody up."""
    with connection.cursor() as cursor:
        cursor.execute(TRY, [job])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute(LEAVE, [job])
