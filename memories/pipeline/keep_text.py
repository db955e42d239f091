"""Keep the single text of a store as one memory, word for word, if nothing was extracted from it."""

from __future__ import annotations

from dataclasses import replace

from memories.models import Source
from memories.pipeline import apply, digest
from memories.pipeline.echo_filter import MAX_LINES, echoed_turns, strip_echoes
from memories.pipeline.extract import items_of
from memories.statements import ExistingMemory, ExtractionResult, Proposal, Statement
from memories.types import Decision, Fact, Item


def keep_text(source: Source, found: ExtractionResult) -> tuple[ExtractionResult, tuple[ExistingMemory, ...]]:
    """The single text of a write as one statement, and the memories that the statements repeat.

    A text whose lines are all live memories adds nothing: it repeats these memories.
    """
    (item,) = items_of(source)
    news = strip_echoes(source, [item])[0].content
    turns = echoed_turns(source, item) if news != item.content else []
    held = _held(source, news)
    if held is not None and (held or turns):
        said = [Statement(_fact(item, line)) for line in held]
        said += [_repeats(item, turn) for turn in turns]
        return replace(found, statements=tuple(said)), tuple(turns)
    kept = news if news.strip() else item.content
    return replace(found, statements=(Statement(_fact(item, kept)),)), ()


def _held(source: Source, text: str) -> list[str] | None:
    """The contents of the live facts that `text` consists of, one for each line; None if any line is new."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_LINES:
        return None
    forms = [(line, line.removesuffix(".")) for line in lines]
    digests = {form: digest.of_text(form) for both in forms for form in both}
    live = apply.live_digests(source.tenant_id, source.project, source.user_id, source.agent_id, list(digests.values()))
    held = [next((form for form in both if digests[form] in live), None) for both in forms]
    return None if None in held else [form for form in held if form is not None]


def _fact(item: Item, content: str) -> Fact:
    return Fact(content, content, 0, item.role, item.speaker, item.said_at, item.client_timestamp)


def _repeats(item: Item, turn: ExistingMemory) -> Statement:
    fact = replace(_fact(item, turn.content), said_at=turn.said_at)
    return Statement(fact, proposal=Proposal(Decision.NOOP, turn.id, "repeats what a recall gave out"))
