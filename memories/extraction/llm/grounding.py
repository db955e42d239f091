"""Check whether a fact comes from its source. Pure: texts in, yes or no out.

A model may rephrase a fact, resolve pronouns and calculate dates. It may not add names, numbers or subjects that the
source lacks. So a fact needs words of the source as evidence. Two thirds of its own words must occur in the texts that
the model was given, at least one in the current message, and all of its names and numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memories.extraction.llm.grounding_words import (
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

MIN_SHARE = 2 / 3  # of a fact's words
MIN_SIMILARITY = 4  # letters that two words begin with, to be forms of one
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
SENTENCE_END = re.compile(r"(?:[.!?:]\s+|[\"“(])$")  # between two words


class Quotable:
    """A text in which words are found regardless of spacing, punctuation and case."""

    def __init__(self, text: str) -> None:
        self._places = [match.span() for match in TOKEN.finditer(text)]
        self._row = f" {' '.join(fold(text[start:stop]) for start, stop in self._places)} "

    def find(self, words: str) -> Span | None:
        """The positions of consecutive words."""
        wanted = [fold(word) for word in TOKEN.findall(words)]
        at = self._row.find(f" {' '.join(wanted)} ") if wanted else -1
        if at < 0:
            return None
        first = self._row.count(" ", 0, at)
        return Span(self._places[first][0], self._places[first + len(wanted) - 1][1])


@dataclass(frozen=True)
class Words:
    """The words of some texts, as they are looked for."""

    folded: frozenset[str]
    stems: frozenset[str]
    groups: frozenset[int]
    rows: tuple[str, ...]
    beginnings: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        rows = [tokens(text) for text in texts]
        folded = frozenset(word for row in rows for word in row)
        stems = frozenset(stem(word) for word in folded)
        return cls(
            folded,
            stems,
            frozenset(group for word in stems for group in GROUPS.get(word, ())),
            tuple(f" {' '.join(row)} " for row in rows),
            frozenset(beginning for word in stems for beginning in _beginnings(word)),
        )

    def has(self, word: str) -> bool:
        """This word, or a form of it."""
        return word in self.folded or stem(word) in self.stems

    def means(self, word: str) -> bool:
        """This word, a form of it, or a synonym."""
        root = stem(word)
        if self.has(word) or not self.groups.isdisjoint(GROUPS.get(root, ())):
            return True
        return not root.isdigit() and not self.beginnings.isdisjoint(_beginnings(root))

    def name(self, name: str) -> bool:
        """These words in a row."""
        row = tokens(name)
        return bool(row) and any(f" {' '.join(row)} " in text for text in self.rows)


def _beginnings(word: str) -> list[str]:
    """Two words are forms of one if they share one of these."""
    return [word[:length] for length in range(max(MIN_SIMILARITY, len(word) - ENDING), len(word) + 1)]


@dataclass(frozen=True)
class EvidenceSource:
    """The input of a model: the current message, its speaker, and the offered memories."""

    said: Words
    given: Words
    english: bool
    dated: bool  # it has time words, so dates may be calculated

    @classmethod
    def of(cls, said: Sequence[str], speakers: Iterable[str], known: Iterable[str]) -> EvidenceSource:
        now = Words.of(said)
        english = not now.folded.isdisjoint(FUNCTION)  # the time words of other languages are not known
        dated = not english or not now.folded.isdisjoint(TEMPORAL)
        return cls(now, Words.of([*said, *speakers, *known]), english, dated)

    def grounds(self, content: str, moment: dt.datetime) -> bool:
        """Whether a fact of `moment` comes from this source."""
        rest = self.without_dates(content, moment)
        parts = _Parts.of(rest)
        if not all(self.given.has(word) for word in (*parts.names, *parts.numbers)):
            return False
        if self.english and parts.first and not self.given.means(parts.first):
            return False
        if not parts.counted:
            return rest != content and self.dated  # only dates
        held = sum(self.given.means(word) for word in parts.counted)
        return held >= MIN_SHARE * len(parts.counted) and any(self.said.means(word) for word in parts.counted)

    def names(self, name: str, content: str, moment: dt.datetime) -> bool:
        """Whether this source, or a fact that comes from it, mentions a thing with this name."""
        if self.given.name(name) or Words.of([content]).name(name):
            return True
        return DATE.search(name) is not None and not tokens(self.without_dates(name, moment))

    def without_dates(self, content: str, moment: dt.datetime) -> str:
        """`content` without the dates that can be calculated from the source."""
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


@dataclass(frozen=True)
class _Parts:
    """The words of a fact that count, folded. `names`: capitalised inside a sentence; `numbers`: with a digit; `first`:
    the first word, which usually is a name."""

    counted: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    first: str

    @classmethod
    def of(cls, content: str) -> _Parts:
        counted, names, numbers, first = [], [], [], ""
        text, end = THOUSANDS.sub("", content), 0
        for match in TOKEN.finditer(text):
            between, end = text[end : match.start()], match.end()
            word, capital = fold(match.group()), match.group()[0].isupper()
            if word in FUNCTION or word in USER:
                continue
            counted.append(word)
            if any(sign.isdigit() for sign in word):
                numbers.append(word)
            elif capital and (not match.start() or SENTENCE_END.search(between)):
                first = first or word
            elif capital and word not in MONTHS and word not in DAYS:
                names.append(word)
        return cls(tuple(counted), tuple(names), tuple(numbers), first)
