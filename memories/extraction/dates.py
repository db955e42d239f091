"""Dates in a sentence, resolved against the day it was said: to the day, the month or the year, as exact as the text. A
date without a year is the nearest one that fits the tense. Durations, ages and habits are no dates."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import word_classes as lx

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b"
)
DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b"
ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"
YEAR = r"(?:19|20)\d\d"
NUMBER = r"(?:\d{1,6}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
UNIT = r"(?:day|week|month|year)s?"
DATE = re.compile(
    rf"\b(?:(?P<iso>{YEAR}-\d\d(?:-\d\d)?)"
    rf"|(?P<numeric>\d{{1,2}}[/.]\d{{1,2}}(?:[/.]\d{{2,4}})?)(?![/\d]|\.\d)"
    rf"|(?P<full>(?:the )?{ORDINAL}(?: of)? {MONTH}(?:,? {YEAR})?|{MONTH} (?:the )?{ORDINAL}\b(?!:)(?:,? {YEAR})?|"
    rf"{MONTH},? (?:of )?{YEAR})"
    rf"|(?P<relative>(?:the )?day (?:before|after) (?:yesterday|tomorrow)|yesterday|today|tonight|tomorrow|last night|"
    rf"this (?:morning|afternoon|evening)|(?:about |exactly |around )?{NUMBER} {UNIT} (?:ago|from now)|"
    rf"in {NUMBER} {UNIT}\b(?! of))"
    rf"|(?P<named>(?:(?:last|next|this|this past|this coming) )?(?:{DAY}|{MONTH}(?! \d)))"
    rf"|(?P<span>(?:last|next|this past|this coming) (?:week(?:end)?|month|year))"
    rf"|(?P<year>{YEAR}))(?![\w-])",
    re.IGNORECASE,
)
RECURRING = re.compile(r"\b(?:every|each|on (?:\w+day)s|most|weekly|any)\s*$", re.IGNORECASE)
MAX_SEARCHED, MAX_FOUND = 20_000, 20  # characters of a text that is not parsed, and dates in them
AHEAD = re.compile(r"(?:\b(?:will|shall|going to|gonna|is|are|am)|['’]ll)\b[^.!?;]{0,80}\Z", re.IGNORECASE)
MAX_BEFORE = 80  # characters before "in two weeks" that may say that it is ahead
MAX_RECURRING = 20  # characters before a date that may say so: "on wednesdays "
BEFORE_NUMERIC = lx.words("on by until since from to before after for -")  # "on 2/8" is a date, "won 2/8" isn't
AMBIGUOUS = lx.words("may march mar sun sat wed mon dec")
ABBREVIATED_DAYS = lx.words("sun sat wed mon")
FUTURE = lx.words("will 'll wo might may can could should would must shall")
SINCE, UNTIL = lx.words("since from starting"), lx.words("until till")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date at characters `start` to `stop`; `value` is an ISO day, month or year. `is_relative`: it depends on the
    day of the statement."""

    start: int
    stop: int
    value: str
    is_relative: bool = False


def day_of(said_at: dt.datetime | None, client_timestamp: str | None) -> dt.date | None:
    """The day on which something was said, in the offset of the caller's timestamp. None: unknown, or too far away."""
    if said_at is None or not 2 < said_at.year < 9998:  # there must be a next year
        return None
    try:
        zone = dt.datetime.fromisoformat(client_timestamp).tzinfo if client_timestamp else None
    except ValueError:
        zone = None
    return said_at.astimezone(zone).date() if zone is not None else said_at.date()


def offset_of(client_timestamp: str | None) -> str:
    """The offset of a caller's timestamp, as in "+05:30"; "" for UTC, and where there is none."""
    try:
        offset = f"{dt.datetime.fromisoformat(client_timestamp):%z}" if client_timestamp else ""
    except ValueError:
        return ""
    return f"{offset[:3]}:{offset[3:5]}" if offset.strip("+-0") else ""


def in_text(text: str, today: dt.date) -> tuple[tuple[str, str], ...]:
    """(words, ISO day, month or year) of the relative dates of any text whose meaning needs no parse: not "on Friday",
    which may lie on either side of `today`."""
    found: dict[str, str] = {}
    for match in itertools.islice(DATE.finditer(text[:MAX_SEARCHED]), MAX_FOUND):
        words = match.group().lower()
        if not (match["relative"] or match["span"] or (match["named"] and words.startswith(("last", "next", "this ")))):
            continue
        if words in found or RECURRING.search(text, max(0, match.start() - MAX_RECURRING), match.start()):
            continue
        if words.startswith("in ") and not AHEAD.search(text, max(0, match.start() - MAX_BEFORE), match.start()):
            continue  # it may be how long something took
        if value := _relative_value(match, _bare(match), today, None):
            found[words] = value
    return tuple(found.items())


def moment(value: str | None) -> dt.datetime | None:
    """The first moment (UTC) of an ISO day, month or year."""
    if value is None:
        return None
    year, month, day = (*map(int, value.split("-")), 1, 1)[:3]
    return dt.datetime(year, month, day, tzinfo=dt.UTC)


class Dates:
    """The dates of one sentence. `today`: the day on which it was said; without it only full dates are resolved."""

    def __init__(self, doc: Doc, today: dt.date | None) -> None:
        self.doc, self.today = doc, today
        found: dict[str, FoundDate] = {}
        for match in DATE.finditer(doc.text):
            span = doc.char_span(match.start(), match.end(), alignment_mode="expand")
            if span is not None and self._is_date(match, span[-1]) and (value := self._value(match, span)):
                found.setdefault(value, FoundDate(match.start(), match.end(), value, _is_relative(match)))
        self.found = list(found.values())

    @property
    def relative(self) -> tuple[tuple[str, str], ...]:
        """(words, value) of the dates that depend on the day of the statement."""
        return tuple((self.doc.text[d.start : d.stop], d.value) for d in self.found if d.is_relative)

    def bounds(self, verb: Token) -> tuple[str | None, str | None]:
        """(from, to) of what `verb` states: the date that hangs on it."""
        start = stop = None
        inside = {token.i for token in verb.subtree}
        for found in self.found:
            span = self.doc.char_span(found.start, found.stop, alignment_mode="expand")
            if span is None or span.root.i not in inside:
                continue
            word = next((g.lower(a) for a in (span.root, *span.root.ancestors) if a.dep_ == "prep"), "")
            if word in UNTIL:
                stop = found.value
            elif start is None:
                start = found.value
        return start, stop

    def validity(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """From when until when the sentence says that it is so: "since 2019", "until March"."""
        start = stop = None
        for found in self.found:
            words = ["", "", *self.doc.text[: found.start].lower().split()][-2:]
            if words[-1] in SINCE or words == ["as", "of"]:
                start = start or found.value
            elif words[-1] in UNTIL or (words[-1] == "to" and start):
                stop = stop or found.value
        return moment(start), moment(stop)

    # --- what is a date ------------------------------------------------------------------------------------------
    def _is_date(self, match: re.Match[str], token: Token) -> bool:
        lowered, doc = match.group().lower(), self.doc
        if RECURRING.search(doc.text, max(0, match.start() - MAX_RECURRING), match.start()):
            return False
        if match["named"] and lowered in AMBIGUOUS:
            is_day = lowered not in ABBREVIATED_DAYS or token.ent_type_ == "DATE"
            return token.pos_ == "PROPN" and is_day and match.group()[0].isupper()
        if match["named"] and lowered in lx.WEEKDAYS and token.dep_ in ("compound", "amod", "nmod"):
            # a habit or a name ("Sunday mass"), unless it is a part of that day
            return token.i + 1 < len(doc) and doc[token.i + 1].lower_ in ("morning", "afternoon", "evening", "night")
        if match["year"]:
            return _is_year(token)
        if match["numeric"]:
            return self._is_numeric(match)
        if match["relative"] and lowered.startswith("in "):  # a date, unless it is how long something took
            verb = g.head_verb(token)
            return verb is not None and not g.past(verb) and verb.tag_ != "VBN"
        return True

    def _is_numeric(self, match: re.Match[str]) -> bool:
        """2/8, 31.12.2024: after "on" and the like, or with a year; not a score or a fraction."""
        parts = [int(p) for p in re.split(r"[/.]", match.group())]
        before = self.doc.text[: match.start()].rsplit(None, 1)
        if len(parts) < 3 and ("." in match.group() or not before or before[-1].lower() not in BEFORE_NUMERIC):
            return False
        return 1 <= min(parts[:2]) <= 12 and 1 <= max(parts[:2]) <= 31

    # --- values --------------------------------------------------------------------------------------------------
    def _value(self, match: re.Match[str], span: Span) -> str | None:
        text = _bare(match)
        if match["iso"]:
            return _checked(text)
        if match["year"]:
            return text
        if self.today is None and not re.search(YEAR, text):
            return None
        if match["full"] or match["numeric"]:
            day = self._nearest(text, _is_ahead(span))
            is_exact = re.search(r"\b\d{1,2}(?!\d)", text) is not None
            return None if day is None else day.isoformat() if is_exact else f"{day:%Y-%m}"
        assert self.today is not None
        return _relative_value(match, text, self.today, _is_ahead(span) if match["named"] else None)

    def _nearest(self, text: str, is_ahead: bool | None) -> dt.date | None:
        return _nearest(text, self.today or dt.date(2000, 1, 1), is_ahead)


def _bare(match: re.Match[str]) -> str:
    return re.sub(r"^(?:about|exactly|around|the) ", "", match.group().lower())


def _is_relative(match: re.Match[str]) -> bool:
    if match["iso"] or match["year"]:
        return False
    parts = len(re.split(r"[/.]", match.group())) if match["numeric"] else 0
    return parts < 3 and re.search(YEAR, match.group()) is None


def _relative_value(match: re.Match[str], text: str, today: dt.date, is_ahead: bool | None) -> str | None:
    """A span ("last week"), a weekday or month by its name, or a date counted from today."""
    if match["span"]:
        return _span(text, today)
    if match["named"]:
        return _named(text, today, is_ahead)
    if text in ("tonight", "last night") or text.startswith("this "):
        return (today - dt.timedelta(text == "last night")).isoformat()
    day = _parsed(text, today, text.startswith("in ") or text.endswith("now"))
    return None if day is None else f"{day:%Y}" if "year" in text else day.isoformat()


def _nearest(text: str, today: dt.date, is_ahead: bool | None) -> dt.date | None:
    """What `text` means, before or after today; the nearer of the two where nothing tells."""
    ways = [False, True] if is_ahead is None else [is_ahead]
    found = [day for way in ways if (day := _parsed(text, today, way))]
    return min(found, key=lambda day: abs((day - today).days), default=None)


def _named(text: str, today: dt.date, is_ahead: bool | None) -> str | None:
    """A weekday or a month by its name."""
    *which, name = text.split()
    if which:
        is_ahead = True if which[-1] in ("next", "coming") else False if which[-1] in ("last", "past") else is_ahead
    if name in lx.MONTHS:
        month = _nearest(name, today, is_ahead)
        return f"{month:%Y-%m}" if month is not None else None
    if which[:1] == ["next"]:  # of the coming week, not the nearest
        monday = today - dt.timedelta(today.weekday())
        days = (monday + dt.timedelta(n) for n in range(7, 14))
        return next(d.isoformat() for d in days if f"{d:%a}".lower() == name[:3])
    day = _parsed(name, today, True if is_ahead is None else is_ahead)
    return day.isoformat() if day is not None else None


def _is_year(token: Token) -> bool:
    if token.ent_type_ in ("MONEY", "QUANTITY", "PERCENT"):
        return False
    if token.dep_ in ("nummod", "compound") and token.head.pos_ in ("PROPN", "NOUN") and token.head.i > token.i:
        return False  # a model year, or so many of something
    if token.i and token.nbor(-1).pos_ == "PROPN" and token.dep_ not in ("pobj", "npadvmod"):
        return False
    return token.dep_ in ("pobj", "npadvmod", "conj", "ROOT", "appos", "dep") or token.ent_type_ == "DATE"


def _span(text: str, today: dt.date) -> str:
    """ "last week", "next weekend": by their first day."""
    step, unit = 1 if text.startswith(("next", "this coming")) else -1, text.split()[-1]
    if unit == "year":
        return f"{today.year + step:04}"
    if unit == "month":
        first = today.replace(day=1)
        return f"{first + dt.timedelta(31) if step > 0 else first - dt.timedelta(1):%Y-%m}"
    monday = today - dt.timedelta(today.weekday())
    if unit == "week":
        return (monday + dt.timedelta(7 * step)).isoformat()
    saturday = monday + dt.timedelta(5)
    return (saturday + dt.timedelta(0 if step > 0 and saturday > today else 7 * step)).isoformat()


def _is_ahead(span: Span) -> bool | None:
    """True: ahead of what was said; False: behind it; None: nothing tells."""
    before = span.doc[span.start - 1].lower_ if span.start else ""
    if before == "since":
        return False
    if before in ("by", "until", "till"):
        return True
    verb = g.head_verb(span.root) or (span.sent.root if g.is_verb(span.sent.root) else None)
    return _tense(verb) if verb is not None else None


def _tense(verb: Token) -> bool | None:
    """Whether a verb speaks of what is ahead."""
    aux = {g.lower(a) for a in g.children(verb, "aux", "auxpass")}
    has = bool(aux & {"have", "has", "'ve", "had"})
    if (g.lemma(verb) == "get" and has) or aux & FUTURE or g.lemma(verb) in lx.INTENDING:
        return True  # "I've got an interview": to have got is to have
    if has or g.past(verb):
        return False
    if verb.tag_ == "VBG" and not aux:
        head_verb = g.head_verb(verb)
        return _tense(head_verb) if head_verb is not None else None
    return True if verb.tag_ in ("VB", "VBP", "VBZ", "VBG") else None


@lru_cache(maxsize=1_000)  # one call takes up to a millisecond, and a text names the same day again and again
def _parsed(text: str, today: dt.date, is_ahead: bool) -> dt.date | None:
    """What `text`, at most 50 characters that DATE matched, means on the day `today`."""
    import dateparser  # 0.2 s, and only for texts with a date

    try:
        found = dateparser.parse(
            text,
            languages=["en"],
            settings={
                "RELATIVE_BASE": dt.datetime.combine(today, dt.time(12)),
                "PREFER_DATES_FROM": "future" if is_ahead else "past",
                "DATE_ORDER": "DMY" if "." in text else "MDY",
            },
        )
    except (ValueError, OverflowError):
        return None
    return found.date() if found is not None else None


def _checked(text: str) -> str | None:
    try:
        dt.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return None
    return text
