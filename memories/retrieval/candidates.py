"""The candidates of a recall: the best few of a whole scope by words and vectors, with all that ranks them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from memories.providers import pieces
from memories.providers.base import Pieces
from memories.retrieval import features, where
from memories.retrieval.lexical import Lexical
from memories.retrieval.nearest import Nearest
from memories.retrieval.recipes import FIRST_STAGE, PER_TEXT
from memories.retrieval.search import Search
from memproject.common.postgres import fetch

MOST_BY_WORDS = 1_000  # passages that are looked up at most for their words

# What the cut goes by, of passages that hold words of the question and aren't among the nearest: those that are alive
# and let through by the filter.
BY_WORDS = """
SELECT p.id, p.memory_key, p.text_key, 1 - (e.vector <=> %(vector)s::halfvec), p.said_at, p.speaker, p.role
FROM memories_passage p
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = p.text_key
LEFT JOIN memories_embedding e ON e.tenant_id = %(tenant)s AND e.passage_key = p.id AND e.model = %(model)s
WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) AND {alive} AND {r_filter}
"""
# All that ranks the passages that are left, with their place: `after` are the two turns that follow in the same
# session, as `batch:turn`. A turn may have several memories, so the turns are grouped.
DETAILS = """
SELECT p.id, p.memory_key, p.text_key, p.session, p.batch || ':' || p.turn, coalesce(after.turns, '{{}}'),
       p.said_at, p.speaker, p.role, p.length,
       p.start = 0 AND p.stop < 2000
         AND right(rtrim(r.content, E' \\t\\n\\r"'')*'), 1) = ANY(ARRAY['?', '？', '؟']),
       k.vectors
FROM memories_passage p
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = p.text_key AND {open}
LEFT JOIN memories_tokenvectors k
  ON k.tenant_id = %(tenant)s AND k.passage_key = p.id AND k.model = %(piece_model)s
LEFT JOIN LATERAL (
    SELECT array_agg(place) AS turns FROM (
        SELECT n.batch || ':' || n.turn AS place FROM memories_passage n
        WHERE n.tenant_id = %(tenant)s AND n.project = p.project AND n.user_id = p.user_id AND n.session = p.session
          AND n.ordinal = 0 AND (n.said_at, n.batch, n.turn) > (p.said_at, p.batch, p.turn)
        GROUP BY n.said_at, n.batch, n.turn
        ORDER BY n.said_at, n.batch, n.turn LIMIT 2) following
) after ON p.session IS NOT NULL
WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s)
"""


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
    """The FIRST_STAGE best of the scope, exactly: what neither list shows whole is looked up."""
    bm25 = lexical.scores
    best_words = float(bm25.max()) if bm25.size else 0.0
    share = bm25 / best_words if best_words else bm25
    column = {key: at for at, key in enumerate(lexical.ids)}
    near_words = _shares(nearest.ids, column, share)
    near = (
        asked.first.words * near_words
        + asked.first.meaning * features.meaning(nearest.cosine, near_words)
        + nearest.bonus
    )
    hopeful = _by_words(asked, lexical.ids, share, nearest, _bar(nearest.texts, near))
    other = features.first(
        asked.question, hopeful, _shares([candidate.key for candidate in hopeful], column, share), asked.first
    )
    every = [*_of(nearest), *hopeful]
    kept = _details(asked, [every[at] for at in _first([c.text for c in every], np.concatenate([near, other]))])
    parts = np.zeros((len(lexical.words), len(kept)), np.float32)
    for number, candidate in enumerate(kept):
        if (there := column.get(candidate.key.bytes)) is not None:
            parts[:, number] = lexical.parts[:, there]
    return Pool(tuple(kept), parts, best_words)


def _shares(
    ids: Sequence[uuid.UUID], column: Mapping[bytes, int], share: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """What part of the scope's best BM25 each passage has."""
    return np.array([0.0 if (at := column.get(i.bytes)) is None else share[at] for i in ids], np.float32)


def _of(nearest: Nearest) -> list[Candidate]:
    cosines = [None if np.isnan(cosine) else cosine for cosine in nearest.cosine.tolist()]
    return [
        Candidate(key, key, text, cosine, pending=pending)
        for key, text, cosine, pending in zip(
            nearest.ids, nearest.texts, cosines, nearest.pending.tolist(), strict=True
        )
    ]


def _bar(texts: Sequence[uuid.UUID], scores: npt.NDArray[np.float32]) -> float:
    """What a passage must reach to be among the FIRST_STAGE best of these."""
    best = _first(texts, scores)
    return float(scores[best[-1]]) if len(best) == FIRST_STAGE else -np.inf


def _by_words(
    asked: Search, ids: Sequence[bytes], share: npt.NDArray[np.float32], nearest: Nearest, bar: float
) -> list[Candidate]:
    """Passages that their words may lift over the bar.

    One that isn't among the nearest has no more than `nearest.floor` by its vector, so only those whose words can make
    up for it are looked up.
    """
    # All vectors are known: what isn't there has none, or didn't come through the filter.
    floor = nearest.floor if np.isfinite(nearest.floor) else asked.first.most_without_vector
    seen = {i.bytes for i in nearest.ids}
    most = len(ids) if asked.vector is None and asked.narrowed else MOST_BY_WORDS
    wanted: list[uuid.UUID] = []
    for at in np.argsort(-share, kind="stable").tolist():
        if len(wanted) >= most or asked.first.words * share[at] + floor < bar:
            break
        if ids[at] not in seen:
            wanted.append(uuid.UUID(bytes=ids[at]))
    if not wanted:
        return []
    statement, values = where.statement(BY_WORDS, asked.condition, asked.query.vantage)
    rows = fetch.rows(statement, values | asked.parameters() | {"ids": wanted})
    return [
        Candidate(key, memory, text, cosine, said_at=said_at, speaker=speaker, role=role)
        for key, memory, text, cosine, said_at, speaker, role in rows
    ]


def _details(asked: Search, chosen: Sequence[Candidate]) -> list[Candidate]:
    """The same passages with all that ranks them."""
    cosines = {candidate.key: candidate.cosine for candidate in chosen if not candidate.pending}
    kept = [candidate for candidate in chosen if candidate.pending]
    if not cosines:
        return kept
    statement, _ = where.statement(DETAILS, None, asked.query.vantage)
    for row in fetch.rows(statement, asked.parameters() | {"ids": list(cosines)}):
        vectors = None if row[-1] is None else pieces.load(row[-1])
        known: tuple[Any, ...] = (*row[:3], cosines[row[0]], *row[3:-1], vectors)
        kept.append(Candidate(*known))
    return kept


def _first(texts: Sequence[uuid.UUID], scores: npt.NDArray[np.float32]) -> list[int]:
    """Places of the FIRST_STAGE best, best first, at most PER_TEXT of one text."""
    ranked: list[int] = np.argsort(-scores, kind="stable").tolist()
    if len(set(texts)) == len(texts):
        return ranked[:FIRST_STAGE]
    taken: Counter[uuid.UUID] = Counter()
    best = []
    for at in ranked:
        taken[texts[at]] += 1
        if taken[texts[at]] <= PER_TEXT:
            best.append(at)
            if len(best) == FIRST_STAGE:
                break
    return best
