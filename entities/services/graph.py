"""The graph for operators: schema, rebuild, comparison, and rejected entries."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import LiteralString

from django.db.models import Count, Min, Q

from core.clock import now
from core.tenancy import across_tenants
from entities.graph import client, compare, drain, schema
from entities.graph.client import GraphError
from entities.graph.rebuild import RebuildIncompleteError, rebuild, waiting
from entities.graph.tenant_deletion import delete_tenant
from entities.models import GraphOutbox

# A tombstone has only the id of an erased object, for a day.
TRACES: LiteralString = """
MATCH (n {tenant: $tenant})
WHERE NOT n:Tombstone AND any(name IN keys(n) WHERE toLower(toStringOrNull(n[name])) CONTAINS $mark)
RETURN count(n) AS number
UNION ALL
MATCH ({tenant: $tenant})-[r {tenant: $tenant}]->()
WHERE any(name IN keys(r) WHERE toLower(toStringOrNull(r[name])) CONTAINS $mark)
RETURN count(r) AS number
"""

FAILURES = (GraphError, RebuildIncompleteError)

__all__ = [
    "FAILURES",
    "Lag",
    "differences",
    "is_healthy",
    "is_on",
    "lag",
    "make_schema",
    "rebuild",
    "retry",
    "traces",
    "waiting",
]

is_on = client.is_configured
is_healthy = client.is_healthy
make_schema = schema.ensure
retry = drain.retry


@dataclass(frozen=True, slots=True)
class Lag:
    """The backlog of the graph: `waiting` entries, the age of the oldest in seconds, and `dead` (rejected) ones."""

    waiting: int
    seconds: float
    dead: int


def lag() -> Lag:
    """Over all tenants. An entry waits from its due time; a claimed one is not counted."""
    moment = now()
    due = Q(state="pending", due_at__lte=moment)
    with across_tenants("how far the graph is behind"):
        found = GraphOutbox.objects.filter(due).aggregate(number=Count("id"), oldest=Min("due_at"))
        dead = GraphOutbox.objects.filter(state="dead").count()
    oldest: dt.datetime = found["oldest"] or moment
    return Lag(found["number"], max(0.0, (moment - oldest).total_seconds()), dead)


def differences(tenant_ids: Sequence[uuid.UUID] = (), *, sample: int | None = 200) -> Iterator[str]:
    """Where PostgreSQL and the graph differ, in sentences without texts. Raises GraphUnavailable, GraphRejected."""
    for tenant_id in tenant_ids or compare.tenants():
        for sentence in compare.differences(tenant_id, sample=sample):
            yield f"tenant {tenant_id}: {sentence}"


def traces(tenant_id: uuid.UUID, marks: Sequence[str]) -> int:
    """The number of a tenant's objects with one of these texts (lower case) or ids. Raises FAILURES."""
    asked = [(TRACES, {"tenant": str(tenant_id), "mark": mark}) for mark in marks]
    return sum(row["number"] for rows in client.write(asked) for row in rows)


def delete_tenant_graph(tenant_id: uuid.UUID) -> int:
    """Delete a tenant from Neo4j, if it is configured; → nodes. Raises one of FAILURES if it is unavailable."""
    return delete_tenant(tenant_id) if is_on() else 0
