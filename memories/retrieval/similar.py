"""The live facts nearest to some vectors: those that a new text may repeat, outdate or end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector
from psycopg import sql

from core.clock import now
from core.postgres import fetch
from memories.models import Owner, Revision
from memories.retrieval.nearest import EXACT_UP_TO, PREFILTER_SIZE
from memories.statements import ExistingMemory

MAX_SIMILAR = 8  # for one vector: 98 % of the memories that a text ends are among these (docs/models.md)
MIN_COSINE = 0.25  # cosine, as in the training of the pair model

IN_SCOPE = """e.tenant_id = %(tenant)s AND e.project = %(project)s AND e.user_id = %(user)s
          AND e.model = %(model)s AND e.current"""
# In a large scope only vectors with a near binary code are compared (see nearest.py).
EVERY = "SELECT e.text_key, e.said_at, e.vector FROM memories_embedding e WHERE {in_scope}"
PREFILTERED = """SELECT e.text_key, e.said_at, e.vector FROM memories_embedding e
        WHERE {in_scope} ORDER BY e.binary_code <~> binary_quantize(asked.vector) LIMIT %(prefilter)s::int"""
# A turn is a record of the conversation: nothing outdates it.
SIMILAR = """
SELECT asked.number, r.memory_key AS id, r.content, near.said_at, 1 - near.distance AS cosine
FROM unnest(%(vectors)s::halfvec[]) WITH ORDINALITY AS asked(vector, number)
CROSS JOIN LATERAL (
    SELECT c.text_key, c.said_at, c.vector <=> asked.vector AS distance FROM ({candidates}) c
    ORDER BY c.vector <=> asked.vector LIMIT %(wide)s::int
) near
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = near.text_key AND r.retired_at IS NULL
WHERE near.distance <= %(distance)s::float8 AND NOT r.archived AND r.valid_to IS NULL
  AND (r.expires_at IS NULL OR r.expires_at > %(moment)s::timestamptz)
  AND r.agent_id IS NOT DISTINCT FROM %(agent)s::text AND r.memory_type <> 'turn'
ORDER BY asked.number, near.distance, r.memory_key
"""
WIDE = 40  # at most MAX_SIMILAR are returned: passages of one memory, turns and inactive memories are dropped


# The same for facts with given ids.
NAMED = """
SELECT r.memory_key AS id, r.content, p.said_at FROM memories_revision r
JOIN memories_passage p ON p.tenant_id = %(tenant)s AND p.text_key = r.text_key AND p.ordinal = 0
WHERE r.tenant_id = %(tenant)s AND r.memory_key = ANY(%(ids)s) AND r.retired_at IS NULL AND NOT r.archived
  AND r.valid_to IS NULL AND (r.expires_at IS NULL OR r.expires_at > %(moment)s::timestamptz)
  AND r.agent_id IS NOT DISTINCT FROM %(agent)s::text AND r.memory_type <> 'turn'
"""


def live(tenant_id: uuid.UUID, agent_id: str | None, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, ExistingMemory]:
    """The live facts among these."""
    if not ids:
        return {}
    values = {"tenant": tenant_id, "ids": list(ids), "agent": agent_id, "moment": now()}
    return {found.id: found for found in fetch.records(ExistingMemory, NAMED, values)}


def live_digests(
    tenant_id: uuid.UUID, project: str, user_id: str, agent_id: str | None, digests: Sequence[bytes]
) -> dict[bytes, uuid.UUID]:
    """The live memories with one of `digests`, of this owner and agent. Expired memories are left out."""
    rows = Revision.objects.filter(
        tenant=tenant_id, project=project, user_id=user_id, agent_id=agent_id, digest__in=list(digests), valid_to=None
    ).visible(now())
    return {bytes(digest): memory for digest, memory in rows.values_list("digest", "memory_key")}


def similar(
    tenant_id: uuid.UUID,
    project: str,
    user_id: str,
    agent_id: str | None,
    vectors: Sequence[npt.NDArray[np.float32]],
    model: str,
    *,
    most: int = MAX_SIMILAR,
    enough: float = MIN_COSINE,
) -> list[list[tuple[float, ExistingMemory]]]:
    """At most `most` live facts for each vector with their cosine, nearest first; the cosine is at least `enough`."""
    if not vectors:
        return []
    size = (
        Owner.objects.filter(tenant=tenant_id, project=project, user_id=user_id)
        .values_list("passages", flat=True)
        .first()
    )
    candidates = sql.SQL(EVERY if (size or 0) <= EXACT_UP_TO else PREFILTERED).format(in_scope=sql.SQL(IN_SCOPE))
    rows = fetch.named_rows(
        sql.SQL(SIMILAR).format(candidates=candidates).as_string(),
        {
            "tenant": tenant_id,
            "project": project,
            "user": user_id,
            "agent": agent_id,
            "model": model,
            "vectors": "{" + ",".join(f'"{HalfVector(vector).to_text()}"' for vector in vectors) + "}",
            "wide": WIDE,
            "prefilter": PREFILTER_SIZE,
            "distance": 1 - enough,
            "moment": now(),
        },
    )
    found: list[dict[uuid.UUID, tuple[float, ExistingMemory]]] = [{} for _ in vectors]
    for row in rows:
        here = found[row.number - 1]
        if len(here) < most:
            here.setdefault(row.id, (row.cosine, ExistingMemory(row.id, row.content, row.said_at)))
    return [list(here.values()) for here in found]
