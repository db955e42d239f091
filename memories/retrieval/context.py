"""The context of a recall: one line of text for each hit, best first, within a budget of tokens. Pure.

A line is left out only if it doesn't fit, or if it has the same words in the same order as an earlier one. A memory
that doesn't fit is cut to the parts that match the question, and marked as cut; the first hit is always there.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.unicode import normalize
from memories.extraction.dates import DATE
from memories.types import MemoryRecord, Span

CHARACTERS_A_TOKEN = 4  # of English, for current tokenizers; a fast local estimate, rather too high for prose
TOKENS_A_LETTER = 0.6  # beyond ASCII: Cyrillic needs fewer, Chinese a little more
MIN_CUT = 32  # tokens: less room is not worth a part of a memory
CUT = "[…]"  # marks omitted text of a memory
OUTDATED = ", possibly outdated"
MIN_WORTH = 0.25  # of the best sentence: words like "that" are in many
PIECE_COST = 3  # tokens for the mark and the rounding of a part

ENDS = (".", "!", "?", "…", "。", "！", "？")
SENTENCE_END = re.compile(r"[.!?…]{1,3}[\"'”’»)\]]{0,2}\s|[。！？][”’」』]?|\n")
WORD = re.compile(r"\w+")
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
STEM = 6  # letters that compare two forms of a word
OPENING, CLOSING = "\"'“”„‘’«»([", ".,;:!…。、，．！；：\"'“”‘’«»)]"
HEAD = re.compile(rf"\[\d{{4}}-\d\d-\d\d(?:{OUTDATED})?\] ")
SPEAKER = re.compile(r"[^:]{1,128}: ")
WITH_DATE = re.compile(rf"({DATE.pattern}) \(\d{{4}}(?:-\d\d(?:-\d\d)?)?\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ContextMemory:
    """A hit for the context. `passages`: its best passages, best first; none: all of the text is searched.

    `is_dated`: several values of one fact are among the hits, so its line has the day of the statement; `is_outdated`:
    a newer hit has another value.
    """

    memory: MemoryRecord
    passages: tuple[Span, ...] = ()
    is_dated: bool = False
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class RecallContext:
    """`tokens` is an estimate. Left out: memories that did not fit, and those that repeat an earlier line; `shortened`
    are there in parts."""

    text: str
    tokens: int
    over_budget: tuple[uuid.UUID, ...] = ()
    repeats: tuple[uuid.UUID, ...] = ()
    shortened: tuple[uuid.UUID, ...] = ()

    @property
    def omitted(self) -> int:
        """The number of hits without a line."""
        return len(self.over_budget) + len(self.repeats)


def tokens(text: str) -> int:
    """The approximate number of tokens for a model."""
    beyond = 0 if text.isascii() else sum(not character.isascii() for character in text)
    return -(-(len(text) - beyond) // CHARACTERS_A_TOKEN) + round(beyond * TOKENS_A_LETTER)


def line(one: ContextMemory) -> str:
    """A memory of a conversation is `[date] speaker: text`; a plain fact is its sentence with a full stop. Relative
    times are followed by their date: `yesterday (2026-04-21)`."""
    memory = one.memory
    text = with_dates(memory.content, memory.dates)
    return _head(one) + (text if _is_turn(memory) or text.endswith(ENDS) else text + ".")


def build_context(memories: Iterable[ContextMemory], max_tokens: int, question: str = "") -> RecallContext:
    """The lines that fit into `max_tokens`, at least 100, best first. While others follow, a memory that is cut takes
    at most half of the budget."""
    every = list(memories)
    lines: list[str] = []
    said: set[tuple[str, ...]] = set()
    used = 0
    over: list[uuid.UUID] = []
    repeats: list[uuid.UUID] = []
    shortened: list[uuid.UUID] = []
    for number, one in enumerate(every):
        words = _words(one.memory)
        text, room = line(one), max_tokens - used - 1  # the line break
        if words in said:
            repeats.append(one.memory.id)
            continue
        if tokens(text) > room:
            room = min(room, max_tokens // 2) if number + 1 < len(every) else room
            if lines and (room < MIN_CUT or tokens(text) < MIN_CUT):
                over.append(one.memory.id)
                continue
            text = _shortened(one, question, room)
            shortened.append(one.memory.id)
        lines.append(text)
        said.add(words)
        used += tokens(text) + 1
    return RecallContext("\n".join(lines), used, tuple(over), tuple(repeats), tuple(shortened))


def contents_of(text: str) -> tuple[str, ...]:
    """The possible contents of the memory behind a line of a context, which a caller may send back; the line itself if
    it has no mark of one."""
    forms = [text]
    if (head := HEAD.match(text)) is not None:
        rest = text[head.end() :]
        speaker = SPEAKER.match(rest)
        forms = [rest[speaker.end() :], rest] if speaker is not None else [rest]
    return tuple(dict.fromkeys([*forms, *(WITH_DATE.sub(r"\1", form) for form in forms)]))


# --- a line ----------------------------------------------------------------------------------------------------------
def _is_turn(memory: MemoryRecord) -> bool:
    return memory.memory_type == "turn" and bool(memory.speaker and memory.said_at)


def _head(one: ContextMemory) -> str:
    memory = one.memory
    speaker = f"{memory.speaker}: " if _is_turn(memory) else ""
    if not speaker and not one.is_dated:
        return ""
    return f"[{_day(memory):%Y-%m-%d}{OUTDATED if one.is_outdated else ''}] {speaker}"


def _day(memory: MemoryRecord) -> dt.date:
    """The day of the statement for its speaker."""
    said_at = memory.said_at or memory.valid_from
    if not memory.utc_offset:
        return said_at.date()
    try:
        zone = dt.datetime.fromisoformat(f"2000-01-01T00:00{memory.utc_offset}").tzinfo
        return said_at.astimezone(zone).date()
    except (ValueError, OverflowError):
        return said_at.date()


def with_dates(text: str, dates: Mapping[str, str]) -> str:
    """The text with each date behind its words. `dates`: ISO days, months or years by the words that mean them."""
    places: list[tuple[int, int, str]] = []
    for words in sorted(dates, key=len, reverse=True):  # "the day before yesterday" has another date than "yesterday"
        for found in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE):
            if not any(start < found.end() and found.start() < stop for start, stop, _ in places):
                places.append((found.start(), found.end(), dates[words]))
                break
    for _, end, date in sorted(places, reverse=True):
        text = f"{text[:end]} ({date}){text[end:]}"
    return text


def _words(memory: MemoryRecord) -> tuple[str, ...]:
    """What makes two lines the same: every word, number and sign, in order, without case, white space and the
    punctuation around words. Marks inside of a token stay, since 3.5 is not 35; so does a question mark."""
    words = normalize("NFC", memory.content).lower().split()
    bare = (word.lstrip(OPENING).rstrip(CLOSING) for word in words)
    who = (memory.speaker or "", f"{memory.said_at}") if _is_turn(memory) else ()
    return (*who, *(word for word in bare if word))


# --- a memory that is too long ---------------------------------------------------------------------------------------
def _shortened(one: ContextMemory, question: str, room: int) -> str:
    """The line of a memory with its best parts in order; at most `room` tokens."""
    content, head = one.memory.content, _head(one)
    room -= tokens(head) + PIECE_COST
    chosen: list[Span] = []
    for passage in one.passages or (Span(0, len(content)),):
        cost = tokens(content[passage.start : passage.stop]) + PIECE_COST
        if cost > room:
            chosen += _best_sentences(content, passage, question, room, is_needed=not chosen)
            break
        chosen.append(passage)
        room -= cost
    text = _joined(content, chosen)
    dated = with_dates(text, one.memory.dates)
    return head + (dated if tokens(dated) <= tokens(text) + max(0, room) else text)


def _joined(content: str, parts: Sequence[Span]) -> str:
    found: list[str] = []
    at = 0
    for part in sorted(parts, key=lambda span: span.start):
        if content[at : part.start].strip():
            found.append(CUT)
        found.append(" ".join(content[part.start : part.stop].split()))
        at = part.stop
    if content[at:].strip():
        found.append(CUT)
    return " ".join(found)


def _best_sentences(content: str, passage: Span, question: str, room: int, *, is_needed: bool) -> list[Span]:
    """The sentences of a passage with the most, and the rarest, words of the question; `is_needed`: at least a part of
    one."""
    sentences = _sentences(content, passage)
    asked = _units(question)
    held = [_units(content[s.start : s.stop]) & asked for s in sentences]
    counts = Counter(unit for units in held for unit in units)
    worth = [sum(math.log1p(len(sentences) / counts[unit]) for unit in units) for units in held]
    chosen: list[Span] = []
    for number in sorted(range(len(sentences)), key=lambda n: (-worth[n], n)):
        sentence = sentences[number]
        if (chosen or not is_needed) and worth[number] < MIN_WORTH * max(worth):
            break
        cost = tokens(content[sentence.start : sentence.stop]) + PIECE_COST
        if cost <= room:
            chosen.append(sentence)
            room -= cost
        elif is_needed and not chosen:
            return [_window(content, sentence, asked, room - PIECE_COST)]
        else:
            break
    return chosen


def _sentences(content: str, passage: Span) -> list[Span]:
    found: list[Span] = []
    start = passage.start
    for end in SENTENCE_END.finditer(content, passage.start, passage.stop):
        if content[start : end.end()].strip():
            found.append(Span(start, end.end()))
        start = end.end()
    if content[start : passage.stop].strip() or not found:
        found.append(Span(start, passage.stop))
    return found


def _window(content: str, sentence: Span, asked: frozenset[str], room: int) -> Span:
    """A part of one long sentence, around the first word of the question."""
    part = content[sentence.start : sentence.stop]
    size = max(1, int(room * CHARACTERS_A_TOKEN if part.isascii() else room / TOKENS_A_LETTER))
    words = WORD.finditer(part)
    at = next((word.start() for word in words if _units(word.group()) & asked), 0)
    start = min(max(0, at - size // 3), max(0, len(part) - size))
    stop = min(len(part), start + size)
    if start and (blank := part.find(" ", start, max(at, start))) >= 0:
        start = blank + 1
    if stop < len(part) and (blank := part.rfind(" ", max(at, start), stop)) > start:
        stop = blank
    return Span(sentence.start + start, sentence.start + stop)


def _units(text: str) -> frozenset[str]:
    """The words of a text by their beginnings; of scripts without blanks each pair of letters."""
    found: set[str] = set()
    for word in WORD.findall(text.lower()):
        if UNSPACED.search(word):
            found.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        else:
            found.add(word[:STEM])
    return frozenset(found)
