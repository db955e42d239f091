"""Whether a sentence of a note makes sense without the one before it. Pure."""

from __future__ import annotations

import re

from memories.extraction.words import word_list

SHORT = 3  # words: a fragment, not a statement
SHORT_WIDE = 10  # characters of a script without spaces
MAX_JOINED = 300  # characters of sentences that are kept together
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
WIDE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
FIRST_PERSON = frozenset({"i", "i'm", "i've", "im", "ive", "my", "we", "we're", "our", "user", "user's"})
OPENERS = frozenset(" ".join(word_list("openers").split()).split(", ")) - FIRST_PERSON


def leans(sentence: str) -> bool:
    """Whether the sentence refers to the one before: it begins with such a word, or is a fragment."""
    words = [word.replace("’", "'").casefold() for word in WORD.findall(sentence[:MAX_JOINED])]
    if not words:
        return True
    if words[0] in OPENERS:
        return True
    if WIDE.search(words[0]):
        return len("".join(words)) <= SHORT_WIDE
    return len(words) <= SHORT and words[0] not in FIRST_PERSON
