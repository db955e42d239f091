"""Does a fact come from its source? Pure: texts in, yes or no out.

A model may put a fact in words of its own, fill in a pronoun and reckon a date; it may not bring names, numbers or
matters that nobody spoke of. So a fact needs words of the source as evidence, two thirds of its own words must come
from the texts that the model was given, one at least from what was said now, and names and numbers all of them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memories.providers.llm.words import (
    DAYS,
    FUNCTION,
    GROUPS,
    MONTHS,
    TEMPORAL,
    THOUSANDS,
    TOKEN,
    USER,
    fold,
    stem,
    tokens,
)
from memories.types import Span

SHARE = 2 / 3  # of a fact's words
ALIKE = 4  # letters that two words begin with, to be forms of one
ENDING = 3  # letters at most that one of them has beyond those

_MONTH = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"\d{4}"
DATE = re.compile(
    rf"\b(?:(?P<iso>{_YEAR})-\d\d(?:-\d\d)?(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?"
    rf"|(?:{_DAY} (?:of )?)?{_MONTH} (?P<last>{_YEAR})"
    rf"|{_MONTH} {_DAY}(?:,? (?P<late>{_YEAR}))?|{_DAY} (?:of )?{_MONTH}"
    rf"|(?P<bare>(?:19|20)\d\d))\b",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?:^|[.!?:]\s+|[\"“(])$")


def find(evidence: str, text: str) -> Span | None:
    """Where the words of `evidence` stand in `text`, one after the other; case, spaces and signs don't count."""
    wanted = [_plain(word) for word in TOKEN.findall(evidence)]
    if not wanted:
        return None
    matches = list(TOKEN.finditer(text))
    row = f" {' '.join(_plain(match.group()) for match in matches)} "
    at = row.find(f" {' '.join(wanted)} ")
    if at < 0:
        return None
    first = row.count(" ", 0, at)
    return Span(matches[first].start(), matches[first + len(wanted) - 1].end())


def _plain(word: str) -> str:
    return fold(word).replace(" ", "")  # some signs fold to several words


@dataclass(frozen=True)
class Words:
    """The words of some texts, as they are looked for."""

    folded: frozenset[str]
    stems: frozenset[str]
    groups: frozenset[int]
    rows: tuple[str, ...]
    beginnings: dict[str, set[str]] = field(repr=False)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        rows = [tokens(text) for text in texts]
        folded = frozenset(word for row in rows for word in row)
        stems = frozenset(stem(word) for word in folded)
        beginnings = defaultdict(set)
        for word in stems:
            beginnings[word[:ALIKE]].add(word)
        return cls(
            folded,
            stems,
            frozenset(group for word in stems for group in GROUPS.get(word, ())),
            tuple(f" {' '.join(row)} " for row in rows),
            dict(beginnings),
        )

    def has(self, word: str) -> bool:
        """This word, or a form of it."""
        return word in self.folded or stem(word) in self.stems

    def means(self, word: str) -> bool:
        """This word, a form of it, or one that says the same."""
        root = stem(word)
        if self.has(word) or not self.groups.isdisjoint(GROUPS.get(root, ())):
            return True
        near = self.beginnings.get(root[:ALIKE], ()) if len(root) >= ALIKE and not root.isdigit() else ()
        return any(_forms(root, other) for other in near)

    def name(self, name: str) -> bool:
        """These words, one after the other."""
        row = tokens(name)
        return bool(row) and any(f" {' '.join(row)} " in text for text in self.rows)


def _forms(a: str, b: str) -> bool:
    common = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return max(len(a), len(b)) - common <= ENDING


@dataclass(frozen=True)
class Source:
    """What a model was given: what was said now, who speaks, and the memories that were offered."""

    said: Words
    given: Words
    dated: bool  # it speaks of time, so that dates can be reckoned

    @classmethod
    def of(cls, said: Sequence[str], speakers: Iterable[str], known: Iterable[str]) -> Source:
        now = Words.of(said)
        # Without a word that English can't do without it is another language, whose words of time aren't known.
        dated = not now.folded.isdisjoint(TEMPORAL) or now.folded.isdisjoint(FUNCTION)
        return cls(now, Words.of([*said, *speakers, *known]), dated)

    def grounds(self, content: str, moment: dt.datetime) -> bool:
        """Whether a fact comes from here, said at `moment`."""
        rest = self.without_dates(content, moment)
        own, names, numbers = _parts(rest)
        if not all(number in self.given.folded for number in numbers):
            return False
        if not all(self.given.has(name) for name in names):
            return False
        counted = [*own, *names, *numbers]
        if not counted:
            return rest != content and self.dated  # nothing but dates
        held = sum(self.given.means(word) for word in counted)
        return held >= SHARE * len(counted) and any(self.said.means(word) for word in counted)

    def names(self, name: str, content: str, moment: dt.datetime) -> bool:
        """Whether a thing of this name is spoken of, here or in a fact that comes from here."""
        if self.given.name(name) or Words.of([content]).name(name):
            return True
        return DATE.search(name) is not None and not tokens(self.without_dates(name, moment))

    def without_dates(self, content: str, moment: dt.datetime) -> str:
        """`content` without the dates that somebody could reckon who was there."""
        return DATE.sub(lambda match: " " if self._reckoned(match, moment) else match.group(), content)

    def _reckoned(self, match: re.Match[str], moment: dt.datetime) -> bool:
        if all(word in self.given.folded for word in tokens(match.group())):
            return True
        if not self.dated:
            return False
        year = next((y for y in match.groups() if y), None)
        return year is None or self._near(int(year), moment.year)

    def _near(self, year: int, present: int) -> bool:
        """Last year, this or the next; or as many years away as a number says."""
        return abs(year - present) <= 1 or {str(year), str(abs(year - present))} & self.given.folded != set()


def _parts(content: str) -> tuple[list[str], list[str], list[str]]:
    """The words of a fact that count, folded: its own, its names (capitals inside a sentence), its numbers."""
    own, names, numbers = [], [], []
    text = THOUSANDS.sub("", content)
    for match in TOKEN.finditer(text):
        word = fold(match.group())
        if word.isdigit():
            numbers.append(word)
        elif word in FUNCTION or word in USER or not word:
            continue
        elif (
            match.group()[0].isupper() and not SENTENCE_END.search(text[: match.start()]) and word not in MONTHS | DAYS
        ):
            names.append(word)
        else:
            own.append(word)
    return own, names, numbers
