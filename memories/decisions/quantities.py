"""Numbers of a text: counts, money, lengths, clock times, dates and codes, in figures and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memories.decisions.lexicon import load, words

_LISTS = load("quantities")
ONES = ["zero", "one", *words(_LISTS["numbers"]["en"])]
LETTERS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
BEFORE = re.compile(r"([^\W\d_]+)[\s#:.=]*$")
CLOCK = re.compile(
    r"(?<![\d.,:/-])(\d{1,2})[:h](\d{2})(?!\d)\s*(am|pm|h|uhr)?"
    r"|(?<![\d.,:/-])(\d{1,2})(?:\.(\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|uhr|uur|o'?clock|heures|h\b)(?!\w)"
)
PAST = re.compile(r"\b(quarter past|half past|quarter to|half|halb) (\w+)")
PAST_MINUTES = {"quarter past": 15, "half past": 30, "quarter to": -15, "half": 30, "halb": -30}
CODE = re.compile(r"(?<!\w)\+?\d[\d ()-]{6,40}\d(?!\w)")
NUMBER = re.compile(
    r"([€$£¥])?\s?(?<![\w])(\d{1,3}(?:[ ,.]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)(?:\s?(k|tys|tsd|mio|m|bn)(?!\w))?"
    r"(st|nd|rd|th)?(?=(?:\s?(%|°\s?[cf]?|[€$£¥]|[^\W\d_]+\.?))?)"
)
SCALES = {"k": 1e3, "tys": 1e3, "tsd": 1e3, "mio": 1e6, "bn": 1e9}
IDENTIFIER = re.compile(r"(?<![\w./-])(?=[./-]*\w)[\w./-]{3,80}(?![\w./-])")
MEASURE = re.compile(
    r"\d+(?:[.,]\d+)?(?:st|nd|rd|th|k|m|g|kg|cm|mm|km|h|min|am|pm|gb|mb|mg|ml|l|s|ms|p|e|er|º|ª)|\d+-[a-z-]+"
)
VERSION = re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+(?:\.\d+)?(?![\w])|(?<!\w)v\d+(?:\.\d+)*(?!\w)")
YEAR = re.compile(r"(?<![\d.,-])(19[5-9]\d|20[0-4]\d)(?![\d.,])")
DATE = re.compile(r"(?<!\d)(\d{1,2})[./](\d{1,2})(?:[./](\d{2,4}))?(?!\d)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
AMBIGUOUS = frozenset(["may", "mar", "sat", "sun", "mon", "wed"])  # a month or a day only with a capital


def _numbered(lists: dict[str, str], first: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for names in lists.values():
        for number, name in enumerate(names.split(), first):
            found.setdefault(name, number)
    return found


MONTHS = _numbered(_LISTS["months"], 1) | {"sept": 9}
DAYS = _numbered(_LISTS["days"], 0)
NUMBERS: dict[str, float] = {
    **{word: float(n) for word, n in _numbered(_LISTS["numbers"], 2).items()},
    **{word: 10.0 * n for n, word in enumerate(words(_LISTS["numbers"]["en_tens"]), 3)},
    "zero": 0.0,
    "hundred": 100.0,
    "dozen": 12.0,
    "once": 1.0,
    "twice": 2.0,
    "thousand": 1000.0,
    "couple": 2.0,
}
for _word in ("on", "sei"):  # common words of other meaning
    NUMBERS.pop(_word, None)
UNITS: dict[str, tuple[str, float]] = {
    name: (unit.split()[0], float(unit.split()[1])) for unit, names in _LISTS["units"].items() for name in names.split()
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """`kind`: clock, month, day (of the month), weekday, year, code, ident, money, length …, or plain. `value`: minutes
    after 0:00 or 12:00 of a clock time; the kind's first unit of a measure. `near`: the words before and after."""

    kind: str
    value: float | str
    near: tuple[str, ...] = ()


class _Reader:
    """One text in lower case; each character belongs to one quantity at most."""

    def __init__(self, text: str) -> None:
        self.text, self.low = text, text.lower()
        if len(self.low) != len(text):  # a letter of which the lower case is longer
            self.text = self.low
        self.taken = bytearray(len(self.low) + 1)
        self.found: list[Quantity] = []

    def free(self, pattern: re.Pattern[str], group: int = 0) -> Iterator[re.Match[str]]:
        for match in pattern.finditer(self.low):
            if not any(self.taken[match.start(group) : match.end(group)]):
                yield match

    def take(self, match: re.Match[str], *found: Quantity, group: int = 0) -> None:
        self.found += found
        start, stop = match.span(group)
        self.taken[start:stop] = b"\1" * (stop - start)

    def figures(self) -> None:
        """Everything that is written with digits."""
        self.dates()
        for match in self.free(VERSION):
            self.take(match, Quantity("ident", match.group()))
        for match in self.free(CODE):
            digits = re.sub(r"\D", "", match.group())
            if len(digits) >= 7:
                self.take(match, Quantity("code", digits[-9:]))
        self.clocks()
        for match in self.free(YEAR):
            self.take(match, Quantity("year", float(match[1])))

    def dates(self) -> None:
        for match in self.free(DATE):
            if match[4]:
                day, month, year = int(match[6]), int(match[5]), match[4]
            else:
                day, month, year = int(match[1]), int(match[2]), match[3]
            decimal = not match[4] and "." in match.group() and match[3] is None
            if decimal or not (1 <= day <= 31 and 1 <= month <= 12):
                continue
            self.take(match, Quantity("month", float(month)), Quantity("day", float(day)))
            if year and len(year) == 4:
                self.found.append(Quantity("year", float(year)))

    def clocks(self) -> None:
        for match in self.free(CLOCK):
            hour, minute = int(match[1] or match[4]), int(match[2] or match[5] or 0)
            if hour <= 24 and minute <= 59:
                self.take(match, Quantity("clock", float(hour % 12 * 60 + minute)))

    def fractions(self) -> None:
        """Clock times in words, such as "half past two"."""
        for match in self.free(PAST):
            number = NUMBERS.get(match[2], float(match[2]) if match[2].isdecimal() else None)
            if number is not None and number <= 12 and match[2] != "dozen":
                self.take(match, Quantity("clock", (number * 60 + PAST_MINUTES[match[1]]) % 720))

    def names(self, found: list[re.Match[str]]) -> None:
        """Months and days of the week."""
        for match in found:
            word, start = match.group(), match.start()
            if any(self.taken[start : match.end()]) or (word in AMBIGUOUS and not self.text[start].isupper()):
                continue
            if word in MONTHS:
                self.found.append(Quantity("month", float(MONTHS[word])))
            elif word in DAYS:
                self.found.append(Quantity("weekday", float(DAYS[word])))

    def identifiers(self) -> None:
        """Words with letters and digits, such as "b12" or "eu-west-1"."""
        for match in self.free(IDENTIFIER):
            word = match.group().strip("./-")
            letters, digits = any(c.isalpha() for c in word), any(c.isdigit() for c in word)
            if letters and digits and not MEASURE.fullmatch(word):
                self.take(match, Quantity("ident", word))

    def numbers(self) -> None:
        for match in self.free(NUMBER, 2):
            value = _number(match[2]) * SCALES.get(match[3] or "", 1)
            after = "m" if match[3] == "m" and not match[1] else (match[5] or "").strip(".").replace(" ", "")
            before = BEFORE.search(self.low, max(0, match.start(2) - 40), match.start(2))
            word = before[1] if before else ""
            unit = UNITS.get(after)
            day = after in MONTHS or (word in MONTHS and (bool(match[4]) or (value <= 31 and not after)))
            if day or (match[4] and value <= 31 and not after):
                quantity = Quantity("day", value)
            elif match[1]:
                quantity = Quantity("money", value, (after,))
            elif unit is None:
                quantity = Quantity("plain", value, (word, after))
            elif unit[0] == "temp" and "f" in after:
                quantity = Quantity("temp", float(round((value - 32) / 1.8)), (word,))
            else:
                quantity = Quantity(unit[0], value * unit[1], (word,))
            self.take(match, quantity, group=2)

    def spelled(self, found: list[re.Match[str]]) -> None:
        """Numbers in words."""
        for i, match in enumerate(found):
            value = _spelled(match.group())
            if value is None or any(self.taken[match.start() : match.end()]):
                continue
            after = found[i + 1].group() if i + 1 < len(found) else ""
            before = found[i - 1].group() if i else ""
            unit = UNITS.get(after) if len(after) > 1 else None
            self.found.append(Quantity(unit[0], value * unit[1]) if unit else Quantity("plain", value, (before, after)))


def read(text: str) -> list[Quantity]:
    """The quantities of a text. Linear in its length."""
    reader = _Reader(text)
    found = list(LETTERS.finditer(reader.low))
    digits = any(c.isdigit() for c in reader.low)
    if digits:
        reader.figures()
    reader.fractions()
    reader.names(found)
    if digits:
        reader.identifiers()
        reader.numbers()
    reader.spelled(found)
    return reader.found


def same(a: Quantity, b: Quantity) -> bool:
    """Whether two quantities may be one value: "at 10" and "10:00", "1.5 m" and "150 cm"."""
    if isinstance(a.value, str) or isinstance(b.value, str):
        return a.value == b.value
    kinds = {a.kind, b.kind}
    if len(kinds) == 1:
        return abs(a.value - b.value) <= 0.012 * max(abs(a.value), abs(b.value), 1e-9)
    if "plain" not in kinds:
        return False
    if "clock" in kinds:
        clock, plain = (a.value, b.value) if a.kind == "clock" else (b.value, a.value)
        return plain <= 24 and (plain % 12) * 60 == clock
    if "time" in kinds:
        return a.value == b.value
    return abs(a.value - b.value) <= 0.012 * max(abs(a.value), abs(b.value), 1e-9)


def _number(digits: str) -> float:
    digits = digits.replace(" ", "")
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", digits):
        return float(re.sub(r"[.,]", "", digits))
    return float(digits.replace(",", "."))


def _spelled(word: str) -> float | None:
    tens, _, one = word.partition("-")
    if one:
        return NUMBERS[tens] + ONES.index(one) if tens in NUMBERS and one in ONES[1:10] else None
    return NUMBERS.get(word)
