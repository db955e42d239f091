"""Words of a text: tokens, stems, function words, and whether the text is English."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memories.decisions.lexicon import load, words

_LISTS = load("words")
ENGLISH = frozenset(words(_LISTS["english"]))
FOREIGN = frozenset(words(_LISTS["foreign"])) - {"i", "do", "ma", "ha", "o", "on", "per", "son", "es", "var", "con"}
STOP = ENGLISH | frozenset(words(_LISTS["stop"]))
LIGHT = frozenset(words(_LISTS["light"]))
ABBREVIATIONS = frozenset(words(_LISTS["abbreviations"]))
OPPOSITES_OF: dict[str, set[str]] = {}
for _one, _two in (pair.split("/") for pair in words(_LISTS["opposites"])):
    OPPOSITES_OF.setdefault(_one, set()).add(_two)
    OPPOSITES_OF.setdefault(_two, set()).add(_one)

# A character of Chinese or Japanese is a token; other letters and digits are joined; a sign is a token.
TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|[^\w\s]|_"
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
OTHER_SCRIPTS = re.compile(r"[\u0600-\u06ff\u0900-\u097f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_ENDINGS = (("ies", "y"), ("ing", ""), ("ied", "y"), ("ed", ""), ("es", ""), ("s", ""))
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+")


def bare(word: str) -> str:
    """The word in lower case, without a possessive 's and without punctuation at its ends."""
    low = word.lower()
    if low.endswith(("'s", "’s")):
        low = low[:-2]
    return low.strip(".,'’")


def stem(word: str) -> str:
    """The word without common English endings. Words of other languages mostly stay whole."""
    low = bare(word)
    if len(low) > 4 and low.isascii() and not low.endswith("ss"):
        for ending, put in _ENDINGS:
            if low.endswith(ending) and len(low) - len(ending) >= 3:
                return low[: -len(ending)] + put
    return low


def is_content(token: str) -> bool:
    """Whether a token of lower-case text carries content: no function word, no sign, no single letter."""
    return token not in STOP and token[0].isalnum() and (len(token) > 1 or token.isdigit() or ord(token[0]) > 0x2E80)


def is_english(low: str, found: Sequence[str]) -> bool:
    """Whether the lower-case text with the words `found` is English: more of its function words than of others."""
    letters = [c for c in low if c.isalpha()]
    if letters and sum("a" <= c <= "z" for c in letters) / len(letters) < 0.93:
        return False
    ours, theirs = sum(w in ENGLISH for w in found), sum(w in FOREIGN for w in found)
    if ours != theirs:
        return ours > theirs
    return bool(ours) or all(c <= "z" for c in letters)


def sentences(text: str) -> list[str]:
    """The sentences of a text, by their final signs."""
    return [part for part in _SENTENCE.split(text) if part.strip()]
