"""BM25 inside a scope: one statement finds which passages hold the question's words, numpy weighs them.

(Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; document frequencies and lengths are the scope's.)
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memories.languages import configuration, segmented
from memories.retrieval import fetch, where
from memories.retrieval.recipes import K1, B
from memories.types import Scope

MOST_TERMS = 48  # of a question: the first ones; a text of pages says nothing more by its thousandth word
MOST_PENDING = 1_000
SAMPLE = 500

# One row: the mean length of passages (of SAMPLE of them), and all matches packed as ROW, so that thousands of them
# cost one value and not thousands of rows. Passages are read by their scope: a word index of all tenants would grow
# with everybody's.
MATCHES = """
WITH asked AS MATERIALIZED (
    SELECT array_agg(lexeme) AS lexemes,
           string_agg($$'$$ || replace(replace(lexeme, $$\\$$, $$\\\\$$), $$'$$, $$''$$) || $$'$$, ' | ')::tsquery
               AS words
    FROM (SELECT lexeme FROM unnest(to_tsvector(%(configuration)s::regconfig, %(query)s))
          ORDER BY positions[1], lexeme LIMIT %(terms)s::int) first_terms
),
matched AS (
    SELECT p.id, p.length, found.lexeme, found.positions
    FROM memories_passage p, unnest(ts_filter(setweight(p.tsv, 'A', (SELECT lexemes FROM asked)), '{{a}}')) found
    WHERE p.tenant_id = %(tenant)s AND p.project = ANY(%(projects)s) AND p.user_id = %(user)s
      AND p.tsv @@ (SELECT words FROM asked)
    UNION ALL
    SELECT s.allocated_id, (SELECT coalesce(sum(cardinality(positions)), 0)::int FROM unnest(s.tsv)),
           found.lexeme, found.positions
    FROM (SELECT s.* FROM memories_source s WHERE {s_scope} AND {waiting} ORDER BY s.id DESC LIMIT %(pending)s::int) s,
         unnest(ts_filter(setweight(s.tsv, 'A', (SELECT lexemes FROM asked)), '{{a}}')) found
    WHERE s.tsv @@ (SELECT words FROM asked)
)
SELECT sample.length, (SELECT lexemes FROM asked),
       (SELECT string_agg(uuid_send(m.id) || int4send(m.length)
                          || int4send(array_position((SELECT lexemes FROM asked), m.lexeme))
                          || int4send(cardinality(m.positions)), ''::bytea) FROM matched m)
FROM (SELECT avg(few.length)::float8 AS length FROM (
          SELECT p.length FROM memories_passage p
          WHERE p.tenant_id = %(tenant)s AND p.project = ANY(%(projects)s) AND p.user_id = %(user)s
          LIMIT %(sample)s::int) few) sample
"""
ROW = np.dtype([("id", "S16"), ("length", ">i4"), ("term", ">i4"), ("count", ">i4")])


@dataclass(frozen=True, slots=True)
class Lexical:
    """The passages (or pending writes) that hold a word of the question, and what each word gives them.

    `parts` is words × passages: BM25 of one word. `idf` has one weight for each word of the question, `words` names
    them as the index knows them.
    """

    ids: tuple[bytes, ...]
    parts: npt.NDArray[np.float32]
    idf: npt.NDArray[np.float32]
    words: tuple[str, ...]

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        sums: npt.NDArray[np.float32] = self.parts.sum(axis=0, dtype=np.float32)
        return sums

    @property
    def ideal(self) -> float:
        """What a passage would get that holds every word again and again."""
        return float(self.idf.sum()) * (K1 + 1)


NOTHING = Lexical((), np.zeros((0, 0), np.float32), np.zeros(0, np.float32), ())


def search(scope: Scope, text: str, moment: dt.datetime, project: str, passages: int) -> Lexical:
    """Every passage of one user's project that holds a word of `text`, dead ones included: who reads them checks.

    `passages` is how many the scope has.
    """
    statement, values = where.statement(MATCHES, None)
    values |= where.parameters(scope, moment)
    values |= {
        "configuration": configuration(project),
        "query": segmented(text),
        "terms": MOST_TERMS,
        "pending": MOST_PENDING,
        "sample": SAMPLE,
    }
    ((length, lexemes, packed),) = fetch.rows(statement, values)
    if not packed:
        return NOTHING
    return weigh(np.frombuffer(packed, ROW), tuple(lexemes), passages, length or 1.0)


def weigh(rows: npt.NDArray[np.void], words: tuple[str, ...], passages: int, length: float) -> Lexical:
    """BM25 of each match. `rows` are ROWs, a word and passage once; `passages` of `length` words are in the scope."""
    ids, at = np.unique(rows["id"], return_inverse=True)
    term = rows["term"].astype(np.int64) - 1
    holding = np.bincount(term, minlength=len(words))
    everything = max(passages, len(ids))
    idf = np.log(1 + (everything - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    count = rows["count"].astype(np.float32)
    parts = np.zeros((len(words), len(ids)), np.float32)
    parts[term, at] = idf[term] * count * (K1 + 1) / (count + K1 * (1 - B + B * rows["length"] / length))
    return Lexical(tuple(i.ljust(16, b"\0") for i in ids.tolist()), parts, idf, words)


def key(row: uuid.UUID) -> bytes:
    return row.bytes
