"""Whether a sentence of a note needs the sentence before it. Pure."""

from __future__ import annotations

import re

from memories.extraction.words import sections

SHORT = 3  # words of an English fragment
SHORT_UNPARSED = 2  # words, where nothing tells whether it is a clause
SHORT_WIDE = 10  # characters of a script without spaces
MAX_JOINED = 300  # characters of sentences that are kept together
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
OPENERS = {name: frozenset(words.split(", ")) for name, words in sections("openers").items()}


def leans(sentence: str, *, is_english: bool, is_clause: bool) -> bool:
    """Whether the sentence refers to the one before: it begins with such a word, or is a fragment. `is_clause`: it is
    known to have a subject."""
    words = [word.replace("’", "'").casefold() for word in WORD.findall(sentence[:MAX_JOINED])]
    if not words:
        return True
    if words[0] in OPENERS["english" if is_english else "others"]:
        return True
    if UNSPACED.search(words[0]):
        return len("".join(words)) <= SHORT_WIDE
    return not is_clause and len(words) <= (SHORT if is_english else SHORT_UNPARSED)
