"""Dates in a sentence, resolved against the moment it was said: to the day, the month or the year, as exact as the
text. A date without a year is the nearest one that fits the tense. Durations, ages and habits are no dates."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memories.providers.rules import entities as en
from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b"
)
DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b"
ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"
YEAR = r"(?:19|20)\d\d"
NUMBER = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a couple of|a few)"
UNIT = r"(?:day|week|month|year)s?"
DATE = re.compile(
    rf"\b(?:(?P<iso>{YEAR}-\d\d(?:-\d\d)?)"
    rf"|(?P<numeric>\d{{1,2}}[/.]\d{{1,2}}(?:[/.]\d{{2,4}})?)(?![/.\d])"
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
VAGUE = ("few", "couple")
NUMBERS = {
    w: n
    for n, w in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
DAYS = {name.lower()[:3]: n for n, name in enumerate(calendar.day_name)}
FORWARD = lx.words("by until till before next tomorrow due upcoming from")


@dataclass(frozen=True)
class Found:
    start: int  # characters
    stop: int
    value: str


class Dates:
    """The dates of one sentence. Without `said_at` only those that need no today are resolved."""

    def __init__(self, doc: Doc, said_at: dt.datetime | None) -> None:
        self.doc = doc
        self.today = said_at.date() if said_at else None
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

    def _token(self, found: Found) -> Token | None:
        span = self.doc.char_span(found.start, found.stop, alignment_mode="expand")
        return span.root if span is not None else None

    def _is_date(self, match: re.Match[str]) -> bool:
        text, doc = match.group(), self.doc
        before = doc.text[: match.start()]
        span = doc.char_span(match.start(), match.end(), alignment_mode="expand")
        if span is None or RECURRING.search(before):
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
        if match["named"] and text.lower() in en.WEEKDAYS and token.dep_ in ("compound", "amod", "nmod"):
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
        ahead = self.doc.text[: match.start()].rstrip().lower().split()
        if len(parts) < 3 and (
            not ahead or ahead[-1] not in ("on", "by", "until", "since", "from", "to", "before", "after", "for", "-")
        ):
            return False
        return 1 <= parts[0] <= 31 and 1 <= parts[1] <= 31 and min(parts[0], parts[1]) <= 12

    # --- values --------------------------------------------------------------------------------------------------
    def _value(self, match: re.Match[str]) -> str | None:
        text = re.sub(r"^(?:about|exactly|around|the) ", "", match.group().lower())
        if match["iso"]:
            return self._checked(match.group())
        if match["year"]:
            return text
        if match["full"]:
            return self._full(text, match)
        if self.today is None:
            return None
        if match["numeric"]:
            return self._numeric(text, match)
        if match["relative"]:
            return self._relative(text)
        if match["span"]:
            return self._span(text)
        return self._named(text, match)

    @staticmethod
    def _checked(text: str) -> str | None:
        try:
            dt.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
        except ValueError:
            return None
        return text

    def _full(self, text: str, match: re.Match[str]) -> str | None:
        month = next((MONTHS[w] for w in re.findall(r"[a-z]+", text) if w in MONTHS), None)
        year = next((int(y) for y in re.findall(rf"\b{YEAR}\b", text)), None)
        numbers = [int(n) for n in re.findall(r"\d+", re.sub(rf"\b{YEAR}\b", "", text))]
        if month is None:
            return None
        if not numbers:
            return f"{year}-{month:02}" if year else None
        if year is None:
            if self.today is None:
                return None
            year = self._nearest_year(month, numbers[0], match)
        return self._checked(f"{year:04}-{month:02}-{numbers[0]:02}")

    def _nearest_year(self, month: int, day: int, match: re.Match[str]) -> int:
        assert self.today is not None
        ahead = self._direction(match)
        year = self.today.year
        around = [(year + step, _day(year + step, month, day)) for step in (-1, 0, 1)]
        if ahead is None:
            return min(around, key=lambda pair: abs((pair[1] - self.today).days))[0]  # type: ignore[operator]
        fitting = [(y, d) for y, d in around if (d >= self.today if ahead else d <= self.today)]
        return min(fitting, key=lambda pair: abs((pair[1] - self.today).days))[0]  # type: ignore[operator]

    def _numeric(self, text: str, match: re.Match[str]) -> str | None:
        parts = [int(p) for p in re.split(r"[/.]", text)]
        month, day = parts[0], parts[1]
        if month > 12 or "." in text:
            month, day = day, month
        if month > 12 or day < 1:
            return None
        if len(parts) == 3:
            year = parts[2] + 2000 if parts[2] < 100 else parts[2]
        else:
            year = self._nearest_year(month, day, match)
        return self._checked(f"{year:04}-{month:02}-{day:02}")

    def _relative(self, text: str) -> str | None:
        assert self.today is not None
        fixed = {"yesterday": -1, "last night": -1, "tomorrow": 1, "day before yesterday": -2, "day after tomorrow": 2}
        counted = re.fullmatch(rf"(in )?({NUMBER}) (day|week|month|year)s?( ago| from now)?", text)
        if counted is None:
            return (self.today + dt.timedelta(fixed.get(text, 0))).isoformat()
        number = counted[2]
        if any(word in number for word in VAGUE):
            return None
        count = int(number) if number.isdigit() else 1 if number in ("a", "an") else NUMBERS[number]
        if count > 5000:
            return None
        count = -count if counted[4] == " ago" else count
        if counted[3] == "year":
            return f"{self.today.year + count:04}" if 0 < self.today.year + count < 9999 else None
        if counted[3] == "month":
            index = self.today.year * 12 + self.today.month - 1 + count
            if not 12 <= index < 9999 * 12:
                return None
            return _day(index // 12, index % 12 + 1, self.today.day).isoformat()
        return (self.today + dt.timedelta(count * (7 if counted[3] == "week" else 1))).isoformat()

    def _span(self, text: str) -> str | None:
        assert self.today is not None
        step = 1 if text.startswith(("next", "this coming")) else -1
        unit = text.split()[-1]
        if unit == "year":
            return f"{self.today.year + step:04}"
        if unit == "month":
            index = self.today.year * 12 + self.today.month - 1 + step
            return f"{index // 12:04}-{index % 12 + 1:02}"
        monday = self.today - dt.timedelta(self.today.weekday())
        if unit == "weekend":
            saturday = monday + dt.timedelta(5)
            if step < 0:
                back = (self.today - saturday).days
                return (saturday if back >= 1 else saturday - dt.timedelta(7)).isoformat()
            return (saturday if saturday > self.today else saturday + dt.timedelta(7)).isoformat()
        return (monday + dt.timedelta(7 * step)).isoformat() if unit == "week" else None

    def _named(self, text: str, match: re.Match[str]) -> str | None:
        """A weekday or a month by its name."""
        assert self.today is not None
        words = text.split()
        ahead = (
            True
            if words[0] == "next" or "coming" in words
            else False
            if words[0] == "last" or "past" in words
            else self._direction(match)
        )
        name = words[-1].rstrip(".")
        if name in MONTHS:
            month = MONTHS[name]
            years = [self.today.year + step for step in (-1, 0, 1)]
            distance = {y: (y - self.today.year) * 12 + month - self.today.month for y in years}
            if words[0] == "next" or "coming" in words:
                fitting = [y for y in years if distance[y] > 0]
            elif words[0] == "last":
                fitting = [y for y in years if distance[y] < 0]
            elif ahead is None:
                fitting = years
            else:
                fitting = [y for y in years if (distance[y] >= 0 if ahead else distance[y] <= 0)]
            return f"{min(fitting, key=lambda y: abs(distance[y])):04}-{month:02}"
        day = DAYS.get(name[:3])
        if day is None:
            return None
        forward = (day - self.today.weekday()) % 7
        if words[0] == "next":
            monday = self.today - dt.timedelta(self.today.weekday())
            return (monday + dt.timedelta(7 + day)).isoformat()
        if ahead is False:
            return (self.today - dt.timedelta((self.today.weekday() - day) % 7 or 7)).isoformat()
        return (self.today + dt.timedelta(forward or 7)).isoformat()

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
        for ancestor in token.ancestors:
            if g.is_verb(ancestor):
                return self._of_verb(ancestor)
        return self._of_verb(span.sent.root) if g.is_verb(span.sent.root) else None

    def _ahead(self, token: Token) -> bool:
        """As in "in two weeks" is a date unless it is how long something took."""
        verb = g.above(token)
        return verb is not None and not g.past(verb) and not any(a.tag_ == "VBN" for a in (verb,))

    def _of_verb(self, verb: Token) -> bool | None:
        aux = {g.lower(a) for a in g.kids(verb, "aux", "auxpass")}
        if (
            aux & {"will", "'ll", "wo", "might", "may", "can", "could", "should", "would", "must", "shall"}
            or g.lemma(verb) in lx.ATTITUDES
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
            above = verb.head if g.is_verb(verb.head) else g.above(verb)
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


def _day(year: int, month: int, day: int) -> dt.date:
    """That day, or the month's last where it is shorter."""
    return dt.date(year, month, min(max(day, 1), calendar.monthrange(year, month)[1]))
