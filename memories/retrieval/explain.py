"""Why a memory was found, in words an operator understands."""

from __future__ import annotations

from dataclasses import replace

from memories.explanation_types import Explanation, FeatureContribution, LeftOut, TimeInQuestion, Why
from memories.retrieval.context import RecallContext
from memories.retrieval.ranking import Ranking
from memories.types import Hit, Recalled, RecallQuery

# What each feature is called, and what it says.
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


def explained(hits: list[Hit], text: RecallContext, ranking: Ranking, query: RecallQuery) -> Recalled:
    """The hits with their reasons, and what was understood of the question and left out of the context."""
    with_reasons = tuple(replace(hit, why=_why(hit, ranking)) for hit in hits)
    return Recalled(with_reasons, text.text, text.tokens, _asked(ranking, text, query))


def _why(hit: Hit, ranking: Ranking) -> Why:
    at = ranking.best.get(hit.memory.id)
    if at is None or ranking.pool is None:
        return Why()
    parts = [
        FeatureContribution(NAMES[name][0], round(float(points[at]), 4), NAMES[name][1])
        for name, points in ranking.columns.items()
        if abs(float(points[at])) >= 5e-5
    ]
    held = [word for word, part in zip(ranking.lexical.words, ranking.pool.parts[:, at], strict=True) if part > 0]
    return Why(
        tuple(sorted(parts, key=lambda part: -abs(part.points))),
        tuple(held),
        round(sum(float(points[at]) for points in ranking.columns.values()), 4),
    )


def _asked(ranking: Ranking, text: RecallContext, query: RecallQuery) -> Explanation:
    question = ranking.question
    windows = question.windows if question else ()
    return Explanation(
        recipe=ranking.recipe.name if question else "newest",
        candidates=len(ranking.pool.candidates) if ranking.pool else len(ranking.memories),
        below_threshold=sum(score < query.threshold for _, score in ranking.memories),
        words=tuple(ranking.lexical.words),
        speaker=tuple(question.speakers) if question else (),
        times=tuple(TimeInQuestion(w.words, w.start, w.stop) for w in windows),
        asks_the_assistant=bool(question and question.asks_about_assistant),
        left_out=LeftOut(query.max_tokens, text.tokens, tuple(text.over_budget), tuple(text.repeats)),
    )
