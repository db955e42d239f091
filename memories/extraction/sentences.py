"""Sentence boundaries in any script, in time linear in the text.

Compared with pysbd, syntok, sentencex, ICU, BlingFire and nupunkt (docs/models.md): none of them is better on messages
and notes, and pysbd is quadratic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from memories.extraction.words import sections

MAX_LENGTH = 1_000  # characters; a longer "sentence" is no prose and is cut at a space
LOOKBACK = 24  # characters: the longest word that can be an abbreviation, with the word before it

FULL_WIDTH = "。！？｡"  # no space follows these
SCRIPT_MARKS = "؟۔։።।॥"  # full stops and question marks of one script, which end no abbreviation
MARKS = f".!?…‼⁇⁈⁉{FULL_WIDTH}{SCRIPT_MARKS}"
CLOSERS = "\"'”’»)\\]}*_」』】）》"
FACES = (
    "\U0001f600-\U0001f64f\U0001f44a-\U0001f44f\U0001f389\U0001f38a"
    "\U0001f90d-\U0001f917\U0001f920-\U0001f92f\U0001f970-\U0001f97a"
)
END = re.compile(
    rf"(?<![{MARKS}])(?P<mark>[{MARKS}]++)(?P<close>[{CLOSERS}]*+(?:[ \u00a0\u202f]»)?)"
    rf"|(?<![{FACES}\ufe0f\U0001f3fb-\U0001f3ff])(?P<face>[{FACES}][{FACES}\ufe0f\U0001f3fb-\U0001f3ff]*+)(?=\s)"
    r"|(?<=\s)(?P<smiley>[:;]-?[)(DPp])(?=\s)|(?<=[\u0370-\u03ff\u1f00-\u1fff])(?P<greek>[;\u037e])(?=\s)"
)
NEXT = re.compile(r"\s*+(?P<word>\S{0,12})")
BEFORE = re.compile(r"(?:(?P<other>\S+)\s+)?(?P<word>\S+)\Z")
OPENERS = "\"'“‘«„([{¿¡*_-–/"
PAIRS = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』", "(": ")", "（": "）"}
NEAR = 200  # characters
CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
QUOTING = "とってっのなはがをにもで、，"  # after a closing quotation mark these go on with the sentence
DOTTED = re.compile(r"[^\W\d_]{1,2}(?:\.[^\W\d_]{1,2})+")
PARTNER = re.compile(r"[^\W\d_]{1,2}\.")


_WORDS = {name: frozenset(words.split()) for name, words in sections("abbreviations").items()}
NEVER_FINAL = _WORDS["never"]  # ends no sentence: something always follows
NUMBERED = _WORDS["numbered"]  # an abbreviation where a number follows
SOMETIMES = _WORDS["sometimes"]  # the end of a sentence where the next word begins with a capital
ORDINAL = _WORDS["ordinal"]  # stands before a number with a full stop: "am 3. Mai", "den 2. juli"
STARTERS = _WORDS["starters"]  # begins a sentence after a single letter: "vitamin B. The"


def sentences(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The sentences of `text[start:stop]` as stripped spans of at most MAX_LENGTH characters. Line breaks end none."""
    begun = start
    for match in END.finditer(text, start, stop):
        if match.start() >= begun and _ends(text, begun, match, stop):
            yield from _cut(text, begun, match.end())
            begun = match.end()
    yield from _cut(text, begun, stop)


def stripped(text: str, start: int, stop: int) -> tuple[int, int]:
    """The span without the white space at its ends."""
    while start < stop and text[start].isspace():
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return start, stop


def _cut(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    start, stop = stripped(text, start, stop)
    while stop - start > MAX_LENGTH:
        at = text.rfind(" ", start + 1, start + MAX_LENGTH)
        at = at if at > 0 else start + MAX_LENGTH
        yield stripped(text, start, at)
        start, _ = stripped(text, at, stop)
    if start < stop:
        yield start, stop


def _ends(text: str, begun: int, match: re.Match[str], stop: int) -> bool:
    following = NEXT.match(text, match.end(), stop)
    after = following["word"] if following else ""
    if not after:
        return True
    if not match["close"] and _inside(text, begun, match.start(), stop):
        return False
    spaced = text[match.end()].isspace()
    mark, close = match["mark"], match["close"] or ""
    if match["greek"]:
        return True
    if mark is None:
        return after[0].isalpha() and text.count(" ", max(begun, match.start() - 60), match.start()) >= 2
    if any(each in FULL_WIDTH for each in mark):
        return not (close and not spaced and after[0] in QUOTING)
    if not spaced:
        return any(each in SCRIPT_MARKS for each in mark) or _between_cjk(text, match.start(), match.end())
    goes_on = after[0].islower() or after[0] in ",;:-–—"
    if mark != ".":
        return not (goes_on and (close.strip("*_") or mark.startswith(("…", ".."))))
    if close.strip("*_") and goes_on:
        return False
    return bool(close) or not _abbreviates(text, begun, match.start(), after)


def _inside(text: str, begun: int, at: int, stop: int) -> bool:
    """Whether `at` is between quotation marks or brackets that are closed a little later."""
    before = text[max(begun, at - NEAR) : at]
    for opening, closing in PAIRS.items():
        last = before.rfind(opening)
        if last < 0:
            continue
        is_open = before.count(opening) % 2 == 1 if opening == closing else before.rfind(closing) < last
        end = text.find(closing, at, min(stop, at + NEAR)) if is_open else -1
        if end >= 0 and "\n" not in text[at:end]:
            return True
    return False


def _between_cjk(text: str, start: int, stop: int) -> bool:
    return start > 0 and CJK.match(text, start - 1) is not None and CJK.match(text, stop) is not None


def _abbreviates(text: str, begun: int, at: int, after: str) -> bool:
    """Whether the full stop at `at` belongs to an abbreviation, an initial or an ordinal, and the sentence goes on."""
    before = BEFORE.search(text[max(begun, at - LOOKBACK) : at])
    if before is None:
        return False
    word, other = before["word"].lstrip(OPENERS), before["other"] or ""
    lowered, digit, capital = word.casefold(), after[0].isdigit(), not (after[0].islower() or after[0].isdigit())
    if after[0].islower() and _is_capitalised(text, begun, at):
        return True  # the writer begins sentences with a capital
    spaced = PARTNER.fullmatch(other) is not None
    if spaced and (both := f"{other}{lowered}".casefold()) in NEVER_FINAL | SOMETIMES:
        lowered = both  # "z. B.", "p. m."
    if lowered in NEVER_FINAL and not (lowered == "ms" and other[-1:].isdigit()):  # "800 ms. Then"
        return True
    if digit and (lowered in NUMBERED or lowered.endswith("str") or (word.islower() and len(word) <= 3)):
        return True
    shouted = word.isupper() and len(word) > 1 and not spaced  # "the LB. Then" is no pound
    if (lowered in SOMETIMES and not shouted) or DOTTED.fullmatch(lowered):
        return not capital
    if word.isdigit():
        return len(word) <= 2 and ((not other and at - begun <= 3) or other.casefold() in ORDINAL)
    if len(word) <= 2 and PARTNER.match(after) and (word.isupper() == after[0].isupper() or len(word) == 1):
        return True
    if len(word) == 1 and word.isalpha():
        return _initial(word, other, after) if word.isupper() else not (capital and other[-1:].isdigit())
    return False


def _is_capitalised(text: str, begun: int, at: int) -> bool:
    """Whether the sentence from `begun` begins with a capital letter."""
    first = next((c for c in text[begun : min(begun + LOOKBACK, at)] if c.isalpha()), "")
    return first.isupper()


def _initial(word: str, other: str, after: str) -> bool:
    """As in "J. Lund"; not in "grades A, A, B. Then", "so do I. We"."""
    if other.endswith((",", ";")) or after.strip(OPENERS).casefold().rstrip(",'’") in STARTERS:
        return False
    return not (word == "I" and other[:1].islower()) and after[0].isupper()
