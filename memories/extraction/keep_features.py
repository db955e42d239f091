"""The features of the keep gate: the words of a sentence, its form, and its position in the message. No parse, no
vector."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from memories.extraction.lines import CODE
from memories.extraction.words import sections, word_list

MAX_CHARACTERS = 400  # characters; a longer sentence is kept or dropped by its beginning
MAX_WORDS = 60
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")
QUESTION_MARKS = "?？؟՞\u037e"
GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
TAIL = 40  # characters after the last word that are looked at
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][\w’'-]+")
NUMBER = re.compile(r"\d")
ASSIGNS = re.compile(r"\w ?(?:=|:=|→|->) ?\S|^[\w -]{1,24}: \S")
CALL = re.compile(r"\w\([^()]*\)\s*\Z|\w\.\w+\(|=>|^\s*[-+]{2,}|^\[?\d\d:\d\d|^[/$>#]")


def _cue(phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases.split(', ')))})(?!\w)")


# English, in lower case. Each is one feature, beside the words themselves.
CUES = {name: _cue(phrases) for name, phrases in sections("cues").items()}
COMMON = frozenset(word_list("common").split())  # words that name nothing
ASKS = re.compile(
    rf"\W*+(?:(?:and|so|but|ok|then|now|please|pls|just|also) ){{0,2}}(?:please )?{CUES['asking'].pattern}"
)
INVERTED = re.compile(r"\W*+(?:is|are|am|do|does|did|can|could|would|should|shall|will|was|were|have|has|any)\b")


def features(text: str, *, role: str, before: str, first: bool, last: bool, count: int) -> dict[str, float]:
    """Name and value of each feature that is not 0. `count` is the number of the message's segments."""
    text = text[:MAX_CHARACTERS]
    lowered = text.lower().replace("’", "'")
    words = WORD.findall(lowered)[:MAX_WORDS]
    found = dict.fromkeys(_flags(text, lowered, words, role, before), 1.0)
    found |= {"first": float(first), "last": float(last), "alone": float(count == 1), "of": min(count, 8) / 8}
    found |= {"words": min(len(words), 30) / 30, "names": min(len(NAME.findall(text)), 3) / 3}
    found |= {"signs": sum(not c.isalnum() and not c.isspace() for c in text) / max(len(text), 1)}
    for word in words:
        found[f"w {word if not word.isdigit() else '0'}"] = 1.0
    for pair in itertools.pairwise(words):
        found["p " + " ".join(pair)] = 1.0
    if words:
        found[f"f {words[0]}"] = 1.0
        found[f"l {words[-1] if not words[-1].isdigit() else '0'}"] = 1.0
    return {name: value for name, value in found.items() if value}


def _flags(text: str, lowered: str, words: list[str], role: str, before: str) -> Iterator[str]:
    said = [name for name, cue in CUES.items() if cue.search(lowered)]
    content = sum(word not in COMMON for word in words)
    is_question = asks_something(text)
    asks = ASKS.match(lowered) is not None
    tells = not asks and "?" not in text and INVERTED.match(lowered) is None
    flags = {
        "assistant": role == "assistant",
        "question": is_question,
        "question inside": not is_question and "?" in text,
        "asked before": "?" in before[-200:],
        "before ends with colon": before.rstrip().endswith(":"),
        "colon": text.rstrip().endswith(":"),
        "exclaims": text.rstrip().endswith("!"),
        "number": NUMBER.search(text) is not None,
        "name": NAME.search(text) is not None,
        "emoji": EMOJI.search(text) is not None,
        "quoted": text[:1] in "\"“«'„>",
        "assigns": ASSIGNS.search(text) is not None,
        "code": is_code(text),
        "asks first": asks,
        "asks and lasts": asks and "lasting" in said,
        "inverted": INVERTED.match(lowered) is not None,
        "inverted question": is_question and INVERTED.match(lowered) is not None,
        "question of i": is_question and "i" in said,
        "shouted": len(words) > 1 and text.isupper(),
        "lower": text[:1].islower(),
        "i and past": "i" in said and "past" in said,
        "assistant of you": role == "assistant" and "you" in said,
        "assistant question": role == "assistant" and is_question,
        "tells": tells,
        "tells with a number": tells and NUMBER.search(text) is not None,
        **{f"tells {n} things": tells and content >= n for n in (1, 2, 3, 5)},
        **{f"{n} things": content >= n for n in (1, 2, 3, 5)},
        **{f"at most {n} words": len(words) <= n for n in (1, 2, 3, 4, 6, 9)},
        "at least 14 words": len(words) >= 14,
    }
    yield from (name for name, holds in flags.items() if holds)
    yield from (f"says {name}" for name in said)


def asks_something(text: str) -> bool:
    """Whether a question mark stands after the last word, as the semicolon is in Greek."""
    at = len(text)
    while at > max(0, len(text) - TAIL) and not text[at - 1].isalnum():
        at -= 1
        if text[at] in QUESTION_MARKS or (text[at] == ";" and at and GREEK.match(text, at - 1)):
            return True
    return False


def is_code(text: str) -> bool:
    return CODE.match(text.strip()) is not None or CALL.search(text) is not None
