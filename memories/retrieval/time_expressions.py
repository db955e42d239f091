"""Time expressions of an English question as windows of time, and how near a moment lies to them. Pure.

The weights were measured on LoCoMo and LongMemEval: a named day is worth 1, from 3 days before it to 8 after it 2/3,
to 8 before and 22 after 1/3 (people tell of a day later, rarely before); a named month 2/3, the month after it 0.2; a
named year 0.2; a span such as "last week" 0.467, less and less beyond its ends. Weekends, seasons, holidays, "today",
"this week", "since", "before" and "after" were not measured: they have the weight of their like.

Days and months are those of the reference's time zone.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_CHARACTERS = 2_000  # of a question that are read
MAX_EXPRESSIONS = 8  # of a question that are used
YEARS_BEFORE, YEARS_AFTER = 5, 1  # relative to the reference's year: the candidates for an expression without a year

EDGE = 1e-12  # days, far below a microsecond: the tolerance of a hard edge, so that one formula covers all windows
NAMED_DAY = ((1, 2, 1.0), (3, 8, 2 / 3), (8, 22, 1 / 3))  # days before its midnight, days after it, weight
NAMED_MONTH, MONTH_AFTER, NAMED_YEAR, SPAN = 1 / 1.5, 0.3 / 1.5, 0.3 / 1.5, 0.7 / 1.5

DAYS_OF = {"day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25}
DAYS_AROUND = {"day": 1.0, "week": 2.0, "month": 5.0, "year": 30.0}  # the tolerance of "three weeks ago"
EARLIEST = dt.datetime(1900, 1, 1)  # noqa: DTZ001  (where "before" begins)
INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A time from `start` to `stop`, both included, has the worth `weight` (0–1); other times less, by their distance.

    The worth is `weight · max(0, 1 − days outside / tolerance)`. `words` are the question's own.
    """

    start: dt.datetime
    stop: dt.datetime
    tolerance: float
    weight: float
    words: str


class WindowPart(NamedTuple):
    """A window in the reference's wall-clock time."""

    start: dt.datetime
    stop: dt.datetime
    tolerance: float
    weight: float


class TimeReference(NamedTuple):
    """The local time of a question, and the candidate years for an expression without a year."""

    moment: dt.datetime
    years: tuple[int, ...]

    def ago(self, days: float) -> dt.datetime:
        return self.moment - dt.timedelta(days=days)

    def midnight(self, days_ago: int = 0) -> dt.datetime:
        return dt.datetime.combine(self.moment.date() - dt.timedelta(days=days_ago), dt.time())


Reader = Callable[[re.Match[str], TimeReference], Iterator[WindowPart]]


def windows(question: str, reference: dt.datetime, years: Sequence[int] = ()) -> tuple[Window, ...]:
    """The time expressions of a question, in its order; empty without any.

    `reference` is the time of the question. `years` are the candidates for a month or day without a year, by default
    the reference's, five before and one after. Raises ValueError for a reference without a time zone.
    """
    if reference.tzinfo is None:
        raise ValueError("the reference needs a time zone")
    text = question[:MAX_CHARACTERS]
    around = range(reference.year - YEARS_BEFORE, reference.year + YEARS_AFTER + 1)
    asked = TimeReference(reference.replace(tzinfo=None), tuple(sorted(years or around)))
    found = _read(text, asked, KINDS) or _read(text, asked, YEARS)
    zone = reference.tzinfo
    return tuple(
        Window(part.start.replace(tzinfo=zone), part.stop.replace(tzinfo=zone), part.tolerance, part.weight, words)
        for words, parts in found
        for part in parts
    )


def nearness(found: Sequence[Window], moments: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """How near each time (Unix seconds) is to the windows: 0 to 1, the maximum over the windows; 0 without windows."""
    best = np.zeros(moments.shape)
    for window in found:
        outside = np.maximum(window.start.timestamp() - moments, moments - window.stop.timestamp())
        days = np.maximum(outside, 0) / 86_400
        np.maximum(best, window.weight * (1 - days / window.tolerance), out=best)
    return best.astype(np.float32)


def _read(
    text: str, asked: TimeReference, kinds: Sequence[tuple[re.Pattern[str], Reader]]
) -> list[tuple[str, list[WindowPart]]]:
    """The expressions in their order, each with its windows. Where two kinds overlap, the earlier kind wins."""
    found: dict[tuple[int, int], list[WindowPart]] = {}
    for pattern, reader in kinds:
        for match in pattern.finditer(text):
            if len(found) == MAX_EXPRESSIONS:
                break
            if any(start < match.end() and match.start() < stop for start, stop in found):
                continue
            try:
                parts = [part for part in reader(match, asked) if part.start <= part.stop]
            except (ValueError, OverflowError):
                continue  # 31 February; nine thousand years ago
            if parts:
                found[match.span()] = parts
    return [(text[start:stop], parts) for (start, stop), parts in sorted(found.items())]


# --- counted from the moment of asking -------------------------------------------------------------------------------
_FLAGS = re.IGNORECASE | re.ASCII
_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBERS = {word: number for number, word in enumerate(_WORDS)}
_NUMBERS |= {"a": 1, "an": 1} | dict.fromkeys(("a couple of", "couple of", "a couple"), 2)
_NUMBERS |= dict.fromkeys(("a few", "few"), 3)
_NUMBER = rf"(?P<number>[0-9]{{1,4}}|a couple of|couple of|a couple|a few|few|an?|{'|'.join(_WORDS[1:])})"
_UNIT = r"(?P<unit>day|week|month|year)"
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

AGO = re.compile(rf"\b{_NUMBER} {_UNIT}s? ago\b", _FLAGS)
WEEKDAY = re.compile(rf"\b(?:last|this past|this|on) (?P<weekday>{'|'.join(_WEEKDAYS)})\b", _FLAGS)
PAST = re.compile(rf"\b(?P<which>past|last|previous)(?: {_NUMBER})? {_UNIT}s?\b", _FLAGS)
YESTERDAY = re.compile(r"\b(?P<before>the day before )?yesterday\b", _FLAGS)
TODAY = re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", _FLAGS)
THIS = re.compile(r"\bthis (?P<unit>week|month|year)\b", _FLAGS)
WEEKEND = re.compile(
    r"\b(?P<which>last|this past|past|this|(?:on|over|at) the) weekend\b(?! (?:before|after|of)\b)", _FLAGS
)


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]


def _ago(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    unit, number = match["unit"].lower(), match["number"].lower()
    vague = "couple" in number or "few" in number
    around = DAYS_AROUND[unit] * (2 if vague else 1)
    days = _number(number) * DAYS_OF[unit]
    yield WindowPart(asked.ago(days + around), asked.ago(days - around), 3 * around, 1.0)


def _weekday(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    days = (asked.moment.weekday() - _WEEKDAYS.index(match["weekday"].lower())) % 7 or 7
    yield WindowPart(asked.ago(days + 0.6), asked.ago(days - 1.5), 3.0, 1.0)


def _past(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    unit = DAYS_OF[match["unit"].lower()]
    if match["number"] or match["which"].lower() == "past":
        days = _number(match["number"] or "one") * unit
        yield WindowPart(asked.ago(days), asked.ago(-1), max(0.25 * days, 0.1), SPAN)
    else:
        yield WindowPart(asked.ago(1.9 * unit), asked.ago(0.3 * unit), 0.5 * unit, SPAN)


def _yesterday(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    days = 2 if match["before"] else 1
    yield WindowPart(asked.ago(days + 0.6), asked.ago(days - 0.6), 1.5, 1.0)


def _today(_: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    yield WindowPart(asked.midnight(), asked.midnight(-1) - INSTANT, 1.5, 1.0)


def _this(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    unit, today = match["unit"].lower(), asked.midnight()
    if unit == "week":
        start = asked.midnight(asked.moment.weekday())
        stop = start + dt.timedelta(days=7) - INSTANT
    elif unit == "month":
        start, stop = _months(today.year, today.month, 1)
    else:
        start, stop = _months(today.year, 1, 12)
    yield WindowPart(start, stop, 0.25 * DAYS_OF[unit], SPAN)


def _weekend(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    """The latest one that has begun. "This weekend" may be in the future; "last weekend" is over."""
    since_saturday, which = asked.moment.weekday() - 5, match["which"].lower()
    days = since_saturday if which == "this" else since_saturday % 7
    if which == "last" and since_saturday >= 0:
        days += 7
    yield WindowPart(asked.midnight(days), asked.midnight(days - 2) - INSTANT, 3.0, 1.0)


# --- by the calendar -------------------------------------------------------------------------------------------------
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_OTHER_WORDS = {*_MONTHS, "march", "sept"}  # may also be another word than a month
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ANOTHER_MONTH = re.compile(rf"\b{_MONTH}(?: [0-9]{{4}})? (?:and|or|to|through) $", _FLAGS)
_IN_YEAR = r"(?:,? (?:of )?(?P<year>[12][0-9]{3})(?![0-9]))?"
_LEAD = (
    r"(?:\b(?P<lead>in|of|on|at|over|around|during|since|before|after|by|early|late|mid|until|till|last|this|from)"
    r"[ -])?"
)
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}  # their first months
_HOLIDAYS = {
    "christmas": (12, 25),
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "new year's eve": (12, 31),
    "new year's day": (1, 1),
    "valentine's day": (2, 14),
    "halloween": (10, 31),
}
_HOLIDAY = r"(?P<holiday>christmas(?: eve| day)?|new year['’]s (?:eve|day)|valentine['’]s day|halloween)"

ISO = re.compile(r"(?<![0-9-])(?P<year>[12][0-9]{3})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?![0-9-])", _FLAGS)
DAY_MONTH = re.compile(rf"{_LEAD}\b(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}\b{_IN_YEAR}", _FLAGS)
MONTH_DAY = re.compile(rf"{_LEAD}\b{_MONTH} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?\b{_IN_YEAR}", _FLAGS)
MONTH = re.compile(rf"{_LEAD}\b{_MONTH}\b{_IN_YEAR}", _FLAGS)
SEASON = re.compile(rf"{_LEAD}(?:the )?\b(?P<season>spring|summer|autumn|fall|winter)\b{_IN_YEAR}", _FLAGS)
HOLIDAY = re.compile(rf"{_LEAD}\b{_HOLIDAY}\b{_IN_YEAR}", _FLAGS)
YEAR = re.compile(r"\b(?P<lead>in|during|of|year|since|before|after) (?P<year>(?:19|20)[0-9]{2})\b", _FLAGS)

Stretch = tuple[dt.datetime, dt.datetime]  # first and last instant


def _midnight(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day)  # noqa: DTZ001


def _months(year: int, month: int, count: int) -> Stretch:
    after = month - 1 + count
    return _midnight(year, month, 1), _midnight(year + after // 12, after % 12 + 1, 1) - INSTANT


def _iso(match: re.Match[str], _: TimeReference) -> Iterator[WindowPart]:
    yield from _around(_midnight(int(match["year"]), int(match["month"]), int(match["day"])))


def _day(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    return _days(match, asked, _month_number(match["month"]), int(match["day"]))


def _holiday(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    if match["lead"] or match["year"]:
        yield from _days(match, asked, *_HOLIDAYS[match["holiday"].lower().replace("’", "'")])


def _days(match: re.Match[str], asked: TimeReference, month: int, day: int) -> Iterator[WindowPart]:
    years = [year for year in _years(match, asked) if 1 <= day <= calendar.monthrange(year, month)[1]]
    starts = [_midnight(year, month, day) for year in years]
    for start, stop in _meant(match, asked, [(start, start + dt.timedelta(days=1) - INSTANT) for start in starts]):
        yield from _around(start)
        yield from _side(match, asked, start, stop)


def _around(midnight: dt.datetime) -> Iterator[WindowPart]:
    for before, after, weight in NAMED_DAY:
        yield WindowPart(midnight - dt.timedelta(days=before), midnight + dt.timedelta(days=after), EDGE, weight)


def _named_month(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    sure = match["month"].lower() not in _OTHER_WORDS or match["year"] or _lead(match) not in ("", "this")
    if not sure and not _ANOTHER_MONTH.search(match.string[max(0, match.start() - 30) : match.start()]):
        return
    month = _month_number(match["month"])
    for start, stop in _meant(match, asked, [_months(year, month, 1) for year in _years(match, asked)]):
        after = stop + INSTANT
        yield WindowPart(start, stop, EDGE, NAMED_MONTH)
        yield WindowPart(*_months(after.year, after.month, 1), EDGE, MONTH_AFTER)
        yield from _side(match, asked, start, stop)


def _season(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    """Seasons of the northern hemisphere. The winter of a year is the one at its beginning, and the one at its end."""
    if not (match["lead"] or match["year"]):
        return
    first, years = _SEASONS[match["season"].lower()], _years(match, asked)
    if first == 12:
        years = sorted({*years, *(year - 1 for year in years)})
    for start, stop in _meant(match, asked, [_months(year, first, 3) for year in years]):
        yield WindowPart(start, stop, 15.0, SPAN)
        yield from _side(match, asked, start, stop)


def _named_year(match: re.Match[str], asked: TimeReference) -> Iterator[WindowPart]:
    year = _months(int(match["year"]), 1, 12)
    if _lead(match) not in ("before", "after"):
        yield WindowPart(*year, EDGE, NAMED_YEAR)
    yield from _side(match, asked, *year)


def _month_number(word: str) -> int:
    return _MONTHS.index(word[:3].lower()) + 1


def _lead(match: re.Match[str]) -> str:
    return (match["lead"] or "").lower()


def _years(match: re.Match[str], asked: TimeReference) -> Sequence[int]:
    return [int(match["year"])] if match["year"] else asked.years


def _meant(match: re.Match[str], asked: TimeReference, stretches: Sequence[Stretch]) -> Sequence[Stretch]:
    """All of them; after "this" the nearest, after "last", "since", "before" and "after" the latest that has begun."""
    if match["year"]:
        return stretches
    if _lead(match) == "this":
        return sorted(stretches, key=lambda s: max(s[0] - asked.moment, asked.moment - s[1]))[:1]
    if _lead(match) in ("last", "since", "before", "after"):
        return [stretch for stretch in stretches if stretch[0] <= asked.moment][-1:]
    return stretches


def _side(match: re.Match[str], asked: TimeReference, start: dt.datetime, stop: dt.datetime) -> Iterator[WindowPart]:
    """The windows of "since", "before" and "after": one side counts like a named year.

    The day itself keeps its weight: the answer to "the week before 3 August" is often told on 3 August.
    """
    lead = _lead(match)
    if lead == "before":
        yield WindowPart(EARLIEST, start - INSTANT, EDGE, NAMED_YEAR)
    elif lead in ("since", "after"):
        yield WindowPart(stop + INSTANT, asked.ago(-1), EDGE, NAMED_YEAR)


# In the order of precedence. A year alone is read only where nothing else matched.
KINDS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (AGO, _ago),
    (WEEKDAY, _weekday),
    (PAST, _past),
    (YESTERDAY, _yesterday),
    (TODAY, _today),
    (THIS, _this),
    (WEEKEND, _weekend),
    (ISO, _iso),
    (DAY_MONTH, _day),
    (MONTH_DAY, _day),
    (SEASON, _season),
    (HOLIDAY, _holiday),
    (MONTH, _named_month),
)
YEARS: tuple[tuple[re.Pattern[str], Reader], ...] = ((YEAR, _named_year),)
