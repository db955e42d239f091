"""Step 5 of a recall: the hits, their context for a prompt, and why they were found."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from memories.explanation_types import Explanation, FeatureContribution, LeftOut, TimeInQuestion, Why
from memories.retrieval import decay_scan, read
from memories.retrieval.context import ContextMemory, RecallContext, build_context, line, tokens
from memories.retrieval.types import Ranking
from memories.types import Hit, Recalled, Span

MAX_PASSAGES = 2_000  # characters: a longer text has several passages
# The name of each feature, and its meaning.
NAMES = {
    "token_embeddings": (
        "wording",
        "each word of the question beside the nearest word of this memory and its neighbours",
    ),
    "session": ("conversation", "the same, for the best of its whole conversation"),
    "words": ("matching words", "words of the question that stand in it, rare ones counting more"),
    "words_share": ("matching words", "words of the question that stand in it, rare ones counting more"),
    "words_context": ("words nearby", "words of the question in it or said next to it"),
    "meaning": ("meaning", "likeness of the whole question and the whole memory"),
    "meaning_context": ("meaning nearby", "the same, for it or what was said next to it"),
    "speaker": ("speaker", "said by the person that the question names"),
    "date": ("time", "said in the time that the question names"),
    "role_match": ("voice", "said by the assistant, or by the user, where the other is asked for"),
    "asks": ("question", "it asks and doesn't tell"),
    "length": ("length", "longer memories tell more"),
    "ranks": ("ranks", "reciprocal ranks by words and by meaning"),
}


def render(ranking: Ranking) -> Recalled:
    """The best hits as they are stored, and their text for a prompt; with their reasons if the query asks for them."""
    query, newer = ranking.query, ranking.outdated_by
    chosen = [pair for pair in ranking.memories if pair[1] >= query.threshold][: query.limit]
    known = read.by_ids(ranking.scope.tenant_id, [i for i, _ in chosen], ranking.moment, query.temporal_view)
    then = query.temporal_view.as_of or ranking.moment
    hits = [
        Hit(known[i], score, decay_scan.of(known[i], then).score, outdated_by=newer.get(i))
        for i, score in chosen
        if i in known
    ]
    context = build_context(_for_context(hits, ranking), query.max_tokens, query.query or "")
    if query.explain:
        hits = [replace(hit, why=_why(hit, ranking)) for hit in hits]
    explanation = _explanation(ranking, context) if query.explain else None
    return Recalled(tuple(hits), context.text, context.tokens, context.omitted, explanation)


# --- the context -----------------------------------------------------------------------------------------------------
def _for_context(hits: Sequence[Hit], ranking: Ranking) -> list[ContextMemory]:
    """The hits, those that compete with another hit by their dates, with the best passages of long ones."""
    found = {hit.memory.id for hit in hits}
    old = {hit.memory.id: hit.outdated_by for hit in hits if hit.outdated_by in found}
    dated = {*old, *old.values()}
    memories = [ContextMemory(h.memory, (), h.memory.id in dated, h.memory.id in old) for h in hits]
    if sum(tokens(line(one)) + 1 for one in memories) <= ranking.query.max_tokens:
        return memories
    long = [one.memory.id for one in memories if len(one.memory.content) > MAX_PASSAGES]
    passages = _best_passages(long, ranking)
    return [replace(one, passages=passages.get(one.memory.id, ())) for one in memories]


def _best_passages(ids: Sequence[uuid.UUID], ranking: Ranking) -> dict[uuid.UUID, tuple[Span, ...]]:
    """The candidates of these memories, best first. One statement; none without such memories."""
    if not ids or ranking.retrieved is None:
        return {}
    columns = list(ranking.columns.values())
    of: dict[uuid.UUID, list[tuple[float, uuid.UUID]]] = {key: [] for key in ids}
    for at, candidate in enumerate(ranking.retrieved.pool.candidates):
        if candidate.memory_id in of:
            of[candidate.memory_id].append((-float(sum(points[at] for points in columns)), candidate.key))
    spans = read.passage_spans(ranking.scope.tenant_id, [key for keys in of.values() for _, key in keys])
    return {memory: tuple(spans[key] for _, key in sorted(keys) if key in spans) for memory, keys in of.items()}


# --- the explanation -------------------------------------------------------------------------------------------------
def _why(hit: Hit, ranking: Ranking) -> Why:
    at = ranking.best.get(hit.memory.id)
    retrieved = ranking.retrieved
    if at is None or retrieved is None:
        return Why(score=hit.score)
    weights = retrieved.recipe.weights_of(in_conversation=retrieved.pool.candidates[at].session is not None)
    parts = [
        _contribution(name, float(ranking.columns[name][at]), weight)
        for name, weight in weights.items()
        if name in ranking.columns
    ]
    held = [word for word, part in zip(retrieved.lexical.words, retrieved.pool.parts[:, at], strict=True) if part > 0]
    return Why(
        tuple(sorted(parts, key=lambda part: -abs(part.points))),
        tuple(held),
        round(sum(float(points[at]) for points in ranking.columns.values()), 4),
        hit.score,
    )


def _contribution(name: str, points: float, weight: float) -> FeatureContribution:
    """A feature of one hit."""
    sign, meaning = NAMES.get(name, (name, ""))
    value = points / weight if weight else 0.0
    return FeatureContribution(sign, round(points, 4), meaning, name, round(value, 4), weight)


def _explanation(ranking: Ranking, context: RecallContext) -> Explanation:
    """The interpretation of the question, and the lines left out of the context."""
    query, retrieved = ranking.query, ranking.retrieved
    question = retrieved.analyzed.question if retrieved else None
    windows = question.windows if question else ()
    below = [score for _, score in ranking.memories if score < query.threshold]
    return Explanation(
        recipe=retrieved.recipe.name if retrieved else "newest",
        candidates=len(retrieved.pool.candidates) if retrieved else len(ranking.memories),
        below_threshold=len(below),
        words=tuple(retrieved.lexical.words) if retrieved else (),
        speaker=tuple(question.speakers) if question else (),
        times=tuple(TimeInQuestion(w.words, w.start, w.stop) for w in windows),
        asks_the_assistant=bool(question and question.asks_about_assistant),
        left_out=LeftOut(query.max_tokens, context.tokens, context.over_budget, context.repeats, context.shortened),
        asked_as=question.first_person_text if question else "",
        threshold=query.threshold,
        above_threshold=len(ranking.memories) - len(below),
        best_below=max(below, default=None),
    )
