"""The sentence-level extractor: every sentence that states something is a fact. Needs no model.

Greetings, thanks and bare questions state nothing; code is no sentence; what an assistant says is not the user's fact,
unless the message names who speaks. Pronouns are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from memories.types import Fact, Item

CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|vs|etc|No|Inc|Ltd|Co|approx|e\.g|i\.e)|\b[A-Z])\.$")
LONGEST_ABBREVIATION = len("approx.")
BOUNDARY = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")
SMALL_TALK = re.compile(
    r"(?:(?:hi|hey|hello|howdy|yo|greetings|good (?:morning|afternoon|evening|night|day)|bye|goodbye|cheers|"
    r"see you(?: (?:later|soon|tomorrow))?|take care|thanks?(?: you)?(?: (?:so|very) much| a lot)?|thx|ty|please|"
    r"you(?:'|’)re welcome|welcome|sorry|ok(?:ay)?|sure|yes|yeah|yep|no|nope|great|nice|cool|awesome|wow|perfect|"
    r"got it|sounds good|nice to meet you|how are you(?: doing)?|there|everyone|all|again)[\s,.!…]*)+",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
NOT_THE_USER = frozenset({"assistant", "system", "tool", "function", "developer"})


def sentences(text: str) -> Iterator[str]:
    """The sentences of `text`, stripped; a line break ends one, an abbreviation's full stop does not."""
    start = 0
    for match in BOUNDARY.finditer(text):
        end = match.start()
        if "\n" not in match.group() and ABBREVIATION.search(text, max(start, end - LONGEST_ABBREVIATION), end):
            continue
        if stripped := text[start : match.end()].strip():
            yield stripped
        start = match.end()
    if stripped := text[start:].strip():
        yield stripped


def states_something(sentence: str) -> bool:
    """Whether a sentence is more than a greeting, a question or a scrap."""
    bare = sentence.rstrip("\"'”’)] ")
    if bare.endswith(("?", "？")) or SMALL_TALK.fullmatch(sentence):
        return False
    return len(WORD.findall(sentence)) >= 2 or len(CJK.findall(sentence)) >= 2


class SentenceExtractor:
    name = "sentences"

    def extract(self, items: Sequence[Item], roles: frozenset[str] | None = None) -> tuple[Fact, ...]:
        """One fact a sentence, in order. Its content drops the final full stop, its evidence keeps it.

        `roles` are those who may state facts; None: the user, and whoever is named.
        """
        return tuple(
            Fact(sentence.removesuffix("."), sentence, position, item.role, item.speaker, item.said_at, item.stamp)
            for position, item in enumerate(items)
            if may_state(item, roles)
            for sentence in sentences(CODE.sub("\n", item.content))
            if states_something(sentence)
        )


def may_state(item: Item, roles: frozenset[str] | None) -> bool:
    if roles is not None:
        return item.role in roles
    return item.speaker is not None or item.role not in NOT_THE_USER
