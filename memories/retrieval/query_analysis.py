"""Query analysis: speaker, time and grammatical person of the expected answer. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from memories.retrieval.temporal import Window, windows

GENERIC = frozenset({"user", "assistant", "system", "tool", "function", "developer", "human", "ai", "bot"})
MAX_CHARACTERS = 2_000  # of a question that are searched for names and times; the embedding model reads fewer
# "You told me …": the answer is in a message of the assistant.
ASKS_ABOUT_ASSISTANT = re.compile(
    r"\b(?:you (?:told|said|recommend|suggest|mention|gave|provid|list|shar|explain|wrote|creat)\w*|remind me"
    r"|(?:previous|last|earlier|our) (?:chat|conversation))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Question:
    """`first_person_text` is the text with speakers' names in the first person, like their own memories.

    `speakers` are the possible speakers for the one name in the question; empty: none or several are named.
    `asks_about_assistant`: it asks for the words of an assistant.
    """

    text: str
    first_person_text: str
    speakers: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    asks_about_assistant: bool = False


def analyze(text: str, known: Sequence[str], reference: dt.datetime) -> Question:
    """Analyse a question, with the speakers of its scope and the time of "now"."""
    head, tail = text[:MAX_CHARACTERS], text[MAX_CHARACTERS:]
    people = [name for name in known if name.casefold() not in GENERIC]
    matches = {name: pattern for name in people if (pattern := _pattern(name)).search(head)}
    spoken = head
    for pattern in matches.values():
        spoken = pattern.sub(lambda found: "my" if found["possessive"] else "I", spoken)
    return Question(
        text=text,
        first_person_text=spoken + tail,
        speakers=tuple(matches) if len({name.casefold() for name in matches}) == 1 else (),
        windows=windows(head, reference),
        asks_about_assistant=ASKS_ABOUT_ASSISTANT.search(head) is not None,
    )


def _pattern(name: str) -> re.Pattern[str]:
    """A speaker by the whole name or its first word. A name in another script may be inside a run of letters."""
    forms = sorted({name, name.split()[0]} if name.split() else {name}, key=len, reverse=True)
    either = "|".join(re.escape(form) for form in forms)
    edges = (r"(?<!\w)", r"(?!\w)") if name.isascii() else ("", "")
    return re.compile(rf"{edges[0]}(?:{either})(?P<possessive>['’]s)?{edges[1]}", re.IGNORECASE)
