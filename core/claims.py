"""Claiming due rows of all tenants: ids first, then one conditional UPDATE.

`FOR UPDATE SKIP LOCKED` over all tenants is an error on a sharded database; a conditional UPDATE is not, and of two
workers only one finds a row among what it returns.
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
    """Move the column `due` of at most `limit` pending rows from the past to `until`; → (tenant, id) of those we won.

    The longest due come first. Who loses every row of a batch to another worker looks again.
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
    """How long to wait before try number `attempts` + 1: doubles from `first` to `most` seconds, with some jitter."""
    seconds = min(most, first * 2.0 ** min(attempts, 20))
    return dt.timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  (spreads load, hides nothing)
