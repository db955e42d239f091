"""Recognise texts that are only a greeting, thanks, an acknowledgement or laughter, in 15 languages."""

from __future__ import annotations

import re

from memories.extraction.words import word_list

MAX_LENGTH = 120  # characters of a text that is looked at
PHRASES = frozenset(" ".join(word_list("greetings").replace("\n\n", ", ").split()).split(", "))
MAX_WORDS = max(phrase.count(" ") for phrase in PHRASES) + 1
LAUGHTER = re.compile(
    r"(?:[hj][aei]+){2,}h?|k{3,}|lo+l|lmf?ao|rofl|x+d+|(?:х[аеи]){2,}|哈+|呵+|笑+|ㅋ+|ㅎ+|w{2,}|5{3,}|ه{3,}",
    re.IGNORECASE,
)
NO_SPACES = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
SEPARATORS = re.compile(r"[^\w'’\u0900-\u097f]+|_+")


def is_greeting(text: str) -> bool:
    """Whether every word of `text` belongs to a greeting, or there is no word. A text of more than MAX_LENGTH
    characters is none."""
    if len(text) > MAX_LENGTH:
        return not any(map(str.isalnum, text))
    words = SEPARATORS.sub(" ", text.casefold().replace("’", "'")).split()
    if words and all(map(NO_SPACES.match, words)):
        return all(_without_spaces(word) for word in words)
    at = 0
    while at < len(words):
        length = next((n for n in range(MAX_WORDS, 0, -1) if " ".join(words[at : at + n]) in PHRASES), 0)
        if not length and not LAUGHTER.fullmatch(words[at]):
            return False
        at += length or 1
    return True


def _without_spaces(word: str) -> bool:
    """A run of characters without spaces: phrases one after the other, the longest first."""
    at = 0
    while at < len(word):
        length = next((n for n in range(len(word) - at, 0, -1) if _phrase(word[at : at + n])), 0)
        if not length:
            return False
        at += length
    return True


def _phrase(text: str) -> bool:
    return text in PHRASES or LAUGHTER.fullmatch(text) is not None
