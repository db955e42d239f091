"""Skip a scheduled job if its previous run is still going (session advisory lock)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"
UNLOCK = "SELECT pg_advisory_unlock(%s)"


@contextmanager
def try_advisory_lock(job: int) -> Iterator[bool]:
    """Whether this job is not running in another process. PostgreSQL holds the lock for the block and releases it when
    the connection ends, so a killed job blocks nothing."""
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [job])
        acquired = bool(cursor.fetchone()[0])
    try:
        yield acquired
    finally:
        if acquired:
            with connection.cursor() as cursor:
                cursor.execute(UNLOCK, [job])
