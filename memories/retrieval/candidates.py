"""The one statement that finds candidates inside a scope: by meaning (exact) and by words, pending writes included."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from pgvector import HalfVector

from memories.types import Scope

# One row per memory: its distance to the question (cosine, 0 to 2) and how well its words match; null where it has no
# say. Passages are joined inside the scope before anything is ranked or cut, so a filter never costs a hit.
CANDIDATES = r"""
WITH asked AS (
    SELECT string_agg($$'$$ || replace(replace(lexeme, $$\$$, $$\\$$), $$'$$, $$''$$) || $$'$$, ' | ')::tsquery AS words
    FROM unnest(to_tsvector('english'::regconfig, %(query)s))
),
live AS (
    SELECT r.memory_key, r.text_key
    FROM memories_revision r
    WHERE r.tenant_id = %(tenant)s AND r.user_id = %(user)s AND r.project = ANY(%(projects)s)
      AND r.retired_at IS NULL AND NOT r.archived
      AND (r.valid_to IS NULL OR r.valid_to > %(moment)s)
      AND (r.expires_at IS NULL OR r.expires_at > %(moment)s)
      AND (%(agent)s::text IS NULL OR r.agent_id = %(agent)s)
      AND (%(run)s::text IS NULL OR r.run_id = %(run)s)
),
waiting AS (
    SELECT s.id, s.allocated_id, s.tsv, s.vector, s.model
    FROM memories_source s
    WHERE s.tenant_id = %(tenant)s AND s.user_id = %(user)s AND s.project = ANY(%(projects)s)
      AND s.state IN ('pending', 'failed') AND s.kind = 'store' AND s.blanked_at IS NULL
      AND (s.expires_at IS NULL OR s.expires_at > %(moment)s)
      AND (%(agent)s::text IS NULL OR s.agent_id = %(agent)s)
      AND (%(run)s::text IS NULL OR s.run_id = %(run)s)
),
near AS (
    SELECT l.memory_key AS id, min(e.vector <=> %(vector)s::halfvec) AS distance
    FROM live l
    JOIN memories_passage p ON p.tenant_id = %(tenant)s AND p.text_key = l.text_key
    JOIN memories_embedding e ON e.tenant_id = p.tenant_id AND e.passage_key = p.id
    WHERE e.tenant_id = %(tenant)s AND e.project = ANY(%(projects)s) AND e.user_id = %(user)s
      AND e.model = %(model)s AND e.current AND %(vector)s::halfvec IS NOT NULL
    GROUP BY l.memory_key
    UNION ALL
    SELECT w.allocated_id, w.vector <=> %(vector)s::halfvec
    FROM waiting w WHERE w.vector IS NOT NULL AND w.model = %(model)s AND %(vector)s::halfvec IS NOT NULL
    ORDER BY distance, id
    LIMIT %(most)s
),
worded AS (
    SELECT l.memory_key AS id, max(ts_rank_cd(p.tsv, asked.words, 1)) AS match
    FROM asked, live l
    JOIN memories_passage p ON p.tenant_id = %(tenant)s AND p.text_key = l.text_key
    WHERE %(hybrid)s AND p.project = ANY(%(projects)s) AND p.user_id = %(user)s AND p.tsv @@ asked.words
    GROUP BY l.memory_key
    UNION ALL
    SELECT w.allocated_id, ts_rank_cd(w.tsv, asked.words, 1)
    FROM asked, waiting w WHERE w.tsv @@ asked.words
    ORDER BY match DESC, id
    LIMIT %(most)s
)
SELECT id, near.distance, worded.match FROM near FULL JOIN worded USING (id)
"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Memory ids, best first, by meaning and by words. Cosine distances and word ranks are kept for explanation."""

    near: tuple[uuid.UUID, ...]
    worded: tuple[uuid.UUID, ...]


def find(
    scope: Scope,
    query: str,
    vector: npt.NDArray[np.float32] | None,
    model: str,
    *,
    moment: dt.datetime,
    hybrid: bool,
    most: int,
) -> Candidates:
    """At most `most` candidates by each way.

    `vector` has unit length and comes from `model`; without it words alone count.
    """
    parameters: dict[str, Any] = {
        "query": query,
        "vector": None if vector is None else HalfVector(vector).to_text(),
        "model": model,
        "tenant": scope.tenant_id,
        "user": scope.user_id,
        "projects": list(scope.projects or ()),
        "agent": scope.agent_id,
        "run": scope.run_id,
        "moment": moment,
        "hybrid": hybrid,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, parameters)
        rows = cursor.fetchall()
    near = sorted((distance, row) for row, distance, _ in rows if distance is not None)
    worded = sorted((-match, row) for row, _, match in rows if match is not None)
    return Candidates(tuple(row for _, row in near), tuple(row for _, row in worded))
