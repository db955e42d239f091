"""`ENGINE = "core.postgres"`: refuses old servers, and groups by all columns.

Django groups by `id`, its primary key. The primary key of tenant rows in the database is `(tenant_id, id)`, and
PostgreSQL refuses the shortened GROUP BY.

A connection that waits in the pool is checked without a statement.
"""

from __future__ import annotations

import select
import time
from typing import Any

from django.db.backends.postgresql import base, features
from django.db.models import Model
from psycopg import Connection
from psycopg_pool import ConnectionPool

IDLE_SECONDS = 10.0


class DatabaseFeatures(features.DatabaseFeatures):
    # Checked by Django when a process first connects. `memories.languages` has the text-search configurations of 16.
    minimum_database_version = (16,)

    def allows_group_by_selected_pks_on_model(self, model: type[Model]) -> bool:
        return not hasattr(model, "tenant_id") and super().allows_group_by_selected_pks_on_model(model)


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures

    @property
    def pool(self) -> ConnectionPool[Connection[Any]] | None:
        found: Any = super().pool
        if found is not None and found._check is not None:
            found._check = check_connection  # Django has no setting for it
        return found  # type: ignore[no-any-return]


def check_connection(connection: Any) -> None:
    """Raises OperationalError for a connection that was closed.

    The pool's own check sends an empty statement before every request. A server that ends a connection says so on it,
    and this takes no round trip to see. The statement is for connections that have something to read, and for those
    that were not used for IDLE_SECONDS: a firewall may have dropped them in silence.
    """
    moment = time.monotonic()
    idle = moment - getattr(connection, "checked_at", 0.0) > IDLE_SECONDS
    said = select.poll()
    said.register(connection.fileno(), select.POLLIN)
    if idle or said.poll(0):
        ConnectionPool.check_connection(connection)
    connection.checked_at = moment
