"""Dates in a sentence, resolved against the moment it was said: to the day, the month or the year, as exact as the
text. A date without a year is the nearest one that fits the tense. Durations, ages and habits are no dates."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from memories.extraction import names as nm
from memories.extraction import grammar as g
from memories.extraction import lexicon as lx

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b"
)
DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b"
ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"
YEAR = r"(?:19|20)\d\d"
NUMBER = r"(?:\d{1,6}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a couple of|a few)"
UNIT = r"(?:day|week|month|year)s?"
DATE = re.compile(
    rf"\b(?:(?P<iso>{YEAR}-\d\d(?:-\d\d)?)"
    rf"|(?P<numeric>\d{{1,2}}[/.]\d{{1,2}}(?:[/.]\d{{2,4}})?)(?![/\d]|\.\d)"
    rf"|(?P<full>(?:the )?{ORDINAL}(?: of)? {MONTH}(?:,? {YEAR})?|{MONTH} (?:the )?{ORDINAL}\b(?!:)(?:,? {YEAR})?|"
    rf"{MONTH},? (?:of )?{YEAR})"
    rf"|(?P<relative>(?:the )?day (?:before|after) (?:yesterday|tomorrow)|yesterday|today|tonight|tomorrow|last night|"
    rf"this (?:morning|afternoon|evening)|"
    rf"(?:about |exactly |around )?{NUMBER} {UNIT} (?:ago|from now)|in {NUMBER} {UNIT}\b(?! of))"
    rf"|(?P<named>(?:(?:last|next|this|this past|this coming) )?(?:{DAY}|{MONTH}(?! \d)))"
    rf"|(?P<span>(?:last|next|this past|this coming) (?:week(?:end)?|month|year|summer|winter|spring|fall|autumn))"
    rf"|(?P<year>{YEAR}))(?![\w-])",
    re.IGNORECASE,
)
RECURRING = re.compile(r"\b(?:every|each|on (?:\w+day)s|most|weekly|any)\s*$", re.IGNORECASE)
RECURRING_LENGTH = 20  # characters before a date that may say so: "on wednesdays "
VAGUE = ("few", "couple")


@dataclass(frozen=True)
class Found:
    start: int  # characters
    stop: int
    value: str


def day_of(said_at: dt.datetime | None, stamp: str | None) -> dt.date | None:
    """The day on which something was said, in the offset of the caller's timestamp. None: unknown, or too far away."""
    if said_at is None or not 2 < said_at.year < 9998:  # there must be a next year
        return None
    try:
        zone = dt.datetime.fromisoformat(stamp).tzinfo if stamp else None
    except ValueError:
        zone = None
    return said_at.astimezone(zone).date() if zone is not None else said_at.date()


def moment(value: str | None) -> dt.datetime | None:
    """The first moment (UTC) of an ISO day, month or year."""
    year, month, day = (*map(int, value.split("-")), 1, 1)[:3] if value else (0, 0, 0)
    return dt.datetime(year, month, day, tzinfo=dt.UTC) if value else None


class Dates:
    """The dates of one sentence. `today`: the day on which it was said; without it only full dates are resolved."""

    def __init__(self, doc: Doc, today: dt.date | None) -> None:
        self.doc, self.today = doc, today
        self.found: list[Found] = []
        for match in DATE.finditer(doc.text):
            if self._is_date(match) and (value := self._value(match)):
                self.found.append(Found(match.start(), match.end(), value))
        self._drop_what_repeats()

    def bounds(self, verb: Token) -> tuple[str | None, str | None]:
        """(from, to) of what `verb` states: the date that hangs on it."""
        start = stop = None
        inside = {token.i for token in verb.subtree}
        for found in self.found:
            token = self._token(found)
            if token is None or token.i not in inside:
                continue
            word = next((g.lower(a) for a in (token, *token.ancestors) if a.dep_ == "prep"), "")
            if word in ("until", "till"):
                stop = found.value
            elif start is None:
                start = found.value
        return start, stop

    def validity(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """From when until when the sentence says that it is so: "since 2019", "until March"."""
        start = stop = None
        for found in self.found:
            words = self.doc.text[: found.start].lower().split()[-2:]
            if words[-1:] in (["since"], ["from"]) or words == ["as", "of"]:
                start = start or found.value
            elif words[-1:] in (["until"], ["till"], ["to"]) and (words[-1] != "to" or start):
                stop = stop or found.value
        return moment(start), moment(stop)

    def _token(self, found: Found) -> Token | None:
        span = self.doc.char_span(found.start, found.stop, alignment_mode="expand")
        return span.root if span is not None else None

    def _is_date(self, match: re.Match[str]) -> bool:
        text, doc = match.group(), self.doc
        span = doc.char_span(match.start(), match.end(), alignment_mode="expand")
        if span is None or RECURRING.search(doc.text, max(0, match.start() - RECURRING_LENGTH), match.start()):
            return False
        token = span[-1]
        if match["named"] and text.lower() in ("may", "march", "mar", "sun", "sat", "wed", "mon", "dec"):
            if not (
                token.pos_ == "PROPN"
                and (token.dep_ in ("pobj", "npadvmod", "compound", "conj", "nmod") or text[0].isupper())
            ):
                return False
            if text.lower() in ("sun", "sat", "wed", "mon"):
                return text[0].isupper() and token.ent_type_ == "DATE"
        if match["named"] and text.lower() in nm.WEEKDAYS and token.dep_ in ("compound", "amod", "nmod"):
            # a habit or a name ("Sunday mass"), unless it is a part of that day
            return token.i + 1 < len(doc) and doc[token.i + 1].lower_ in ("morning", "afternoon", "evening", "night")
        if match["year"]:
            return self._is_year(token)
        if match["numeric"]:
            return self._is_numeric(match, token)
        if match["relative"] and text.lower().startswith("in "):
            return self._ahead(token)
        return True

    def _is_year(self, token: Token) -> bool:
        if token.ent_type_ in ("MONEY", "QUANTITY", "PERCENT"):
            return False
        if token.dep_ in ("nummod", "compound") and token.head.pos_ in ("PROPN", "NOUN") and token.head.i > token.i:
            return False  # a model year, or so many of something
        if token.i and token.doc[token.i - 1].pos_ == "PROPN" and token.dep_ not in ("pobj", "npadvmod"):
            return False
        return token.dep_ in ("pobj", "npadvmod", "conj", "ROOT", "appos", "dep") or token.ent_type_ == "DATE"

    def _is_numeric(self, match: re.Match[str], token: Token) -> bool:
        """2/8, 31.12.2024: after "on" and the like, or with a year; not a score or a fraction."""
        parts = [int(p) for p in re.split(r"[/.]", match.group())]
        if "." in match.group() and len(parts) < 3:
            return False
        ahead = self.doc.text[: match.start()].rsplit(None, 1)
        if len(parts) < 3 and (
            not ahead
            or ahead[-1].lower() not in ("on", "by", "until", "since", "from", "to", "before", "after", "for", "-")
        ):
            return False
        return 1 <= parts[0] <= 31 and 1 <= parts[1] <= 31 and min(parts[0], parts[1]) <= 12

    # --- values --------------------------------------------------------------------------------------------------
    def _value(self, match: re.Match[str]) -> str | None:
        text = re.sub(r"^(?:about|exactly|around|the) ", "", match.group().lower())
        if match["iso"]:
            return _checked(text)
        if match["year"]:
            return text
        if self.today is None and not re.search(YEAR, text):
            return None
        if match["span"]:
            return self._span(text)
        if match["full"] or match["numeric"]:
            day = self._parsed(text, self._direction(match))
            exact = re.search(r"\b\d{1,2}(?!\d)", text) is not None
            return None if day is None else day.isoformat() if exact else f"{day:%Y-%m}"
        if match["relative"]:
            return self._relative(text)
        return self._named(text, match)

    def _parsed(self, text: str, ahead: bool | None) -> dt.date | None:
        """What `text` means, before or after today; the nearer of the two where nothing tells."""
        found = [day for way in ([ahead] if ahead is not None else [False, True]) if (day := self._parse(text, way))]
        today = self.today or dt.date(2000, 1, 1)
        return min(found, key=lambda day: abs((day - today).days), default=None)

    def _parse(self, text: str, ahead: bool) -> dt.date | None:
        return _parsed(text, self.today or dt.date(2000, 1, 1), ahead)

    def _relative(self, text: str) -> str | None:
        assert self.today is not None
        if any(word in text for word in VAGUE):
            return None
        if text in ("tonight", "last night") or text.startswith("this "):
            return (self.today - dt.timedelta(text == "last night")).isoformat()
        day = self._parse(text, text.startswith("in ") or text.endswith("now"))
        return None if day is None else f"{day:%Y}" if "year" in text else day.isoformat()

    def _span(self, text: str) -> str | None:
        """ "last week", "next weekend": by their first day."""
        assert self.today is not None
        step = 1 if text.startswith(("next", "this coming")) else -1
        unit = text.split()[-1]
        if unit == "year":
            return f"{self.today.year + step:04}"
        if unit == "month":
            first = self.today.replace(day=1)
            return f"{first + dt.timedelta(31) if step > 0 else first - dt.timedelta(1):%Y-%m}"
        monday = self.today - dt.timedelta(self.today.weekday())
        if unit == "week":
            return (monday + dt.timedelta(7 * step)).isoformat()
        if unit == "weekend":
            saturday = monday + dt.timedelta(5)
            return (saturday + dt.timedelta(0 if step > 0 and saturday > self.today else 7 * step)).isoformat()
        return None

    def _named(self, text: str, match: re.Match[str]) -> str | None:
        """A weekday or a month by its name."""
        assert self.today is not None
        words = text.split()
        ahead = self._direction(match)
        if words[0] == "next" or "coming" in words:
            ahead = True
        elif words[0] == "last" or "past" in words:
            ahead = False
        if words[-1] in nm.MONTHS:
            month = self._parsed(words[-1], ahead)
            return f"{month:%Y-%m}" if month is not None else None
        if words[0] == "next":  # of the coming week, not the nearest
            monday = self.today - dt.timedelta(self.today.weekday())
            day = next(
                d for d in (monday + dt.timedelta(n) for n in range(7, 14)) if f"{d:%a}".lower() == words[-1][:3]
            )
            return day.isoformat()
        day_or_none = self._parse(words[-1], True if ahead is None else ahead)
        return day_or_none.isoformat() if day_or_none is not None else None

    # --- the tense around it -------------------------------------------------------------------------------------
    def _direction(self, match: re.Match[str]) -> bool | None:
        """True: ahead of what was said; False: behind it; None: nothing tells."""
        span = self.doc.char_span(match.start(), match.end(), alignment_mode="expand")
        if span is None:
            return None
        token = span.root
        before = self.doc[span.start - 1].lower_ if span.start else ""
        if before == "since":
            return False
        if before in ("by", "until", "till"):
            return True
        if before == "on" and self.found and self.today and self.found[-1].value > self.today.isoformat():
            return True  # "tickets for July 17th, and then … on August 20th"
        for ancestor in token.ancestors:
            if g.is_verb(ancestor):
                return self._of_verb(ancestor)
        return self._of_verb(span.sent.root) if g.is_verb(span.sent.root) else None

    def _ahead(self, token: Token) -> bool:
        """As in "in two weeks" is a date unless it is how long something took."""
        verb = g.head_verb(token)
        return verb is not None and not g.past(verb) and not any(a.tag_ == "VBN" for a in (verb,))

    def _of_verb(self, verb: Token) -> bool | None:
        aux = {g.lower(a) for a in g.children(verb, "aux", "auxpass")}
        if g.lemma(verb) == "get" and aux & {"have", "has", "'ve"}:
            return True  # "I've got an interview": to have got is to have
        if (
            aux & {"will", "'ll", "wo", "might", "may", "can", "could", "should", "would", "must", "shall"}
            or g.lemma(verb) in lx.INTENDING
        ):
            return True
        if g.past(verb) or aux & {"have", "has", "'ve", "had"} or (verb.tag_ == "VBN" and not aux):
            return False
        if verb.tag_ == "VBD":
            return False
        if (
            verb.tag_ in ("VB", "VBG")
            and verb.head != verb
            and verb.dep_ in ("xcomp", "pcomp", "advcl", "ccomp", "acl", "conj")
        ):
            above = verb.head if g.is_verb(verb.head) else g.head_verb(verb)
            if above is not None and above != verb:
                outer = self._of_verb(above)
                if outer is not None:
                    return outer if verb.tag_ == "VBG" or outer else True
            return True if verb.tag_ == "VB" else None
        if verb.tag_ in ("VBP", "VBZ", "VBG", "VB"):
            return True
        return None

    def _drop_what_repeats(self) -> None:
        seen: set[str] = set()
        kept = []
        for found in self.found:
            if found.value not in seen:
                seen.add(found.value)
                kept.append(found)
        self.found = kept


@lru_cache(maxsize=1_000)  # one call takes up to a millisecond, and a text names the same day again and again
def _parsed(text: str, today: dt.date, ahead: bool) -> dt.date | None:
    """What `text`, at most 50 characters that DATE matched, means on the day `today`."""
    import dateparser  # 0.2 s, and only for texts with a date

    try:
        found = dateparser.parse(
            text,
            languages=["en"],
            settings={
                "RELATIVE_BASE": dt.datetime.combine(today, dt.time(12)),
                "PREFER_DATES_FROM": "future" if ahead else "past",
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
