"""A text cut into the parts that can each be kept or dropped: sentences, list items, fields, blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from memories.extraction import json_text, speakers
from memories.extraction.lines import LineKind, TextLine, lines
from memories.extraction.sentences import MARKS, MAX_LENGTH, sentences, stripped
from memories.extraction.words import word_list

ITEM_WHOLE = 300  # characters: a longer list item is cut into its sentences
WRAPPED = 50  # characters: a shorter line is not wrapped by an editor
MAX_HEADING_LENGTH = 80
MAX_HEADINGS = 4
# Levels of what is no heading of Markdown (1-7): a line with a list under it, a field that says what the next ones are
# about, and a list item with more under it, which adds its indentation.
INTRODUCTION, SUBJECT, ITEM = 8, 9, 10
UNDERLINE = re.compile(r"={3,}|-{3,}")
STATEMENT = re.compile(r"[\w.]+\([^\n]*\)$|[\w.]+ ?[-+*/]?= ?\S")  # next to a line of code
IDENTITY = frozenset(word_list("identity").split())  # keys of a field that says what the next ones are about


class SegmentKind(StrEnum):
    PROSE = "prose"
    FIELD = "field"
    ITEM = "item"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Segment:
    """`text` is the stripped substring from `start` to `stop`. `heading` is what it stands under (" > " between
    levels), `speaker` the name in front of its line in a transcript."""

    text: str
    start: int
    stop: int
    kind: SegmentKind
    heading: str = ""
    speaker: str | None = None


@dataclass(slots=True)
class _Heading:
    level: int
    text: str
    line: TextLine
    used: bool


def segments(text: str, *, is_note: bool) -> Iterator[Segment]:
    """The segments of `text` in order, none without a letter or digit.

    A heading is a segment of its own only where nothing stands under it. In a note the same holds for the line that
    introduces a list ("Packed:"); in a conversation it is a sentence like any other.
    """
    return (segment for segment in _segments(text, is_note) if any(map(str.isalnum, segment.text)))


def _segments(text: str, is_note: bool) -> Iterator[Segment]:
    start, stop = stripped(text, 0, len(text))
    if (parts := json_text.parts(text, start, stop)) is not None:
        for part in parts:
            heading = _joined(list(part.path))
            for span in _at_most(text, part.start, part.stop):
                yield Segment(text[slice(*span)], *span, SegmentKind.FIELD, heading)
        return
    yield from _SegmentReader(text, is_note).read()


def _at_most(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    return iter([(start, stop)]) if stop - start <= MAX_LENGTH else sentences(text, start, stop)


def _joined(headings: list[str]) -> str:
    """The innermost of them, since these say most."""
    return " > ".join(each[:MAX_HEADING_LENGTH] for each in headings[-MAX_HEADINGS:])


class _SegmentReader:
    """Reads the lines in order, remembering the headings that are open."""

    def __init__(self, text: str, is_note: bool) -> None:
        self.text, self.is_note = text, is_note
        self.lines = list(lines(text))
        self.turns = speakers.turns(text, self.lines)
        self.headings: list[_Heading] = []
        self.speaker: str | None = None

    def read(self) -> Iterator[Segment]:
        at = 0
        while at < len(self.lines):
            stop = self._together(at)
            line = self.lines[at]
            if stop - at > 1:
                line = replace(line, stop=self.lines[stop - 1].stop)
            if turn := self.turns.get(at):
                yield from self._close(0)
                self.speaker = turn.name
                line = TextLine(LineKind.TEXT, turn.start, line.stop)
            yield from self._line(line, at, stop)
            at = stop
        yield from self._close(0)

    def _together(self, at: int) -> int:
        """The line after the last that belongs to line `at`: wrapped prose, or more code."""
        line, stop = self.lines[at], at + 1
        if line.kind is LineKind.CODE:
            while stop < len(self.lines) and self._is_code(stop):
                stop += 1
            while self.lines[stop - 1].kind is LineKind.BLANK:
                stop -= 1
        elif line.kind in (LineKind.TEXT, LineKind.ITEM, LineKind.FIELD):
            while stop < len(self.lines) and self._continues(stop, line):
                stop += 1
        return stop

    def _is_code(self, at: int) -> bool:
        line = self.lines[at]
        if line.kind in (LineKind.CODE, LineKind.BLANK):
            return True
        return line.kind is LineKind.TEXT and (
            line.level >= 2 or STATEMENT.match(self.text, line.start, line.stop) is not None
        )

    def _continues(self, at: int, first: TextLine) -> bool:
        line, before = self.lines[at], self.lines[at - 1]
        if line.kind is not LineKind.TEXT or at in self.turns or not self.text[line.start].islower():
            return False
        if self.text[before.stop - 1] in f"{MARKS}:：":
            return False
        hangs = first.kind is LineKind.ITEM and line.level > first.level
        return hangs or before.stop - before.start >= WRAPPED

    def _line(self, line: TextLine, at: int, stop: int) -> Iterator[Segment]:
        match line.kind:
            case LineKind.BLANK | LineKind.RULE:
                return
            case LineKind.HEADING:
                yield from self._close(line.level)
                self._open(line.level, line, used=False)
            case LineKind.CODE:
                yield from self._code(line, stop - at)
            case LineKind.ITEM | LineKind.ROW:
                yield from self._item(line, at, stop)
            case LineKind.FIELD:
                yield from self._field(line, at, stop)
            case LineKind.TEXT:
                yield from self._text(line, at, stop)

    def _code(self, line: TextLine, count: int) -> Iterator[Segment]:
        fenced = self.text[max(0, line.start - 1) : line.start] not in ("", " ", "\t") and count == 1
        block = "\n" in self.text[line.start : line.stop]
        if (fenced and self._is_fenced(line)) or block:
            yield self._segment(line.start, line.stop, SegmentKind.CODE)
        else:
            yield from self._prose(line.start, line.stop)

    def _is_fenced(self, line: TextLine) -> bool:
        return self.text.rfind("```", max(0, line.start - 40), line.start) >= 0

    def _item(self, line: TextLine, at: int, stop: int) -> Iterator[Segment]:
        level = ITEM + line.level
        yield from self._close(level)
        if line.kind is LineKind.ROW and self._kind(stop) is LineKind.RULE and self._kind(stop + 1) is LineKind.ROW:
            self._open(INTRODUCTION, line, used=True)
            return
        below = self._below(stop, line)
        introduces = below and self.text[line.stop - 1] in ":：" and self.is_note
        if not introduces:
            kind = SegmentKind.FIELD if line.key and line.kind is LineKind.ITEM else SegmentKind.ITEM
            yield from self._spans(line, kind, ITEM_WHOLE)
        if below:
            self._open(level, line, used=not introduces)

    def _field(self, line: TextLine, at: int, stop: int) -> Iterator[Segment]:
        identity = line.key.casefold() in IDENTITY
        level = INTRODUCTION if self._is_free(at) else SUBJECT if identity else ITEM + line.level
        yield from self._close(level)
        spans = list(sentences(self.text, line.start, line.stop))
        for number, span in enumerate(spans):
            yield self._segment(*span, SegmentKind.FIELD if number == 0 and len(spans) == 1 else SegmentKind.PROSE)
        if identity and self._kind(stop) in (LineKind.FIELD, LineKind.ITEM) and len(spans) == 1:
            self._open(SUBJECT, line, used=True)

    def _text(self, line: TextLine, at: int, stop: int) -> Iterator[Segment]:
        if self.text[line.stop - 1] in ":：" and self._below(stop, line):
            level = ITEM + line.level if line.level else INTRODUCTION
            yield from self._close(level)
            *others, (start, end) = sentences(self.text, line.start, line.stop)
            for span in others:
                yield self._segment(*span, SegmentKind.PROSE)
            if not self.is_note:
                yield self._segment(start, end, SegmentKind.PROSE)
            self._open(level, replace(line, start=start), used=not self.is_note)
            return
        yield from self._close(ITEM + line.level if line.level else INTRODUCTION)
        if stop - at == 1 and self._is_underlined(stop):
            yield from self._close(1)
            self._open(1, line, used=False)
            return
        yield from self._prose(line.start, line.stop)
        if self._kind(stop) is LineKind.ITEM and self._titles(line):
            self._open(INTRODUCTION, line, used=True)

    def _is_underlined(self, at: int) -> bool:
        """As in "Budget" above a line of "="; then line `at` is that line."""
        if self._kind(at) is not LineKind.RULE:
            return False
        return UNDERLINE.fullmatch(self.text, self.lines[at].start, self.lines[at].stop) is not None

    def _titles(self, line: TextLine) -> bool:
        """As in "Packing list", right before its items."""
        return line.stop - line.start <= MAX_HEADING_LENGTH and self.text[line.stop - 1] not in MARKS

    def _prose(self, start: int, stop: int) -> Iterator[Segment]:
        for span in sentences(self.text, start, stop):
            yield self._segment(*span, SegmentKind.PROSE)

    def _spans(self, line: TextLine, kind: SegmentKind, whole: int) -> Iterator[Segment]:
        short = line.stop - line.start <= whole
        for span in [(line.start, line.stop)] if short else sentences(self.text, line.start, line.stop):
            yield self._segment(*span, kind)

    def _kind(self, at: int) -> LineKind | None:
        return self.lines[at].kind if at < len(self.lines) else None

    def _is_free(self, at: int) -> bool:
        """Whether an empty line, a heading or the beginning stands before a line that is not indented."""
        return self.lines[at].level == 0 and (at == 0 or self.lines[at - 1].kind in (LineKind.BLANK, LineKind.HEADING))

    def _below(self, at: int, line: TextLine) -> bool:
        """Whether a list, a table, fields or what is indented more follows `line`, with or without an empty line."""
        while (
            self._kind(at) is LineKind.BLANK and at < len(self.lines) - 1 and self._kind(at + 1) is not LineKind.BLANK
        ):
            at += 1
        if self._kind(at) is None or self._kind(at) is LineKind.BLANK:
            return False
        after = self.lines[at]
        if line.kind is LineKind.ITEM:
            return after.kind in (LineKind.ITEM, LineKind.FIELD, LineKind.TEXT) and after.level > line.level
        if line.kind is LineKind.ROW:
            return False
        deeper = after.kind is LineKind.TEXT and after.level > line.level
        return after.kind in (LineKind.ITEM, LineKind.ROW, LineKind.FIELD) or deeper

    def _open(self, level: int, line: TextLine, *, used: bool) -> None:
        words = self.text[line.start : line.stop].strip("*_ \t").rstrip(":：").rstrip("*_ ")
        self.headings.append(_Heading(level, words, line, used))

    def _close(self, level: int) -> Iterator[Segment]:
        """Close the headings of this level and below it; one under which nothing stood is a segment itself."""
        while self.headings and self.headings[-1].level >= level:
            closed = self.headings.pop()
            if not closed.used:
                for span in _at_most(self.text, closed.line.start, closed.line.stop):
                    yield self._segment(*span, SegmentKind.PROSE)

    def _segment(self, start: int, stop: int, kind: SegmentKind) -> Segment:
        for heading in self.headings[-MAX_HEADINGS:]:
            heading.used = True
        joined = _joined([each.text for each in self.headings])
        return Segment(self.text[start:stop], start, stop, kind, joined, self.speaker)
