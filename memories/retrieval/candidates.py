"""The candidates of a recall: the best few of a whole scope by words and vectors, with all that ranks them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memories.providers import pieces
from memories.providers.base import Pieces
from memories.retrieval import features, fetch, where
from memories.retrieval.lexical import Lexical
from memories.retrieval.nearest import Nearest
from memories.retrieval.recipes import FIRST_STAGE, PER_TEXT, First
from memories.retrieval.search import Search

MOST_DETAILS = 1_000  # passages that are looked up at most for one question

# Passages by their ids, alive and let through by the filter, with their place: `after` are the two turns that follow in
# the same session, as `batch:turn`.
DETAILS = """
SELECT p.id, p.memory_key, p.text_key, 1 - (e.vector <=> %(vector)s::halfvec), p.session,
       p.batch || ':' || p.turn, coalesce(after.turns, '{{}}'),
       p.said_at, p.speaker, p.role, p.length,
       p.start = 0 AND p.stop < 2000
         AND right(rtrim(r.content, E' \\t\\n\\r"'')*'), 1) = ANY(ARRAY['?', '？', '؟']),
       k.vectors
FROM memories_passage p
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = p.text_key
LEFT JOIN memories_embedding e ON e.tenant_id = %(tenant)s AND e.passage_key = p.id AND e.model = %(model)s
LEFT JOIN memories_tokenvectors k
  ON %(pieces)s AND k.tenant_id = %(tenant)s AND k.passage_key = p.id AND k.model = %(piece_model)s
LEFT JOIN LATERAL (
    SELECT array_agg(place) AS turns FROM (
        SELECT n.batch || ':' || n.turn AS place FROM memories_passage n
        WHERE n.tenant_id = %(tenant)s AND n.project = p.project AND n.user_id = p.user_id AND n.session = p.session
          AND n.ordinal = 0 AND (n.said_at, n.batch, n.turn) > (p.said_at, p.batch, p.turn)
        ORDER BY n.said_at, n.batch, n.turn LIMIT 2) following
) after ON p.session IS NOT NULL
WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) AND {alive} AND {r_filter}
"""
PIECES = 12  # the column of the word pieces


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage, or a pending write (`pending`: no place, no word pieces). `cosine` None: no vector of this model."""

    key: uuid.UUID
    memory_id: uuid.UUID
    text: uuid.UUID
    cosine: float | None
    session: str | None = None
    place: str | None = None
    after: Sequence[str] = ()
    said_at: dt.datetime | None = None
    speaker: str | None = None
    role: str | None = None
    length: int = 0
    asks: bool = False
    pieces: Pieces | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """What is ranked in the second stage: candidates, and the parts of their BM25 (words × candidates)."""

    candidates: tuple[Candidate, ...]
    parts: npt.NDArray[np.float32]
    best_words: float  # the largest BM25 in the scope, of which `words` is a share


def gather(asked: Search, lexical: Lexical, nearest: Nearest) -> Pool:
    """The FIRST_STAGE best of the scope, exactly: what neither list shows whole is looked up.

    A passage that isn't among the nearest has no more than `nearest.floor` by its vector, so only those whose words
    can still lift them over the last one are asked for.
    """
    bm25 = lexical.scores
    best = float(bm25.max()) if bm25.size else 0.0
    share = bm25 / best if best else bm25
    column = {key: at for at, key in enumerate(lexical.ids)}
    ids, waiting = _nearest(asked.first, nearest, column, share)
    bar = ids.bar
    # All vectors are known: what isn't there has none, or didn't come through the filter.
    floor = nearest.floor if np.isfinite(nearest.floor) else asked.first.most_without_vector
    reachable = asked.first.words * share + floor
    seen = {i.bytes for i in nearest.ids}
    most = len(lexical.ids) if asked.vector is None and asked.narrowed else MOST_DETAILS
    for at in np.argsort(-share, kind="stable"):
        if len(ids.keys) >= most or reachable[at] < bar:
            break
        if lexical.ids[at] not in seen:
            ids.keys.append(uuid.UUID(bytes=lexical.ids[at]))
    found = [*_details(asked, ids.keys), *waiting]
    held = [column.get(candidate.key.bytes) for candidate in found]
    by_words = np.array([0.0 if at is None else share[at] for at in held], np.float32)
    kept = _best(found, features.first(asked.question, found, by_words, asked.first))
    parts = np.zeros((len(lexical.words), len(kept)), np.float32)
    for number, at in enumerate(kept):
        if (there := held[at]) is not None:
            parts[:, number] = lexical.parts[:, there]
    return Pool(tuple(found[at] for at in kept), parts, best)


@dataclass(slots=True)
class _Wanted:
    """Passages to look up, and what a passage must reach to be among the first."""

    keys: list[uuid.UUID]
    bar: float


def _nearest(
    first: First, nearest: Nearest, column: dict[bytes, int], share: npt.NDArray[np.float32]
) -> tuple[_Wanted, list[Candidate]]:
    by_words = np.array([share[column[k]] if (k := i.bytes) in column else 0.0 for i in nearest.ids], np.float32)
    known = first.words * by_words + first.meaning * features.meaning(nearest.cosine, by_words) + nearest.bonus
    best = _first(nearest.texts, known)
    waiting = [
        Candidate(
            nearest.ids[at],
            nearest.ids[at],
            nearest.texts[at],
            None if np.isnan(c := nearest.cosine[at]) else float(c),
            pending=True,
        )
        for at in best
        if nearest.pending[at]
    ]
    keys = [nearest.ids[at] for at in best if not nearest.pending[at]]
    return _Wanted(keys, float(known[best[-1]]) if len(best) == FIRST_STAGE else -np.inf), waiting


def _best(found: Sequence[Candidate], scores: npt.NDArray[np.float32]) -> list[int]:
    return _first([candidate.text for candidate in found], scores)


def _first(texts: Sequence[uuid.UUID], scores: npt.NDArray[np.float32]) -> list[int]:
    """Places of the FIRST_STAGE best, best first, at most PER_TEXT of one text."""
    if len(set(texts)) == len(texts):
        return [int(at) for at in np.argsort(-scores, kind="stable")[:FIRST_STAGE]]
    taken: Counter[uuid.UUID] = Counter()
    best = []
    for at in np.argsort(-scores, kind="stable").tolist():
        taken[texts[at]] += 1
        if taken[texts[at]] <= PER_TEXT:
            best.append(at)
            if len(best) == FIRST_STAGE:
                break
    return best


def _details(asked: Search, ids: list[uuid.UUID]) -> list[Candidate]:
    if not ids:
        return []
    statement, values = where.statement(DETAILS, asked.condition)
    rows = [list(row) for row in fetch.rows(statement, values | asked.parameters() | {"ids": ids})]
    for row in rows:
        row[PIECES] = None if row[PIECES] is None else pieces.load(row[PIECES])
    return [Candidate(*row) for row in rows]
