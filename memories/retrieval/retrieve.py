"""Step 2 of a recall: the candidates of a question, from the owner's snapshot or from the database."""

from __future__ import annotations

import datetime as dt
import logging

from core.errors import Unavailable
from memories.embeddings import query_cache, registry
from memories.embeddings.base import Encoded
from memories.retrieval import database_search, read, snapshot_search, where
from memories.retrieval.lexical import NOTHING, Lexical
from memories.retrieval.recipes import BY_NAME, DENSE, FULL, LITE, MIN_UNKNOWN, WORDS, Recipe
from memories.retrieval.snapshot import ScopeSnapshot
from memories.retrieval.types import AnalyzedQuery, Pool, Ranking, Retrieved
from memories.types import MemoryScope, RecallQuery

log = logging.getLogger(__name__)


def retrieve(analyzed: AnalyzedQuery) -> Retrieved:
    """The candidates of a question.

    While the embedding model is unavailable, only words rank. A recall by meaning only raises Unavailable then.
    """
    query = analyzed.query
    encoded: Encoded | None = None
    try:
        encoded = query_cache.encode(analyzed.question.first_person_text)
    except Unavailable:
        if not query.hybrid:
            raise
        log.warning("the embedder is unavailable: recall uses words only")
    if analyzed.snapshot is not None:
        recipe, words, pool = _from_snapshot(analyzed, analyzed.snapshot, encoded)
    else:
        recipe, words, pool = _from_database(analyzed, encoded)
    query_tokens = encoded.token_embeddings[0] if encoded and encoded.token_embeddings else None
    return Retrieved(analyzed, recipe, words, pool, query_tokens)


def newest(scope: MemoryScope, query: RecallQuery, moment: dt.datetime) -> Ranking:
    """Without a question: the newest memories that the filter lets through, all with the score 1."""
    ids = read.matching(
        scope,
        moment,
        query.filters,
        limit=query.limit,
        waiting=True,
        exclude=where.excluded(query),
        temporal_view=query.temporal_view,
    )
    return Ranking(scope, query, moment, tuple((i, 1.0) for i in ids))


def _from_snapshot(
    analyzed: AnalyzedQuery, snapshot: ScopeSnapshot, encoded: Encoded | None
) -> tuple[Recipe, Lexical, Pool]:
    words = snapshot_search.NOTHING
    if _needs_words(analyzed):
        words = snapshot_search.search_words(snapshot, analyzed.state)
    recipe = _recipe(analyzed, encoded, words.lexical)
    state = analyzed.state
    visible = snapshot_search.visible(snapshot, analyzed.moment, state.agent, state.run, where.excluded(analyzed.query))
    pool = snapshot_search.candidates(
        snapshot,
        words,
        analyzed.question,
        recipe.first,
        encoded.vectors[0] if encoded else None,
        visible,
        with_tokens="token_embeddings" in recipe.weights,
    )
    return recipe, words.lexical, pool


def _from_database(analyzed: AnalyzedQuery, encoded: Encoded | None) -> tuple[Recipe, Lexical, Pool]:
    words = database_search.search_words(analyzed) if _needs_words(analyzed) else NOTHING
    recipe = _recipe(analyzed, encoded, words)
    encoder = registry.encoder()
    context = database_search.SearchContext(
        analyzed=analyzed,
        first=recipe.first,
        vector=encoded.vectors[0] if encoded else None,
        model=encoder.embedder.model,
        token_model=encoder.token_encoder.token_model
        if encoder.token_encoder and "token_embeddings" in recipe.weights
        else None,
    )
    near = database_search.search_vectors(context)
    return recipe, words, database_search.candidates(context, words, near)


def _needs_words(analyzed: AnalyzedQuery) -> bool:
    return analyzed.query.hybrid or analyzed.recipe is not None


def _recipe(analyzed: AnalyzedQuery, encoded: Encoded | None, words: Lexical) -> Recipe:
    query = analyzed.query
    if analyzed.recipe:
        return analyzed.recipe
    if query.recipe:
        return BY_NAME[query.recipe]
    if encoded is None:
        return WORDS
    if not query.hybrid:
        return DENSE
    if words.parts.size and encoded.unknown and encoded.unknown[0] >= MIN_UNKNOWN:
        return WORDS if registry.encoder().is_near else LITE
    return FULL if query.rerank and encoded.token_embeddings else LITE
