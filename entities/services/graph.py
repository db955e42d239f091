"""The graph for operators: its constraints, a rebuild, a comparison, and what it refused."""

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

# A tombstone names what was erased, by its id alone, for a day.
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
    """What the graph has not learned: `waiting` changes, the oldest for so many seconds, and `dead` ones it refused."""

    waiting: int
    seconds: float
    dead: int


def lag() -> Lag:
    """Over all tenants. A change waits from the moment at which it is due; one that is being tried is not counted."""
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
    """How many of a tenant's objects hold one of these texts (in small letters) or ids. Raises FAILURES."""
    asked = [(TRACES, {"tenant": str(tenant_id), "mark": mark}) for mark in marks]
    return sum(row["number"] for rows in client.write(asked) for row in rows)


def delete_tenant_graph(tenant_id: uuid.UUID) -> int:
    """Delete what Neo4j has of a tenant, if there is a Neo4j; → nodes. Raises one of FAILURES when it is away."""
    return delete_tenant(tenant_id) if is_on() else 0
