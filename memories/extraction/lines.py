"""The lines of a text and their kinds: heading, list item, field, row of a table, code, or prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from memories.extraction.sentences import MARKS, stripped

MAX_KEY_LENGTH = 40


class LineKind(StrEnum):
    BLANK = "blank"
    HEADING = "heading"
    ITEM = "item"
    FIELD = "field"
    ROW = "row"
    RULE = "rule"  # of a table, or between parts
    CODE = "code"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class TextLine:
    """`start` and `stop` are those of what is said, without marks of lists and headings; `key` is a field's, `number` a
    numbered item's.

    `level` is a heading's (1-6; 7: a line in bold type), else the characters before the line's first one.
    """

    kind: LineKind
    start: int
    stop: int
    level: int = 0
    key: str = ""
    number: int = 0


BREAKS = "\r\n\v\f\x85\u2028\u2029"
# A word behind the opening fence names a language, unless it is all that the block has.
FENCED = re.compile(r"```(?:[\w+#.-]*[ \t]*\r?\n(?=\s*(?!```)\S))?(?P<code>.*?)(?:```|\Z)", re.DOTALL)
LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+|\r\n|[\r\n\v\f\x85\u2028\u2029]")
HEADING = re.compile(r"(?P<hashes>#{1,6})[ \t]++(?=\S)")
BOLD = re.compile(r"(?:\*\*[^*]{1,120}\*\*|__[^_]{1,120}__):?")
BULLETS = "*+•‣◦▪●○■□–—·☐☑✓✔✗✘-"
BULLET = re.compile(rf"(?:[{BULLETS}][ \t]++)?\[[ xX]\][ \t]++(?=\S)|[{BULLETS}][ \t]++(?=\S)|[•▪●☐☑✓✔](?=\S)")
NUMBER = re.compile(r"(?:(?P<number>\d{1,3})[.)]|\((?P<round>\d{1,3})\)|(?P<letter>[a-h])\))[ \t]++(?=\S)")
KEY = re.compile(
    rf"(?:\*\*|__)?(?P<key>[^\W_](?:(?!: |[{re.escape(MARKS)}]\s)[^\n:：|`]){{0,{MAX_KEY_LENGTH - 1}}})"
    r"(?:(?:\*\*|__)[:：]|[:：](?:\*\*|__))?(?:(?<=[:：])|(?<=\*\*)|(?<=__)|[:：])(?P<gap>[ \t]++|(?<=：))(?=\S)"
)
RULE = re.compile(r"[|:\-=_*+ \t]{3,}")
CODE = re.compile(
    r"(?:def|class|function|func|fn|public|private|protected|static|const|let|var|import|from|package|using|return|"
    r"elif|else|try|except|finally|catch|await|async|export|SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WHERE)\b"
    r"[^\n]*[({;:=)}\],]$|(?:import|from) [\w.]+(?: import [\w., *]+)?$|return\b[^\n]{0,80}$|#include|Traceback \(|"
    r"File \"|at [\w.$<>]+\(|\$ \S|>>> |[^\n]*[;{}]$|[)\]}]+[;,)]*$|</?[A-Za-z][^\n]*>$|@\w+(?:\([^\n]*\))?$|//|/\*"
)


def lines(text: str) -> Iterator[TextLine]:
    """All lines of `text` in order. A fenced block of code is one line."""
    at, number = 0, 0
    for begun, end, code in _parts(text):
        for line in _plain_lines(text, at, begun, number):
            number = line.number or number
            yield line
        if code is not None:
            yield TextLine(LineKind.CODE, *code)
        at = end


def _parts(text: str) -> Iterator[tuple[int, int, tuple[int, int] | None]]:
    """Start and end of each fenced block with the span of its code, and of the end of the text."""
    for fence in FENCED.finditer(text):
        if _is_block(text, fence):
            yield fence.start(), fence.end(), stripped(text, *fence.span("code"))
    yield len(text), len(text), None


def _is_block(text: str, fence: re.Match[str]) -> bool:
    """Whether it is more than code in the middle of a line."""
    if "\n" in fence[0]:
        return True
    before = text[max(0, fence.start() - 20) : fence.start()].rstrip(" \t")
    after = text[fence.end() : fence.end() + 20].lstrip(" \t")
    return before[-1:] in BREAKS and after[:1] in BREAKS


def _plain_lines(text: str, start: int, stop: int, number: int) -> Iterator[TextLine]:
    blank = False  # several empty lines are one
    for match in LINE.finditer(text, start, stop):
        begun, end = stripped(text, *match.span())
        if begun == end:
            if not blank and match[0][0] in BREAKS and _at_line_start(text, match.start()):
                blank = True
                yield TextLine(LineKind.BLANK, begun, end)
            continue
        blank = False
        line = _line(text, begun, end, begun - match.start(), number)
        number = line.number or number
        yield line


def _at_line_start(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in BREAKS


def _line(text: str, start: int, stop: int, indent: int, before: int) -> TextLine:
    if heading := HEADING.match(text, start, stop):
        return TextLine(LineKind.HEADING, heading.end(), stop, len(heading["hashes"]))
    if BOLD.fullmatch(text, start, stop):
        return TextLine(LineKind.HEADING, start, stop, 7)
    if RULE.fullmatch(text, start, stop):
        return TextLine(LineKind.RULE, start, stop)
    if text[start] == "|" and text[stop - 1] == "|" and stop - start > 2:
        return TextLine(LineKind.ROW, *stripped(text, start + 1, stop - 1))
    body, number = _item(text, start, stop, before)
    key = KEY.match(text, body, stop)
    if key is not None and len(key["key"].split()) <= 4:
        kind = LineKind.FIELD if body == start else LineKind.ITEM
        return TextLine(kind, body, stop, indent, key["key"].strip().rstrip("*_").strip(), number)
    if body != start:
        return TextLine(LineKind.ITEM, body, stop, indent, number=number)
    return TextLine(LineKind.CODE if CODE.match(text, start, stop) else LineKind.TEXT, start, stop, indent)


def _item(text: str, start: int, stop: int, before: int) -> tuple[int, int]:
    """Where the item's words begin (`start` if the line is no item), and its number: one that counts on from the
    numbered item before."""
    if bullet := BULLET.match(text, start, stop):
        return bullet.end(), 0
    if not (found := NUMBER.match(text, start, stop)):
        return start, 0
    number = int(found["number"] or found["round"] or 0)
    return (found.end(), number) if found["letter"] or number in (1, before, before + 1) else (start, 0)
