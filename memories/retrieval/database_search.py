"""The best passages of a scope by words and by vectors, with their ranking columns: the search in the database.

Four statements: the passages with words of the question, the nearest vectors, the details of the FIRST_STAGE best, and
the open reviews. A fifth fetches scores that one of the first two lists lacks. `snapshot_search` gives the same result
from memory, where it can.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector

from core.postgres import fetch
from memories.embeddings import token_embeddings
from memories.retrieval import first_stage, lexical, nearest, where
from memories.retrieval.lexical import Lexical
from memories.retrieval.nearest import Nearest
from memories.retrieval.recipes import FIRST_STAGE, FirstStageWeights
from memories.retrieval.snapshot import ReviewPair
from memories.retrieval.snapshot_reader import unpack_vectors
from memories.retrieval.types import AnalyzedQuery, Floats, PassageCandidate, Pool
from memories.types import Filter

MAX_PENDING = 1_000  # pending writes that take part
MAX_BY_WORDS = 1_000  # passages that are looked up at most for their words

# The cut of passages that have words of the question and are not among the nearest: visible ones that match the filter.
BY_WORDS = """
SELECT p.id AS key, p.memory_key AS memory_id, p.text_key AS text, 1 - (e.vector <=> %(vector)s::halfvec) AS cosine,
       p.said_at, p.speaker, p.role
FROM memories_passage p
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = p.text_key
LEFT JOIN memories_embedding e ON e.tenant_id = %(tenant)s AND e.passage_key = p.id AND e.model = %(model)s
WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) AND {visible} AND {r_filter}
"""
# The ranking columns of the remaining passages, with their position: `after` are the two following turns of the
# session, as `batch:turn`. A turn may have several memories, so the turns are grouped.
DETAILS = """
SELECT p.id AS key, p.memory_key AS memory_id, p.text_key AS text,
       p.session, p.batch || ':' || p.turn AS place, coalesce(after.turns, '{{}}') AS after,
       p.said_at, p.speaker, p.role, p.length,
       p.start = 0 AND p.stop < 2000
         AND right(rtrim(r.content, E' \\t\\n\\r"'')*'), 1) = ANY(ARRAY['?', '？', '؟']) AS asks,
       k.vectors, halfvec_send(e.vector) AS vector,
       (SELECT string_agg(int8send(hashtextextended(w.lexeme, 0)), ''::bytea) FROM unnest(p.tsv) w) AS words
FROM memories_passage p
JOIN memories_revision r ON r.tenant_id = %(tenant)s AND r.text_key = p.text_key AND {current}
LEFT JOIN memories_tokenembedding k
  ON k.tenant_id = %(tenant)s AND k.passage_key = p.id AND k.model = %(token_model)s
LEFT JOIN memories_embedding e
  ON e.tenant_id = %(tenant)s AND e.passage_key = p.id AND e.model = %(model)s
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
# The open reviews of two candidates' memories.
REVIEWS = """
SELECT v.old_key AS older, v.new_key AS newer, v.probability FROM memories_review v
WHERE v.tenant_id = %(tenant)s AND v.user_id = %(user)s AND v.state = 'open' AND v.project = ANY(%(projects)s)
  AND v.old_key = ANY(%(memories)s) AND v.new_key = ANY(%(memories)s)
"""


@dataclass(frozen=True)
class SearchContext:
    """The parameters of every statement about one question. `vector` is the question's under `model` (None: the model
    is unavailable); `token_model` None: no token embeddings are read."""

    analyzed: AnalyzedQuery
    first: FirstStageWeights
    vector: npt.NDArray[np.float32] | None
    model: str
    token_model: str | None

    @property
    def condition(self) -> Filter | None:
        return self.analyzed.query.filters

    @property
    def has_filters(self) -> bool:
        """Whether conditions besides scope and visibility exclude memories."""
        query, scope = self.analyzed.query, self.analyzed.scope
        return bool(
            query.filters
            or query.exclude
            or query.temporal_view.superseded
            or query.temporal_view.is_historical
            or scope.agent_id
            or scope.run_id
        )

    @cached_property
    def _halfvec(self) -> str | None:
        return None if self.vector is None else HalfVector(self.vector).to_text()

    def parameters(self) -> dict[str, Any]:
        query = self.analyzed.query
        return where.parameters(
            self.analyzed.scope, self.analyzed.moment, exclude=where.excluded(query), temporal_view=query.temporal_view
        ) | {
            "vector": self._halfvec,
            "model": self.model,
            "token_model": self.token_model or "",  # no model has this name: no row matches
        }


# --- words -----------------------------------------------------------------------------------------------------------
def search_words(analyzed: AnalyzedQuery) -> Lexical:
    """All passages of one user's project with a word of the question, including invisible ones: the reader of the
    result checks that. Accepted writes that are not applied take part, unless the query reads the past."""
    words = analyzed.state.lexemes
    if not words:
        return lexical.NOTHING
    statement, values = where.statement(lexical.MATCHES, None)
    values |= where.parameters(analyzed.scope, analyzed.moment)
    values |= {
        "lexemes": list(words),
        "pending": 0 if analyzed.query.temporal_view.is_historical else MAX_PENDING,
    }
    (found,) = fetch.named_rows(statement, values)
    if not found.heads:
        return lexical.NOTHING
    matches = lexical.unpack(found.heads, found.held, words)
    mean_length = found.words / found.passages if found.passages else 1.0
    return lexical.weigh(matches, words, analyzed.state.passages, mean_length or 1.0)


# --- vectors ---------------------------------------------------------------------------------------------------------
def search_vectors(context: SearchContext) -> Nearest:
    """The nearest visible passages that match a filter, and pending writes; at least FIRST_STAGE, if there are as
    many."""
    analyzed, temporal_view = context.analyzed, context.analyzed.query.temporal_view
    # A prefilter must not cut passages that match the filter.
    is_exact = analyzed.state.passages <= nearest.EXACT_UP_TO or context.has_filters
    ranked, bonus_values = nearest.ranked(
        analyzed.question, context.first, is_exact=is_exact, any_version=temporal_view.as_of is not None
    )
    statement, values = where.statement(nearest.NEAREST, context.condition, temporal_view, nearest=ranked)
    waiting = 0 if temporal_view.is_historical else MAX_PENDING
    values |= context.parameters() | {"prefilter": nearest.PREFILTER_SIZE, "pending": waiting} | bonus_values
    for most in (None,) if context.has_filters else (nearest.FIRST_FETCH, None):
        rows = fetch.named_rows(statement, values | {"most": most})
        compared = sum(not row.pending for row in rows)
        texts = [row.text_key for row in rows if row.alive]
        if most is None or compared < most or nearest.apart(texts) >= FIRST_STAGE:
            break
    return nearest.collect(rows, is_cut=most is not None and compared >= most)


# --- candidates ------------------------------------------------------------------------------------------------------
def candidates(context: SearchContext, words: Lexical, near: Nearest) -> Pool:
    """The FIRST_STAGE best of the scope, exactly: scores missing from either list are fetched."""
    bm25, question, first = words.scores, context.analyzed.question, context.first
    best_words = float(bm25.max()) if bm25.size else 0.0
    share = bm25 / best_words if best_words else bm25
    column = {key: at for at, key in enumerate(words.ids)}
    near_words = first_stage.shares(near.ids, column, share)
    near_scores = first.words * near_words + first.meaning * first_stage.meaning(near.cosine, near_words) + near.bonus
    by_words = _by_words(context, words.ids, share, near, first_stage.cutoff(_of(near), near_scores))
    other_words = first_stage.shares([candidate.key for candidate in by_words], column, share)
    other_scores = first_stage.first_stage_score(question, by_words, other_words, first)
    every = [*_of(near), *by_words]
    best = first_stage.best(every, np.concatenate([near_scores, other_scores]))
    kept = sorted(_details(context, [every[at] for at in best]), key=lambda c: c.key, reverse=True)
    parts = np.zeros((len(words.words), len(kept)), np.float32)
    for number, candidate in enumerate(kept):
        if (there := column.get(candidate.key.bytes)) is not None:
            parts[:, number] = words.parts[:, there]
    return Pool(tuple(kept), parts, best_words, _reviews(context, kept))


def _of(near: Nearest) -> list[PassageCandidate]:
    cosines = [None if np.isnan(cosine) else cosine for cosine in near.cosine.tolist()]
    rows = zip(near.ids, near.texts, cosines, near.pending.tolist(), strict=True)
    return [PassageCandidate(key, key, text, cosine, pending=pending) for key, text, cosine, pending in rows]


def _by_words(
    context: SearchContext, ids: Sequence[bytes], share: npt.NDArray[np.float32], near: Nearest, cutoff: float
) -> list[PassageCandidate]:
    """Passages whose words may lift them over the cutoff.

    The score by vector of a passage that is not among the nearest is at most `near.floor`. So only passages with
    enough score by words are looked up.
    """
    # All vectors are known: a missing passage has none, or does not match the filter.
    floor = near.floor if np.isfinite(near.floor) else context.first.most_without_vector
    seen = {i.bytes for i in near.ids}
    most = len(ids) if context.vector is None and context.has_filters else MAX_BY_WORDS
    wanted: list[uuid.UUID] = []
    for at in np.argsort(-share, kind="stable").tolist():
        if len(wanted) >= most or context.first.words * share[at] + floor < cutoff:
            break
        if ids[at] not in seen:
            wanted.append(uuid.UUID(bytes=ids[at]))
    if not wanted:
        return []
    statement, values = where.statement(BY_WORDS, context.condition, context.analyzed.query.temporal_view)
    return fetch.records(PassageCandidate, statement, values | context.parameters() | {"ids": wanted})


def _details(context: SearchContext, chosen: Sequence[PassageCandidate]) -> list[PassageCandidate]:
    """The same passages with their ranking columns. Their cosines are computed anew, as a snapshot does, so that both
    searches give the same scores."""
    kept = [candidate for candidate in chosen if candidate.pending]
    stored = [candidate.key for candidate in chosen if not candidate.pending]
    if not stored:
        return kept
    statement, _ = where.statement(DETAILS, None, context.analyzed.query.temporal_view)

    def detailed(vectors: bytes | None, vector: bytes | None, words: bytes | None, **columns: Any) -> PassageCandidate:
        loaded = None if vectors is None else token_embeddings.load(vectors, context.token_model or "")
        cosine = None if vector is None or context.vector is None else _cosine(vector, context.vector)
        terms = np.frombuffer(words or b"", ">i8").astype(np.int64)
        return PassageCandidate(cosine=cosine, token_embeddings=loaded, terms=terms, **columns)

    return kept + fetch.records(detailed, statement, context.parameters() | {"ids": stored})


def _cosine(sent: bytes, asked: Floats) -> float:
    return float(np.einsum("ij,j->i", unpack_vectors(sent, len(asked)), asked)[0])


def _reviews(context: SearchContext, kept: Sequence[PassageCandidate]) -> tuple[ReviewPair, ...]:
    memories = list({candidate.memory_id for candidate in kept if not candidate.pending})
    if not memories:
        return ()
    return tuple(fetch.records(ReviewPair, REVIEWS, context.parameters() | {"memories": memories}))
