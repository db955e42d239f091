"""Recall: embed the question, find candidates, fuse, read."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

import numpy as np
import numpy.typing as npt

from memories.providers.registry import embedder
from memories.retrieval import candidates, context, fuse, read
from memories.types import Hit, Recalled, RecallQuery, Scope
from memproject.common.clock import now
from memproject.common.errors import Unavailable

log = logging.getLogger(__name__)

FIRST_STAGE = 100  # candidates by each way, before fusion


def recall(scope: Scope, query: RecallQuery) -> Recalled:
    """The best hits for a question inside one scope; without a question the newest that a filter lets through.

    While the embedding model is away memories are found by their words alone; asked for meaning alone, it raises
    Unavailable.
    """
    moment = now()
    ranked = _ranked(scope, query, moment) if query.query else _newest(scope, query, moment)
    chosen = [pair for pair in ranked if pair[1] >= query.threshold][: query.limit]
    known = read.by_ids(scope.tenant_id, [i for i, _ in chosen], moment)
    hits = tuple(Hit(known[i], round(score, 6)) for i, score in chosen if i in known)
    text, used = context.build((hit.memory for hit in hits), query.max_tokens)
    return Recalled(hits, text, used)


def _ranked(scope: Scope, query: RecallQuery, moment: dt.datetime) -> list[tuple[uuid.UUID, float]]:
    model = embedder()
    vector: npt.NDArray[np.float32] | None = None
    try:
        vector = model.embed([query.query or ""])[0]
    except Unavailable:
        if not query.hybrid:
            raise
        log.warning("the embedder is away: recall goes by words alone")
    found = candidates.find(scope, query, vector, model.model, moment=moment, most=FIRST_STAGE)
    return fuse.fuse([found.near, found.worded])


def _newest(scope: Scope, query: RecallQuery, moment: dt.datetime) -> list[tuple[uuid.UUID, float]]:
    """Nothing was asked but a filter: what it lets through answers in full."""
    ids = read.matching(
        scope,
        moment,
        query.filters,
        limit=query.limit,
        waiting=True,
        exclude=candidates.excluded(query),
        superseded=query.superseded,
    )
    return [(i, 1.0) for i in ids]
