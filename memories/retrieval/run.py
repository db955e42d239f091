"""Recall: embed the question, find candidates, fuse, read."""

from __future__ import annotations

from memories.providers.registry import embedder
from memories.retrieval import candidates, context, fuse, read
from memories.types import Hit, Recalled, RecallQuery, Scope
from memproject.common.clock import now

FIRST_STAGE = 100  # candidates by each way, before fusion


def recall(scope: Scope, query: RecallQuery) -> Recalled:
    """The best hits for a question inside one scope. Reads only; raises what the embedder raises."""
    moment = now()
    model = embedder()
    vector = model.embed([query.query])[0]
    found = candidates.find(
        scope, query.query, vector, model.model, moment=moment, hybrid=query.hybrid, most=FIRST_STAGE
    )
    ranked = [pair for pair in fuse.fuse([found.near, found.worded]) if pair[1] >= query.threshold]
    known = read.live(scope.tenant_id, [i for i, _ in ranked[: query.limit]], moment)
    hits = tuple(Hit(known[i], round(score, 6)) for i, score in ranked[: query.limit] if i in known)
    text, used = context.build((hit.memory for hit in hits), query.max_tokens)
    return Recalled(hits, text, used)
