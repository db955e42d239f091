"""Stand-in until the branch `sentences` is merged."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from memories.providers import sentences as sn


class Kind(enum.Enum):
    PROSE = "prose"
    FIELD = "field"
    ITEM = "item"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Segment:
    text: str
    start: int
    stop: int
    kind: Kind = Kind.PROSE
    heading: str | None = None
    speaker: str | None = None


def segments(text: str, *, is_note: bool) -> Iterator[Segment]:
    at = 0
    for sentence in sn.sentences(sn.CODE.sub("\n", text)):
        start = text.find(sentence, at)
        start = at if start < 0 else start
        at = start + len(sentence)
        kind = Kind.FIELD if re.match(r"^\s*[-*•]?\s*[A-Z][A-Za-z ]{1,24}:\s", sentence) else Kind.PROSE
        yield Segment(sentence, start, at, kind)
