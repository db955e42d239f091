"""The one statement that finds candidates inside a scope: by meaning (exact) and by words, pending writes included."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection
from pgvector import HalfVector

from memories.retrieval import where
from memories.types import RecallQuery, Scope
from memproject.common.ids import MEMORY, parse

# One row per memory: its distance to the question (cosine, 0 to 2) and how well its words match; null where it has no
# say. Passages are read inside the scope and joined to live revisions before anything is ranked or cut, so a filter
# never costs a hit. Each join has an index on both sides: however wrong the planner's guess of a scope's size is, the
# work grows with the scope and not with its square.
CANDIDATES = r"""
WITH asked AS MATERIALIZED (
    SELECT string_agg($$'$$ || replace(replace(lexeme, $$\$$, $$\\$$), $$'$$, $$''$$) || $$'$$, ' | ')::tsquery AS words
    FROM unnest(to_tsvector('english'::regconfig, %(query)s))
),
near_passages AS MATERIALIZED (
    SELECT p.text_key, e.vector <=> %(vector)s::halfvec AS distance
    FROM memories_embedding e
    JOIN memories_passage p ON p.tenant_id = e.tenant_id AND p.id = e.passage_key
    WHERE e.tenant_id = %(tenant)s AND e.project = ANY(%(projects)s) AND e.user_id = %(user)s
      AND e.model = %(model)s AND e.current AND %(vector)s::halfvec IS NOT NULL
),
worded_passages AS MATERIALIZED (
    SELECT p.text_key, ts_rank_cd(p.tsv, (SELECT words FROM asked), 1) AS match
    FROM memories_passage p
    WHERE p.tenant_id = %(tenant)s AND p.project = ANY(%(projects)s) AND p.user_id = %(user)s
      AND %(hybrid)s AND p.tsv @@ (SELECT words FROM asked)
),
waiting AS MATERIALIZED (
    SELECT s.allocated_id, s.tsv, s.vector, s.model
    FROM memories_source s
    WHERE {s_scope} AND {waiting} AND {s_filter}
),
near AS (
    SELECT r.memory_key AS id, min(n.distance) AS distance
    FROM near_passages n
    JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = n.text_key
    WHERE {alive} AND {r_filter}
    GROUP BY r.memory_key
    UNION ALL
    SELECT w.allocated_id, w.vector <=> %(vector)s::halfvec
    FROM waiting w WHERE w.vector IS NOT NULL AND w.model = %(model)s AND %(vector)s::halfvec IS NOT NULL
    ORDER BY distance, id
    LIMIT %(most)s
),
worded AS (
    SELECT r.memory_key AS id, max(m.match) AS match
    FROM worded_passages m
    JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = m.text_key
    WHERE {alive} AND {r_filter}
    GROUP BY r.memory_key
    UNION ALL
    SELECT w.allocated_id, ts_rank_cd(w.tsv, (SELECT words FROM asked), 1)
    FROM waiting w WHERE %(hybrid)s AND w.tsv @@ (SELECT words FROM asked)
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
    asked: RecallQuery,
    vector: npt.NDArray[np.float32] | None,
    model: str,
    *,
    moment: dt.datetime,
    most: int,
) -> Candidates:
    """At most `most` candidates by each way, in a scope of one user and one project.

    `vector` has unit length and comes from `model`; without it words alone count.
    """
    statement, values = where.statement(CANDIDATES, asked.filters)
    values |= where.parameters(scope, moment, exclude=excluded(asked), superseded=asked.superseded)
    values |= {
        "query": asked.query,
        "vector": None if vector is None else HalfVector(vector).to_text(),
        "model": model,
        "hybrid": asked.hybrid,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    near = sorted((distance, row) for row, distance, _ in rows if distance is not None)
    worded = sorted((-match, row) for row, _, match in rows if match is not None)
    return Candidates(tuple(row for _, row in near), tuple(row for _, row in worded))


def excluded(asked: RecallQuery) -> list[uuid.UUID]:
    """The memories that the caller has already; an unknown id excludes nothing."""
    return [key for text in asked.exclude if (key := parse(MEMORY, text))]
