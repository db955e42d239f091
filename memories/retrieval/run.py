"""Recall: read the question, find candidates, rank them by a recipe, read the best."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

import numpy as np
import numpy.typing as npt

from memories.providers import questions, registry
from memories.providers.base import Encoded
from memories.retrieval import candidates, context, explain, fading, features, lexical, nearest, read, speakers
from memories.retrieval.candidates import Pool
from memories.retrieval.question import Question, understand
from memories.retrieval.ranking import Ranking
from memories.retrieval.recipes import BY_NAME, DENSE, FIRST_STAGE, FULL, LITE, MIN_UNKNOWN, WORDS, Recipe
from memories.retrieval.search import Search, excluded
from memories.types import Hit, Recalled, RecallQuery, Scope
from memproject.common.clock import now
from memproject.common.errors import Unavailable

log = logging.getLogger(__name__)


def recall(scope: Scope, query: RecallQuery) -> Recalled:
    """The best hits for a question inside one scope; without a question the newest that a filter lets through.

    While the embedding model is away memories are found by their words alone; asked for meaning alone, it raises
    Unavailable.
    """
    moment = now()
    ranking = rank(scope, query, moment) if query.query else _newest(scope, query, moment)
    chosen = [pair for pair in ranking.memories if pair[1] >= query.threshold][: query.limit]
    known = read.by_ids(scope.tenant_id, [i for i, _ in chosen], moment, query.vantage)
    then = query.vantage.as_of or moment
    hits = [Hit(known[i], score, fading.of(known[i], then).score) for i, score in chosen if i in known]
    text = context.build([hit.memory for hit in hits], query.max_tokens)
    if not query.explain:
        return Recalled(tuple(hits), text.text, text.tokens)
    return explain.explained(hits, text, ranking, query)


def rank(scope: Scope, query: RecallQuery, moment: dt.datetime, recipe: Recipe | None = None) -> Ranking:
    """All that is near a question, best first; `recipe` None: as the query asks for."""
    text = query.query or ""
    project = (scope.projects or ("",))[0]
    known = speakers.known(scope)
    question = understand(text, known.names, query.reference_time or query.vantage.as_of or moment)
    waiting = questions.encoding(question.spoken)
    words = lexical.NOTHING
    if query.hybrid or recipe:
        pending = not query.vantage.elsewhere
        words = lexical.search(scope, text, moment, project, known.passages, waiting=pending)
    encoder = registry.encoder()
    encoded: Encoded | None = None
    try:
        encoded = waiting()
    except Unavailable:
        if not query.hybrid:
            raise
        log.warning("the embedder is away: recall goes by words alone")
    asked = encoded.pieces[0] if encoded and encoded.pieces else None
    recipe = recipe or _recipe(query, encoded, encoder, words)
    search = Search(
        scope=scope,
        query=query,
        question=question,
        first=recipe.first,
        moment=moment,
        vector=encoded.vectors[0] if encoded else None,
        model=encoder.embedder.model,
        piece_model=encoder.pieces.piece_model if encoder.pieces and "pieces" in recipe.weights else None,
    )
    near = nearest.search(search, size=known.passages, enough=FIRST_STAGE)
    return _ranked(question, words, candidates.gather(search, words, near), asked, recipe)


def _recipe(query: RecallQuery, encoded: Encoded | None, encoder: registry.Encoder, words: lexical.Lexical) -> Recipe:
    if query.recipe:
        return BY_NAME[query.recipe]
    if encoded is None:
        return WORDS
    if not query.hybrid:
        return DENSE
    if words.ids and encoded.unknown and encoded.unknown[0] >= MIN_UNKNOWN:
        return WORDS if encoder.is_near else LITE
    return FULL if query.rerank and encoded.pieces else LITE


def _ranked(
    question: Question,
    words: lexical.Lexical,
    pool: Pool,
    asked: npt.NDArray[np.int8] | None,
    recipe: Recipe,
) -> Ranking:
    found = features.of(question, pool.candidates, pool.parts, words.idf, words.ideal, pool.best_words, asked, recipe)
    columns = {name: weight * found[name] for name, weight in recipe.weights.items() if name in found}
    total = np.zeros(len(pool.candidates), np.float32) + sum(columns.values())
    scores = 1 / (1 + np.exp(-recipe.slope * (total - recipe.middle)))
    best: dict[uuid.UUID, int] = {}
    for at in np.argsort(-total, kind="stable"):
        best.setdefault(pool.candidates[at].memory_id, int(at))
    ranked = [(memory_id, round(float(scores[at]), 6)) for memory_id, at in best.items()]
    return Ranking(ranked, best, columns, recipe, question, words, pool)


def _newest(scope: Scope, query: RecallQuery, moment: dt.datetime) -> Ranking:
    """Nothing was asked but a filter: what it lets through answers in full."""
    ids = read.matching(
        scope,
        moment,
        query.filters,
        limit=query.limit,
        waiting=True,
        exclude=excluded(query),
        vantage=query.vantage,
    )
    return Ranking([(i, 1.0) for i in ids])
