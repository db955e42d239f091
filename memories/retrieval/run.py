"""Recall: embed the question, find candidates, fuse, read."""

from __future__ import annotations

import logging

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
    """The best hits for a question inside one scope. Reads only.

    While the embedding model is away memories are found by their words alone; asked for meaning alone, it raises
    Unavailable.
    """
    moment = now()
    model = embedder()
    vector: npt.NDArray[np.float32] | None = None
    try:
        vector = model.embed([query.query])[0]
    except Unavailable:
        if not query.hybrid:
            raise
        log.warning("the embedder is away: recall goes by words alone")
    found = candidates.find(
        scope, query.query, vector, model.model, moment=moment, hybrid=query.hybrid, most=FIRST_STAGE
    )
    ranked = [pair for pair in fuse.fuse([found.near, found.worded]) if pair[1] >= query.threshold]
    known = read.live(scope.tenant_id, [i for i, _ in ranked[: query.limit]], moment)
    hits = tuple(Hit(known[i], round(score, 6)) for i, score in ranked[: query.limit] if i in known)
    text, used = context.build((hit.memory for hit in hits), query.max_tokens)
    return Recalled(hits, text, used)
