"""The hits as text for a prompt: most relevant first, within a budget of tokens. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from memories.decisions.decide import Effect, allows
from memories.types import MemoryRecord

CHARACTERS_A_TOKEN = 4  # of English, for current tokenizers; a fast local estimate, on the safe side for prose
TOKENS_A_LETTER = 0.6  # beyond ASCII: Cyrillic takes less, Chinese a little more
ENDS = (".", "!", "?", "…", "。", "！", "？")
REPEAT_SHARE = 0.9  # the share of the words of two lines that makes the later one a repetition
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class RecallContext:
    """`tokens` is an estimate. Left out: what did not fit, and what repeats a line that is there."""

    text: str
    tokens: int
    over_budget: tuple[uuid.UUID, ...] = ()
    repeats: tuple[uuid.UUID, ...] = ()


def tokens(text: str) -> int:
    """About how many tokens a model would count."""
    beyond = 0 if text.isascii() else sum(not character.isascii() for character in text)
    return -(-(len(text) - beyond) // CHARACTERS_A_TOKEN) + round(beyond * TOKENS_A_LETTER)


def line(memory: MemoryRecord) -> str:
    """A memory of a conversation is `[date] speaker: text`; a plain fact its sentence with a full stop."""
    if memory.memory_type == "turn" and memory.speaker and memory.said_at:
        return f"[{memory.said_at:%Y-%m-%d}] {memory.speaker}: {memory.content}"
    return memory.content if memory.content.endswith(ENDS) else memory.content + "."


def build(memories: Iterable[MemoryRecord], max_tokens: int) -> RecallContext:
    """Lines that fit into `max_tokens`, best first. A line that doesn't fit is left out and shorter ones after it may
    still come in; what says nearly the same as a line that is there is left out too."""
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
    """Whether two sets of words are nearly the same; a number in one alone makes them different.

    The sizes are compared first, because it is cheap: sets of very different sizes share too few words.
    """
    if min(len(one), len(other)) < REPEAT_SHARE * max(len(one), len(other)):
        return False
    if any(word.isdigit() for word in one ^ other):
        return False
    return len(one & other) >= REPEAT_SHARE * max(1, len(one | other))
