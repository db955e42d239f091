"""The dense search inside a scope as a statement: exact for small scopes, by a binary-quantized prefilter beyond it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import sql

from memories.retrieval import where
from memories.retrieval.recipes import PER_TEXT, FirstStageWeights
from memories.retrieval.types import Question
from memories.types import MemoryScope

# Up to this number of passages in a scope every vector is compared. Beyond it, the PREFILTER_SIZE nearest by their
# binary codes are compared, which an index has beside the scope (docs/retrieval.md has the cost and the recall).
EXACT_UP_TO = 50_000
PREFILTER_SIZE = 3_000
FIRST_FETCH = 300  # nearest vectors that are checked first; all of them if too many are invisible

# Further ranking features, each only if the question needs it: a sum for every vector of a scope.
BY_SPEAKER = sql.SQL("%(by_speaker)s::float8 * (e.speaker IS NOT NULL AND e.speaker = ANY(%(speakers)s::text[]))::int")
BY_ROLE = sql.SQL("- %(by_role)s::float8 * (e.role IS NOT NULL AND (e.role = 'assistant') <> %(told)s::bool)::int")
BY_DATE = sql.SQL("""CASE WHEN e.said_at BETWEEN %(earliest)s::timestamptz AND %(latest)s::timestamptz
    THEN %(by_date)s::float8 * (
        SELECT max(w.weight * greatest(0, 1 - greatest(extract(epoch FROM w.start - e.said_at)::float8,
                                                       extract(epoch FROM e.said_at - w.stop)::float8, 0)
                                              / 86400 / w.tolerance))
        FROM unnest(%(starts)s::timestamptz[], %(stops)s::timestamptz[],
                    %(tolerances)s::float8[], %(weights)s::float8[]) AS w(start, stop, tolerance, weight))
    ELSE 0 END""")
IN_SCOPE = """e.tenant_id = %(tenant)s AND e.project = ANY(%(projects)s) AND e.user_id = %(user)s
      AND e.model = %(model)s AND {current} AND %(vector)s::halfvec IS NOT NULL"""
# In the past any version of a text may have been the current one.
CURRENT, ANY_VERSION = sql.SQL("e.current"), sql.SQL("true")
# Vectors are ranked before any join, and only the best are checked for visibility and for the filter. With a filter
# nothing is cut before it is applied.
EXACT = """
    SELECT e.passage_key, e.text_key, e.vector <=> %(vector)s::halfvec AS distance, {bonus} AS bonus
    FROM memories_embedding e
    WHERE {in_scope}
    ORDER BY (e.vector <=> %(vector)s::halfvec) - ({bonus}), e.passage_key DESC
    LIMIT %(most)s::int
"""
PREFILTERED = """
    SELECT e.passage_key, e.text_key, e.vector <=> %(vector)s::halfvec AS distance, {bonus} AS bonus
    FROM (SELECT e.passage_key FROM memories_embedding e
          WHERE {in_scope}
          ORDER BY e.binary_code <~> binary_quantize(%(vector)s::halfvec)
          LIMIT %(prefilter)s::int) closest
    JOIN memories_embedding e
      ON e.tenant_id = %(tenant)s AND e.passage_key = closest.passage_key AND e.model = %(model)s
    ORDER BY (e.vector <=> %(vector)s::halfvec) - ({bonus}), e.passage_key DESC
    LIMIT %(most)s::int
"""
NEAREST = """
WITH nearest AS MATERIALIZED ({nearest})
SELECT n.passage_key, n.text_key, n.distance, n.bonus, {visible} AND {r_filter} AS alive, false AS pending
FROM nearest n JOIN memories_revision r
  ON r.tenant_id = %(tenant)s AND r.text_key = n.text_key AND {current}
WHERE %(most)s::int IS NOT NULL OR ({visible} AND {r_filter})
UNION ALL
(SELECT s.reserved_id, s.reserved_id, CASE WHEN s.model = %(model)s THEN s.vector <=> %(vector)s::halfvec END,
        0, true, true
 FROM memories_source s WHERE {s_scope} AND {waiting} AND {s_filter} ORDER BY s.id DESC LIMIT %(pending)s::int)
"""


@dataclass(frozen=True, slots=True)
class Nearest:
    """Passages by their vectors, unordered. `cosine` is NaN without a vector; `bonus` is the sum of further features.

    `floor`: no missing passage has a higher sum of cosine and bonus; minus infinity if none is missing.
    """

    ids: tuple[uuid.UUID, ...]
    texts: tuple[uuid.UUID, ...]
    cosine: npt.NDArray[np.float32]
    bonus: npt.NDArray[np.float32]
    pending: npt.NDArray[np.bool_]
    floor: float


def ranked(
    scope: MemoryScope, question: Question, first: FirstStageWeights, *, is_exact: bool, any_version: bool
) -> tuple[sql.Composable, dict[str, Any]]:
    """The vectors of a scope by their distance and the bonus: `{nearest}` of NEAREST, and its parameters."""
    bonus, values = _bonus(question, first)
    in_scope = sql.SQL(where.of_scope(scope, IN_SCOPE)).format(current=ANY_VERSION if any_version else CURRENT)
    return sql.SQL(EXACT if is_exact else PREFILTERED).format(bonus=bonus, in_scope=in_scope), values


def collect(rows: Sequence[Any], *, is_cut: bool) -> Nearest:
    """The named rows of NEAREST that are live. `is_cut`: the scope has more vectors than were compared."""
    alive = [row for row in rows if row.alive]
    return Nearest(
        ids=tuple(row.passage_key for row in alive),
        texts=tuple(row.text_key for row in alive),
        cosine=1 - np.array([row.distance for row in alive], np.float32),  # None becomes NaN
        bonus=np.array([row.bonus for row in alive], np.float32),
        pending=np.array([row.pending for row in alive], np.bool_),
        floor=min(1 - row.distance + row.bonus for row in rows if not row.pending) if is_cut else -np.inf,
    )


def apart(texts: Sequence[uuid.UUID]) -> int:
    """The number of candidates if each text counts at most PER_TEXT times: a long memory does not displace all
    others."""
    counts = Counter(texts)
    return len(texts) if len(counts) == len(texts) else sum(min(count, PER_TEXT) for count in counts.values())


def _bonus(question: Question, first: FirstStageWeights) -> tuple[sql.Composable, dict[str, Any]]:
    """The sum of further ranking features, and its parameters."""
    parts: list[sql.Composable] = [sql.SQL("0::float8")]
    values: dict[str, Any] = {}
    if question.speakers and first.speaker:
        parts.append(sql.SQL("+ ") + BY_SPEAKER)
        values |= {"speakers": list(question.speakers), "by_speaker": first.speaker}
    if first.role_match:
        parts.append(BY_ROLE)
        values |= {"told": question.asks_about_assistant, "by_role": first.role_match}
    if question.windows and first.date:
        parts.append(sql.SQL("+ ") + BY_DATE)
        reach = [(_shifted(w.start, -w.tolerance), _shifted(w.stop, w.tolerance)) for w in question.windows]
        values |= {
            "by_date": first.date,
            "earliest": min(start for start, _ in reach),
            "latest": max(stop for _, stop in reach),
            "starts": [w.start for w in question.windows],
            "stops": [w.stop for w in question.windows],
            "tolerances": [w.tolerance for w in question.windows],
            "weights": [w.weight for w in question.windows],
        }
    return sql.SQL(" ").join(parts), values


def _shifted(moment: dt.datetime, days: float) -> dt.datetime:
    """The time `days` later, at most the last and at least the first that Python and PostgreSQL both have."""
    try:
        return moment + dt.timedelta(days=days)
    except OverflowError:
        latest, earliest = dt.datetime.max.replace(tzinfo=moment.tzinfo), dt.datetime.min.replace(tzinfo=moment.tzinfo)
        return latest if days > 0 else earliest
