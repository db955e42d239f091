"""The speakers of the lines of a transcript: "Ann: I moved." is said by Ann; "Deadline: 12 May" has no speaker."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from memories.extraction.lines import LineKind, TextLine
from memories.extraction.words import word_list

TIME = r"\d[\d:.,/\-T]{1,18}(?: \d{1,2}[:.]\d\d(?:[:.]\d\d)?)?(?: ?[AaPp]\.?[Mm]\.?)?Z?"
NAME = r"[^\W\d_][\w.'’-]{0,30}(?: [^\W\d_(][\w.'’-]{0,30}){0,2}"
TURN = re.compile(
    rf"(?P<time>[\[(]?{TIME}[\])]?[ ,–-]{{1,3}})?(?:\*\*|__)?(?P<name>{NAME})(?: ?[\[(]{TIME}[\])])?"
    r"(?:(?:\*\*|__)[:：]|[:：](?:\*\*|__)|[:：])(?:[ \t]++|(?<=：))(?=\S)"
)
SPOKEN = re.compile(
    r"[.!?…。！？؟।]$|(?<!\w)(?:i|i['’]\w+|me|my|we|our|us|you|your|u|ich|du|wir|mein\w*|je|tu|nous|yo|mi|eu|io|ik|jij|ja|ben|sen|"
    r"я|ты|мы)(?!\w)|[我你私僕]|나는|저는",
    re.IGNORECASE,
)
LABELS = frozenset(word_list("labels").split())


@dataclass(frozen=True, slots=True)
class Turn:
    """Who speaks in a line, and where the words begin."""

    name: str
    start: int


def turns(text: str, lines: Sequence[TextLine]) -> dict[int, Turn]:
    """The lines (by index) that begin with a speaker's name; empty if the text is no transcript."""
    found: dict[int, re.Match[str]] = {}
    for at, line in enumerate(lines):
        if line.kind in (LineKind.FIELD, LineKind.TEXT, LineKind.CODE):
            match = TURN.match(text, line.start, line.stop)
            if match and match["name"].casefold() not in LABELS and not match["name"][0].islower():
                found[at] = match
    names = _names(text, lines, found)
    return {at: Turn(m["name"], m.end()) for at, m in found.items() if m["name"].casefold() in names}


def _names(text: str, lines: Sequence[TextLine], found: dict[int, re.Match[str]]) -> frozenset[str]:
    """The speakers (in lower case): a time before the name, a name that recurs, or one that is answered."""
    spoken = {
        at for at, match in found.items() if SPOKEN.search(text, match.end(), min(lines[at].stop, match.end() + 500))
    }
    spoken |= {at for at in found if lines[at].stop - 3 > 0 and SPOKEN.search(text, lines[at].stop - 1, lines[at].stop)}
    count = Counter(match["name"].casefold() for match in found.values())
    timed = {
        m["name"].casefold()
        for at, m in found.items()
        if m["time"] and (at in spoken or count[m["name"].casefold()] > 1)
    }
    if len(count) > 1 and max(count.values()) > 1 and 4 * len(spoken) >= len(found):
        return frozenset(count)
    answered = set()
    for at in spoken:
        after = next((n for n in range(at + 1, min(at + 3, len(lines))) if lines[n].kind is not LineKind.BLANK), None)
        if after in spoken and after is not None and found[at]["name"] != found[after]["name"]:
            answered |= {found[at]["name"].casefold(), found[after]["name"].casefold()}
    return frozenset(answered | timed)
