"""The lock that serialises changes to one owner's entities.

Take the lock of the owner's memories first, never after this one.
"""

from __future__ import annotations

import hashlib

from django.db import connection

from entities.types import GraphScope

LOCK = "SELECT pg_advisory_xact_lock(%s)"


def lock(*scopes: GraphScope) -> None:
    """Until the transaction ends. Several locks are taken in one order, to avoid deadlocks."""
    with connection.cursor() as cursor:
        for number in sorted(map(_number, set(scopes))):
            cursor.execute(LOCK, [number])


def _number(scope: GraphScope) -> int:
    named = "\0".join(("entities", scope.tenant_id.hex, scope.project, scope.user_id))
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], signed=True)
