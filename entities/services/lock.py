"""The lock that puts changes to one owner's entities in a row.

Whoever holds the lock of the owner's memories takes this one after it, never the other way round.
"""

from __future__ import annotations

import hashlib

from django.db import connection

from entities.types import GraphScope

LOCK = "SELECT pg_advisory_xact_lock(%s)"


def lock(*scopes: GraphScope) -> None:
    """Until the transaction ends. Several are taken in one order, so that two callers can't wait for each other."""
    with connection.cursor() as cursor:
        for number in sorted(map(_number, set(scopes))):
            cursor.execute(LOCK, [number])


def _number(scope: GraphScope) -> int:
    named = "\0".join(("entities", scope.tenant_id.hex, scope.project, scope.user_id))
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], signed=True)
