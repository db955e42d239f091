"""Step 5 of a recall: the hits, their context for a prompt, and why they were found."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from memories.decisions.decide import Effect, allows
from memories.explanation_types import Explanation, FeatureContribution, LeftOut, TimeInQuestion, Why
from memories.retrieval import decay_scan, read
from memories.retrieval.types import Ranking
from memories.types import Hit, MemoryRecord, Recalled

CHARACTERS_A_TOKEN = 4  # of English, for current tokenizers; a fast local estimate, rather too high for prose
TOKENS_A_LETTER = 0.6  # beyond ASCII: Cyrillic needs fewer, Chinese a little more
ENDS = (".", "!", "?", "…", "。", "！", "？")
REPEAT_SHARE = 0.9  # share of equal words that makes the later of two lines a repetition
WORD = re.compile(r"\w+")
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
    query = ranking.query
    chosen = [pair for pair in ranking.memories if pair[1] >= query.threshold][: query.limit]
    known = read.by_ids(ranking.scope.tenant_id, [i for i, _ in chosen], ranking.moment, query.temporal_view)
    then = query.temporal_view.as_of or ranking.moment
    hits = [Hit(known[i], score, decay_scan.of(known[i], then).score) for i, score in chosen if i in known]
    context = build_context([hit.memory for hit in hits], query.max_tokens)
    if not query.explain:
        return Recalled(tuple(hits), context.text, context.tokens)
    with_reasons = tuple(replace(hit, why=_why(hit, ranking)) for hit in hits)
    return Recalled(with_reasons, context.text, context.tokens, _explanation(ranking, context))


# --- the context -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RecallContext:
    """`tokens` is an estimate. Left out: lines that did not fit, and lines that repeat an earlier one."""

    text: str
    tokens: int
    over_budget: tuple[uuid.UUID, ...] = ()
    repeats: tuple[uuid.UUID, ...] = ()


def tokens(text: str) -> int:
    """The approximate number of tokens for a model."""
    beyond = 0 if text.isascii() else sum(not character.isascii() for character in text)
    return -(-(len(text) - beyond) // CHARACTERS_A_TOKEN) + round(beyond * TOKENS_A_LETTER)


def line(memory: MemoryRecord) -> str:
    """A memory of a conversation is `[date] speaker: text`; a plain fact is its sentence with a full stop."""
    if memory.memory_type == "turn" and memory.speaker and memory.said_at:
        return f"[{memory.said_at:%Y-%m-%d}] {memory.speaker}: {memory.content}"
    return memory.content if memory.content.endswith(ENDS) else memory.content + "."


def build_context(memories: Iterable[MemoryRecord], max_tokens: int) -> RecallContext:
    """Lines that fit into `max_tokens`, best first. A line that does not fit is left out; shorter ones after it may
    still fit. A line that is nearly equal to an earlier one is left out too."""
    lines: list[str] = []
    said: list[tuple[frozenset[str], str]] = []
    used = 0
    over: list[uuid.UUID] = []
    repeats: list[uuid.UUID] = []
    for memory in memories:
        text = line(memory)
        words = frozenset(WORD.findall(text.casefold()))
        cost = tokens(text) + 1  # the line break
        if any(_alike(words, other) and allows(memory.content, old, Effect.DUPLICATE) for other, old in said):
            repeats.append(memory.id)
        elif used + cost > max_tokens:
            over.append(memory.id)
        else:
            lines.append(text)
            said.append((words, memory.content))
            used += cost
    return RecallContext("\n".join(lines), used, tuple(over), tuple(repeats))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of words are nearly equal; a number in only one of them makes them different.

    The sizes are compared first, because this is cheap: sets of very different sizes share too few words.
    """
    if min(len(one), len(other)) < REPEAT_SHARE * max(len(one), len(other)):
        return False
    if any(word.isdigit() for word in one ^ other):
        return False
    return len(one & other) >= REPEAT_SHARE * max(1, len(one | other))


# --- the explanation -------------------------------------------------------------------------------------------------
def _why(hit: Hit, ranking: Ranking) -> Why:
    at = ranking.best.get(hit.memory.id)
    retrieved = ranking.retrieved
    if at is None or retrieved is None:
        return Why()
    parts = [
        FeatureContribution(NAMES[name][0], round(float(points[at]), 4), NAMES[name][1])
        for name, points in ranking.columns.items()
        if abs(float(points[at])) >= 5e-5
    ]
    held = [word for word, part in zip(retrieved.lexical.words, retrieved.pool.parts[:, at], strict=True) if part > 0]
    return Why(
        tuple(sorted(parts, key=lambda part: -abs(part.points))),
        tuple(held),
        round(sum(float(points[at]) for points in ranking.columns.values()), 4),
    )


def _explanation(ranking: Ranking, context: RecallContext) -> Explanation:
    """The interpretation of the question, and the lines left out of the context."""
    query, retrieved = ranking.query, ranking.retrieved
    question = retrieved.analyzed.question if retrieved else None
    windows = question.windows if question else ()
    return Explanation(
        recipe=retrieved.recipe.name if retrieved else "newest",
        candidates=len(retrieved.pool.candidates) if retrieved else len(ranking.memories),
        below_threshold=sum(score < query.threshold for _, score in ranking.memories),
        words=tuple(retrieved.lexical.words) if retrieved else (),
        speaker=tuple(question.speakers) if question else (),
        times=tuple(TimeInQuestion(w.words, w.start, w.stop) for w in windows),
        asks_the_assistant=bool(question and question.asks_about_assistant),
        left_out=LeftOut(query.max_tokens, context.tokens, context.over_budget, context.repeats),
    )
