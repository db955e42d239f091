"""Recall: analyse the question, find candidates, rank them by a recipe, read the best."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

import numpy as np
import numpy.typing as npt

from core.clock import now
from core.errors import Unavailable
from memories.embeddings import query_cache, registry
from memories.embeddings.base import Encoded
from memories.retrieval import (
    candidates,
    context,
    decay_scan,
    explain,
    features,
    known_speakers,
    lexical,
    nearest,
    read,
)
from memories.retrieval.candidates import Pool
from memories.retrieval.query_analysis import Question, analyze
from memories.retrieval.ranking import Ranking
from memories.retrieval.recipes import BY_NAME, DENSE, FIRST_STAGE, FULL, LITE, UNREADABLE, WORDS, Recipe
from memories.retrieval.search_context import SearchContext, excluded
from memories.types import Hit, MemoryScope, Recalled, RecallQuery

log = logging.getLogger(__name__)


def recall(scope: MemoryScope, query: RecallQuery) -> Recalled:
    """The best hits for a question inside one scope; without a question the newest memories that match the filter.

    While the embedding model is unavailable, only words rank. A recall by meaning only raises Unavailable then.
    """
    moment = now()
    ranking = rank(scope, query, moment) if query.query else _newest(scope, query, moment)
    chosen = [pair for pair in ranking.memories if pair[1] >= query.threshold][: query.limit]
    known = read.by_ids(scope.tenant_id, [i for i, _ in chosen], moment, query.temporal_view)
    then = query.temporal_view.as_of or moment
    hits = [Hit(known[i], score, decay_scan.of(known[i], then).score) for i, score in chosen if i in known]
    text = context.build([hit.memory for hit in hits], query.max_tokens)
    if not query.explain:
        return Recalled(tuple(hits), text.text, text.tokens)
    return explain.explained(hits, text, ranking, query)


def rank(scope: MemoryScope, query: RecallQuery, moment: dt.datetime, recipe: Recipe | None = None) -> Ranking:
    """All memories near a question, best first; `recipe` None: as the query asks for."""
    text = query.query or ""
    project = (scope.projects or ("",))[0]
    known = known_speakers.known(scope)
    question = analyze(text, known.names, query.reference_time or query.temporal_view.as_of or moment)
    waiting = query_cache.encoding(question.first_person_text)
    words = lexical.NOTHING
    if query.hybrid or recipe:
        pending = not query.temporal_view.is_historical
        words = lexical.search(scope, text, moment, project, known.passages, waiting=pending)
    encoder = registry.encoder()
    encoded: Encoded | None = None
    try:
        encoded = waiting()
    except Unavailable:
        if not query.hybrid:
            raise
        log.warning("the embedder is unavailable: recall uses words only")
    query_tokens = encoded.token_embeddings[0] if encoded and encoded.token_embeddings else None
    recipe = recipe or _recipe(query, encoded, encoder, words)
    search_context = SearchContext(
        scope=scope,
        query=query,
        question=question,
        first=recipe.first,
        moment=moment,
        vector=encoded.vectors[0] if encoded else None,
        model=encoder.embedder.model,
        token_model=encoder.token_encoder.token_model
        if encoder.token_encoder and "token_embeddings" in recipe.weights
        else None,
    )
    near = nearest.search(search_context, size=known.passages, enough=FIRST_STAGE)
    return _ranked(question, words, candidates.gather(search_context, words, near), query_tokens, recipe)


def _recipe(query: RecallQuery, encoded: Encoded | None, encoder: registry.Encoder, words: lexical.Lexical) -> Recipe:
    if query.recipe:
        return BY_NAME[query.recipe]
    if encoded is None:
        return WORDS
    if not query.hybrid:
        return DENSE
    if words.ids and encoded.unknown and encoded.unknown[0] >= UNREADABLE:
        return WORDS if encoder.is_near else LITE
    return FULL if query.rerank and encoded.token_embeddings else LITE


def _ranked(
    question: Question,
    words: lexical.Lexical,
    pool: Pool,
    query_tokens: npt.NDArray[np.int8] | None,
    recipe: Recipe,
) -> Ranking:
    found = features.of(
        question, pool.candidates, pool.parts, words.idf, words.ideal, pool.best_words, query_tokens, recipe
    )
    columns = {name: weight * found[name] for name, weight in recipe.weights.items() if name in found}
    total = np.zeros(len(pool.candidates), np.float32) + sum(columns.values())
    scores = 1 / (1 + np.exp(-recipe.logistic_slope * (total - recipe.logistic_midpoint)))
    best: dict[uuid.UUID, int] = {}
    for at in np.argsort(-total, kind="stable"):
        best.setdefault(pool.candidates[at].memory_id, int(at))
    ranked = [(memory_id, round(float(scores[at]), 6)) for memory_id, at in best.items()]
    return Ranking(ranked, best, columns, recipe, question, words, pool)


def _newest(scope: MemoryScope, query: RecallQuery, moment: dt.datetime) -> Ranking:
    """A query with a filter only: all matches have the score 1."""
    ids = read.matching(
        scope,
        moment,
        query.filters,
        limit=query.limit,
        waiting=True,
        exclude=excluded(query),
        temporal_view=query.temporal_view,
    )
    return Ranking([(i, 1.0) for i in ids])
