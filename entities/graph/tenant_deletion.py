"""Delete the graph of a tenant: its entities, relations, mentions and tombstones."""

from __future__ import annotations

import uuid
from typing import LiteralString

from entities.graph import client

BATCH_SIZE = 1000

_OF_TENANT: LiteralString = """
MATCH (n:LABEL {tenant: $tenant})
WITH n LIMIT $batch_size
DETACH DELETE n
RETURN count(*) AS deleted
"""
OF_TENANT = tuple(_OF_TENANT.replace("LABEL", label) for label in ("Entity", "Memory", "Tombstone", "TenantLock"))


def delete_tenant(tenant_id: uuid.UUID) -> int:
    """Delete all nodes of a tenant whose rows are erased; → number. Raises GraphUnavailable, GraphRejected."""
    total = 0
    for query in OF_TENANT:
        while deleted := client.write([(query, {"tenant": str(tenant_id), "batch_size": BATCH_SIZE})])[0][0]["deleted"]:
            total += deleted
    return total
