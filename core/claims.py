"""Claim due rows of all tenants: select ids, then one conditional UPDATE.

A sharded database refuses `FOR UPDATE SKIP LOCKED` over all tenants. A conditional UPDATE is allowed, and of two
workers only one gets a row in RETURNING.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid

from django.db import connection
from psycopg import sql

from core.tenancy import TenantRow, across_tenants

DUE = "SELECT tenant_id, id FROM {table} WHERE state = 'pending' AND {due} <= %s ORDER BY {due} LIMIT %s"
CLAIM = (
    "UPDATE {table} SET {due} = %s WHERE tenant_id = ANY(%s) AND id = ANY(%s) AND state = 'pending' AND {due} <= %s "
    "RETURNING tenant_id, id"
)


def claim_due(
    model: type[TenantRow], due: str, *, moment: dt.datetime, until: dt.datetime, limit: int
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Move the column `due` of at most `limit` pending rows from the past to `until`; → (tenant, id) of the claimed
    rows.

    Oldest first. Retries if other workers claimed the whole batch.
    """
    names = {"table": sql.Identifier(model._meta.db_table), "due": sql.Identifier(due)}
    with across_tenants("claiming due rows"), connection.cursor() as cursor:
        while True:
            cursor.execute(sql.SQL(DUE).format(**names), [moment, limit])
            found = cursor.fetchall()
            tenants, ids = {tenant for tenant, _ in found}, [row for _, row in found]
            if not found:
                return []
            cursor.execute(sql.SQL(CLAIM).format(**names), [until, list(tenants), ids, moment])
            if won := cursor.fetchall():
                return [(tenant, row) for tenant, row in won]


def backoff(attempts: int, *, first: float = 5.0, most: float = 600.0) -> dt.timedelta:
    """Seconds before attempt `attempts` + 1: doubles from `first` to `most`, with some jitter."""
    seconds = min(most, first * 2.0 ** min(attempts, 20))
    return dt.timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  (spreads load, hides nothing)
