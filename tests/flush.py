"""Emptying the tables after a test, quickly.

Django truncates every table and then makes content types and permissions anew: some 100 ms. A test writes a few rows:
deleting them is faster, and content types and permissions may stay.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection

from core.tenancy import across_tenants

KEPT = {"django_content_type", "auth_permission"}
# Foreign keys are off for the moment: all rows go, in whatever order.
BEGIN = "SET LOCAL session_replication_role = replica"


def _sql_flush(style: Any, tables: list[str], **_: Any) -> list[str]:
    quoted = [connection.ops.quote_name(table) for table in tables if table not in KEPT]
    return [BEGIN, *(f"DELETE FROM {table}" for table in quoted)]


def _execute(statements: list[str]) -> None:
    with across_tenants("emptying the tables after a test"):
        _run(statements)


_run = connection.ops.execute_sql_flush


@pytest.fixture(autouse=True, scope="session")
def quick_flush() -> None:
    connection.ops.sql_flush = _sql_flush
    connection.ops.execute_sql_flush = _execute
    flush.emit_post_migrate_signal = lambda *args, **kwargs: None
