"""Constraints and indexes of the graph. Neo4j Community has uniqueness over several properties, but no node keys."""

from __future__ import annotations

from typing import LiteralString

from django.conf import settings

from entities.graph import client
from entities.relation_types import RELATION_TYPES

_NODE: LiteralString = "CREATE CONSTRAINT NAME IF NOT EXISTS FOR (n:LABEL) REQUIRE (n.tenant, n.id) IS UNIQUE"
_RELATIONSHIP: LiteralString = (
    "CREATE CONSTRAINT NAME IF NOT EXISTS FOR ()-[r:TYPE]-() REQUIRE (r.tenant, r.id) IS UNIQUE"
)
TENANT_LOCK: LiteralString = "CREATE CONSTRAINT tenant_lock IF NOT EXISTS FOR (w:TenantLock) REQUIRE w.tenant IS UNIQUE"
SCOPE: LiteralString = "CREATE INDEX entity_scope IF NOT EXISTS FOR (e:Entity) ON (e.tenant, e.project, e.user_id)"
AWAIT: LiteralString = "CALL db.awaitIndexes(60)"

STATEMENTS: tuple[LiteralString, ...] = (
    *(_NODE.replace("NAME", label.lower()).replace("LABEL", label) for label in ("Entity", "Memory", "Tombstone")),
    *(_RELATIONSHIP.replace("NAME", name.lower()).replace("TYPE", name) for name in ("MENTIONS", *RELATION_TYPES)),
    TENANT_LOCK,
    SCOPE,
)

_ensured: set[str] = set()


def ensure() -> int:
    """Create missing constraints and indexes; → their number. Raises GraphUnavailable, GraphRejected."""
    client.write([(statement, {}) for statement in STATEMENTS])
    client.run_autocommit(AWAIT)
    _ensured.add(settings.NEO4J_URI)
    return len(STATEMENTS)


def ensure_once() -> None:
    """Like `ensure`, once in each process that writes."""
    if settings.NEO4J_URI not in _ensured:
        ensure()
