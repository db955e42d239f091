"""Skip a scheduled job if its previous run is still going (session advisory lock)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"
UNLOCK = "SELECT pg_advisory_unlock(%s)"


@contextmanager
def try_advisory_lock(job: int) -> Iterator[bool]:
    """Whether nobody else is at this job. PostgreSQL keeps the lock for the block, and drops it with the connection:
    a job that was killed holds nobody up."""
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [job])
        acquired = bool(cursor.fetchone()[0])
    try:
        yield acquired
    finally:
        if acquired:
            with connection.cursor() as cursor:
                cursor.execute(UNLOCK, [job])
