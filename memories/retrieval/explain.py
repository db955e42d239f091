"""Explain why a memory was found, in words for operators."""

from __future__ import annotations

from dataclasses import replace

from core.clock import iso
from core.ids import MEMORY, public
from memories.retrieval.context import RecallContext
from memories.retrieval.ranking import Ranking
from memories.types import Hit, Json, Recalled, RecallQuery

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


def explained(hits: list[Hit], text: RecallContext, ranking: Ranking, query: RecallQuery) -> Recalled:
    """The hits with their reasons, the interpretation of the question, and the lines left out of the context."""
    with_reasons = tuple(replace(hit, why=_why(hit, ranking)) for hit in hits)
    return Recalled(with_reasons, text.text, text.tokens, _asked(ranking, text, query))


def _why(hit: Hit, ranking: Ranking) -> Json:
    at = ranking.best.get(hit.memory.id)
    if at is None or ranking.pool is None:
        return {"parts": [], "words": [], "sum": 0.0}
    parts = [
        {"sign": NAMES[name][0], "points": round(float(points[at]), 4), "meaning": NAMES[name][1]}
        for name, points in ranking.columns.items()
        if abs(float(points[at])) >= 5e-5
    ]
    held = [word for word, part in zip(ranking.lexical.words, ranking.pool.parts[:, at], strict=True) if part > 0]
    return {
        "parts": sorted(parts, key=lambda part: -abs(float(str(part["points"])))),
        "words": held,
        "sum": round(sum(float(points[at]) for points in ranking.columns.values()), 4),
    }


def _asked(ranking: Ranking, text: RecallContext, query: RecallQuery) -> Json:
    question = ranking.question
    return {
        "recipe": ranking.recipe.name if question else "newest",
        "candidates": len(ranking.pool.candidates) if ranking.pool else len(ranking.memories),
        "below_threshold": sum(score < query.threshold for _, score in ranking.memories),
        "words": list(ranking.lexical.words),
        "speaker": list(question.speakers) if question else [],
        "times": [
            {"words": w.words, "start": iso(w.start), "stop": iso(w.stop)}
            for w in (question.windows if question else ())
        ],
        "asks_the_assistant": bool(question and question.asks_about_assistant),
        "left_out": {
            "max_tokens": query.max_tokens,
            "tokens": text.tokens,
            "over_budget": [public(MEMORY, i) for i in text.over_budget],
            "near_duplicates": [public(MEMORY, i) for i in text.repeats],
        },
    }
