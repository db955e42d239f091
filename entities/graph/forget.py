"""A tenant's graph, gone: its entities, relations, mentions, and what reminded of them."""

from __future__ import annotations

import uuid
from typing import LiteralString

from entities.graph import client

AT_ONCE = 1000

_OF_TENANT: LiteralString = """
MATCH (n:LABEL {tenant: $tenant})
WITH n LIMIT $at_once
DETACH DELETE n
RETURN count(*) AS deleted
"""
OF_TENANT = tuple(_OF_TENANT.replace("LABEL", label) for label in ("Entity", "Memory", "Gone", "Writer"))


def forget(tenant_id: uuid.UUID) -> int:
    """Delete all nodes of a tenant whose rows are gone; → how many. Raises GraphAway, GraphRefused."""
    total = 0
    for query in OF_TENANT:
        while deleted := client.write([(query, {"tenant": str(tenant_id), "at_once": AT_ONCE})])[0][0]["deleted"]:
            total += deleted
    return total
