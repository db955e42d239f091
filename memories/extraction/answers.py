"""A short answer carries its question: "Oksana" alone says nothing, "What is your name? Oksana" does."""

from __future__ import annotations

import re

from memories.extraction.greetings import LAUGHTER, SEPARATORS, is_greeting
from memories.extraction.keep_features import asks_something
from memories.extraction.sentences import CJK, sentences
from memories.extraction.words import sections

MAX_WORDS = 6
MAX_CJK = 12  # characters, where no spaces separate words
MAX_LENGTH, MAX_QUESTION_LENGTH = 120, 300  # characters
MAX_CONTEXT = 2_000  # the last characters of the message before, where its last sentence is looked for
WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_WORDS = {name: frozenset(words.split(", ")) for name, words in sections("answers").items()}
YES_NO, SUBJECTS = _WORDS["yes_no"], _WORDS["subjects"]


def with_question(answer: str, before: str) -> str | None:
    """`answer` after the question that the message `before`, of another speaker, ends with; None if it needs none.

    `answer` is the first segment of a message. It needs its question if it is short and does not begin with "I" or
    "we". Thanks, greetings and questions answer nothing, but yes and no do.
    """
    answer, question = answer.strip(), _question(before)
    if question is None or asks_something(answer) or not _is_short(answer):
        return None
    words = SEPARATORS.sub(" ", answer.casefold().replace("’", "'")).split()
    if not words or words[0] in SUBJECTS or answer.startswith(tuple(s for s in SUBJECTS if CJK.match(s))):
        return None
    if is_greeting(answer) and (words[0] not in YES_NO or any(map(LAUGHTER.fullmatch, words))):
        return None
    return f"{question} {answer}"


def _question(before: str) -> str | None:
    """The last sentence of a message, if it asks more than "How are you?"."""
    read = before.rstrip()[-MAX_CONTEXT:]
    line = read.rfind("\n") + 1
    said = [read[slice(*span)] for span in sentences(read, line, len(read))]
    asked = next((each for each in reversed(said) if any(map(str.isalnum, each))), "")
    if not asks_something(asked) or len(asked) > MAX_QUESTION_LENGTH or is_greeting(asked):
        return None
    return asked


def _is_short(text: str) -> bool:
    return len(text) <= MAX_LENGTH and len(WORD.findall(text)) <= MAX_WORDS and len(CJK.findall(text)) <= MAX_CJK
