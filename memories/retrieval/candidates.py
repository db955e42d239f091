"""The candidates of a recall: the best passages of a scope by words and vectors, with their ranking columns."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.postgres import fetch
from memories.embeddings import token_embeddings
from memories.embeddings.base import TokenMatrix
from memories.retrieval import features, where
from memories.retrieval.lexical import Lexical
from memories.retrieval.nearest import Nearest
from memories.retrieval.recipes import FIRST_STAGE, PER_TEXT
from memories.retrieval.search_context import SearchContext

MAX_BY_WORDS = 1_000  # passages that are looked up at most for their words

# The cut of passages that have words of the question and are not among the nearest: visible ones that match the filter.
BY_WORDS = """
SELECT p.id, p.memory_key, p.text_key, 1 - (e.vector <=> %(vector)s::halfvec), p.said_at, p.speaker, p.role
FROM memories_passage p
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = p.text_key
LEFT JOIN memories_embedding e ON e.tenant_id = %(tenant)s AND e.passage_key = p.id AND e.model = %(model)s
WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) AND {visible} AND {r_filter}
"""
# The ranking columns of the remaining passages, with their position: `after` are the two following turns of the
# session, as `batch:turn`.
DETAILS = """
SELECT p.id, p.memory_key, p.text_key, p.session, p.batch || ':' || p.turn, coalesce(after.turns, '{{}}'),
       p.said_at, p.speaker, p.role, p.length,
       p.start = 0 AND p.stop < 2000
         AND right(rtrim(r.content, E' \\t\\n\\r"'')*'), 1) = ANY(ARRAY['?', '？', '؟']),
       k.vectors
FROM memories_passage p
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = p.text_key AND {current}
LEFT JOIN memories_tokenembedding k
  ON k.tenant_id = %(tenant)s AND k.passage_key = p.id AND k.model = %(token_model)s
LEFT JOIN LATERAL (
    SELECT array_agg(place) AS turns FROM (
        SELECT n.batch || ':' || n.turn AS place FROM memories_passage n
        WHERE n.tenant_id = %(tenant)s AND n.project = p.project AND n.user_id = p.user_id AND n.session = p.session
          AND n.ordinal = 0 AND (n.said_at, n.batch, n.turn) > (p.said_at, p.batch, p.turn)
        ORDER BY n.said_at, n.batch, n.turn LIMIT 2) following
) after ON p.session IS NOT NULL
WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class PassageCandidate:
    """A passage, or a pending write (`pending`: without position and token embeddings). `cosine` None: no vector of
    this model."""

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
    token_embeddings: TokenMatrix | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """The input of the second stage: candidates, and the parts of their BM25 (words × candidates)."""

    candidates: tuple[PassageCandidate, ...]
    parts: npt.NDArray[np.float32]
    best_words: float  # the largest BM25 in the scope; `words` is a share of it


def gather(context: SearchContext, lexical: Lexical, nearest: Nearest) -> Pool:
    """The FIRST_STAGE best of the scope, exactly: scores missing from either list are fetched."""
    bm25 = lexical.scores
    best_words = float(bm25.max()) if bm25.size else 0.0
    share = bm25 / best_words if best_words else bm25
    column = {key: at for at, key in enumerate(lexical.ids)}
    near_words = _shares(nearest.ids, column, share)
    near = (
        context.first.words * near_words
        + context.first.meaning * features.meaning(nearest.cosine, near_words)
        + nearest.bonus
    )
    by_words = _by_words(context, lexical.ids, share, nearest, _cutoff(nearest.texts, near))
    other = features.first_stage_score(
        context.question, by_words, _shares([candidate.key for candidate in by_words], column, share), context.first
    )
    every = [*_of(nearest), *by_words]
    kept = _details(context, [every[at] for at in _first([c.text for c in every], np.concatenate([near, other]))])
    parts = np.zeros((len(lexical.words), len(kept)), np.float32)
    for number, candidate in enumerate(kept):
        if (there := column.get(candidate.key.bytes)) is not None:
            parts[:, number] = lexical.parts[:, there]
    return Pool(tuple(kept), parts, best_words)


def _shares(
    ids: Sequence[uuid.UUID], column: Mapping[bytes, int], share: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The share of the scope's best BM25 that each passage has."""
    return np.array([0.0 if (at := column.get(i.bytes)) is None else share[at] for i in ids], np.float32)


def _of(nearest: Nearest) -> list[PassageCandidate]:
    cosines = [None if np.isnan(cosine) else cosine for cosine in nearest.cosine.tolist()]
    return [
        PassageCandidate(key, key, text, cosine, pending=pending)
        for key, text, cosine, pending in zip(
            nearest.ids, nearest.texts, cosines, nearest.pending.tolist(), strict=True
        )
    ]


def _cutoff(texts: Sequence[uuid.UUID], scores: npt.NDArray[np.float32]) -> float:
    """The score that a passage needs to be among the FIRST_STAGE best of these."""
    best = _first(texts, scores)
    return float(scores[best[-1]]) if len(best) == FIRST_STAGE else -np.inf


def _by_words(
    context: SearchContext, ids: Sequence[bytes], share: npt.NDArray[np.float32], nearest: Nearest, cutoff: float
) -> list[PassageCandidate]:
    """Passages whose words may lift them over the cutoff.

    The score by vector of a passage that is not among the nearest is at most `nearest.floor`. So only passages with
    enough score by words are looked up.
    """
    # All vectors are known: a missing passage has none, or does not match the filter.
    floor = nearest.floor if np.isfinite(nearest.floor) else context.first.most_without_vector
    seen = {i.bytes for i in nearest.ids}
    most = len(ids) if context.vector is None and context.has_filters else MAX_BY_WORDS
    wanted: list[uuid.UUID] = []
    for at in np.argsort(-share, kind="stable").tolist():
        if len(wanted) >= most or context.first.words * share[at] + floor < cutoff:
            break
        if ids[at] not in seen:
            wanted.append(uuid.UUID(bytes=ids[at]))
    if not wanted:
        return []
    statement, values = where.statement(BY_WORDS, context.condition, context.query.temporal_view)
    rows = fetch.rows(statement, values | context.parameters() | {"ids": wanted})
    return [
        PassageCandidate(key, memory, text, cosine, said_at=said_at, speaker=speaker, role=role)
        for key, memory, text, cosine, said_at, speaker, role in rows
    ]


def _details(context: SearchContext, chosen: Sequence[PassageCandidate]) -> list[PassageCandidate]:
    """The same passages with their ranking columns."""
    cosines = {candidate.key: candidate.cosine for candidate in chosen if not candidate.pending}
    kept = [candidate for candidate in chosen if candidate.pending]
    if not cosines:
        return kept
    statement, _ = where.statement(DETAILS, None, context.query.temporal_view)
    for row in fetch.rows(statement, context.parameters() | {"ids": list(cosines)}):
        vectors = None if row[-1] is None else token_embeddings.load(row[-1])
        known: tuple[Any, ...] = (*row[:3], cosines[row[0]], *row[3:-1], vectors)
        kept.append(PassageCandidate(*known))
    return kept


def _first(texts: Sequence[uuid.UUID], scores: npt.NDArray[np.float32]) -> list[int]:
    """Positions of the FIRST_STAGE best, best first, at most PER_TEXT of one text."""
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
