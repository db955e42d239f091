"""The context text of a recall for a prompt: most relevant first, within a token budget. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from memories.decisions.decide import Effect, allows
from memories.types import MemoryRecord

CHARACTERS_A_TOKEN = 4  # of English, for current tokenizers; a fast local estimate, rather too high for prose
TOKENS_A_LETTER = 0.6  # beyond ASCII: Cyrillic needs fewer, Chinese a little more
ENDS = (".", "!", "?", "…", "。", "！", "？")
REPEAT_SHARE = 0.9  # share of equal words that makes the later of two lines a repetition
WORD = re.compile(r"\w+")


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


def build(memories: Iterable[MemoryRecord], max_tokens: int) -> RecallContext:
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
