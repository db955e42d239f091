"""The hits as text for a prompt: most relevant first, within a budget of tokens. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from memories.types import MemoryView

CHARACTERS_A_TOKEN = 4  # of English, for current tokenizers; a fast local estimate, on the safe side for prose
ENDS = (".", "!", "?", "…", "。", "！", "？")


def tokens(text: str) -> int:
    """About how many tokens a model would count."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def line(memory: MemoryView) -> str:
    """A memory of a conversation is `[date] speaker: text`; a plain fact its sentence with a full stop."""
    if memory.memory_type == "turn" and memory.speaker and memory.said_at:
        return f"[{memory.said_at:%Y-%m-%d}] {memory.speaker}: {memory.content}"
    return memory.content if memory.content.endswith(ENDS) else memory.content + "."


def build(memories: Iterable[MemoryView], max_tokens: int) -> tuple[str, int]:
    """Lines that fit into `max_tokens`, best first, and about how many tokens they are.

    A line that doesn't fit is left out and shorter ones after it may still come in; the same line never comes twice.
    """
    lines: dict[str, None] = {}
    used = 0
    for memory in memories:
        text = line(memory)
        cost = tokens(text) + 1  # the line break
        if text not in lines and used + cost <= max_tokens:
            lines[text] = None
            used += cost
    return "\n".join(lines), used
