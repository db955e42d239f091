"""Names and dates of an unparsed sentence, by its letters: runs of capitals, and dates in digits."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from entities.types import EntityMention
from memories.extraction import kinds as t
from memories.extraction.language import language

GUESSED = 0.6  # the confidence of a name that capitals alone show
PARTICLES = r"(?:de|del|della|di|da|do|dos|van|von|der|den|ter|ten|la|le|al|el|bin|ibn|af|zu)"
TOKEN = re.compile(r"[^\W_][\w'’\-]*")
ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)-(\d\d)(?:-(\d\d))?(?!\d)")
DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\.\s?(\d{1,2})\.\s?((?:19|20)\d\d)(?!\d)")
CJK_DATE = re.compile(r"((?:19|20)\d\d)\s*年(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?)?")
MAX_LENGTH = 10_000  # characters that are read of a line
NOUN_CAPITALS = frozenset({"de", "lb"})  # languages that write every noun with a capital


def named(text: str) -> tuple[EntityMention, ...]:
    """What a sentence names, in order, each once. Where capitals mark all nouns, a single one is no name."""
    text = text[:MAX_LENGTH]
    names = _names(text, are_nouns=language(text) in NOUN_CAPITALS)
    return tuple(dict.fromkeys((*names, *(EntityMention(value, t.DATE, GUESSED) for value in dates(text)))))


def dates(text: str) -> Iterator[str]:
    """ISO days, months and years of the dates that are written in figures."""
    for pattern, order in ((ISO, (1, 2, 3)), (DAY_FIRST, (3, 2, 1)), (CJK_DATE, (1, 2, 3))):
        for match in pattern.finditer(text):
            parts = [match.group(place) for place in order]
            value = "-".join(part.zfill(2) for part in parts if part)
            try:
                dt.date(int(parts[0]), int(parts[1] or 1), int(parts[2] or 1))
            except ValueError:
                continue
            yield value


def _names(text: str, *, are_nouns: bool) -> Iterator[EntityMention]:
    """Runs of capitalised words inside a sentence."""
    run: list[re.Match[str]] = []
    for number, word in enumerate([*TOKEN.finditer(text), None]):
        if word is not None and _continues(run, word, text) and (run or number or _is_code(word.group())):
            run.append(word)
            continue
        yield from _run(run, text, are_nouns=are_nouns)
        run = [word] if word is not None and number and _is_capital(word.group()) else []


def _run(run: list[re.Match[str]], text: str, *, are_nouns: bool) -> Iterator[EntityMention]:
    while run and not _is_capital(run[-1].group()):
        run = run[:-1]
    if run and (not are_nouns or len(run) > 1 or _is_code(run[0].group())):
        yield EntityMention(text[run[0].start() : run[-1].end()], t.CONCEPT, GUESSED)


def _continues(run: list[re.Match[str]], word: re.Match[str], text: str) -> bool:
    if run and text[run[-1].end() : word.start()] != " ":
        return False
    return _is_capital(word.group()) or bool(run and re.fullmatch(PARTICLES, word.group()))


def _is_capital(word: str) -> bool:
    return word[0].isupper() and len(word) > 1


def _is_code(word: str) -> bool:
    """Capitals or figures inside a word: "IKEA", "iPhone", "S24"."""
    return len(word) > 1 and any(c.isupper() or c.isdigit() for c in word[1:]) and any(map(str.isalpha, word))
