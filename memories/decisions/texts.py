"""One text, read once: words, vectors, names, quantities and cues. It is kept for a while to be compared again."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memories.decisions import cues, quantities
from memories.decisions.tokens import (
    ABBREVIATIONS,
    ENGLISH,
    LIGHT,
    STOP,
    TOKEN,
    WORD,
    bare,
    is_content,
    is_english,
    sentences,
    stem,
)
from memories.decisions.vectors import WordVectors, table, unit

MAX_LENGTH = 1_000  # characters that are read, and
MAX_WORDS = 200  # words; a longer text is cut
MAX_KEY = 48  # characters
MAX_KEPT = 4_096  # texts
KEPT_SECONDS = 300.0  # no longer, because the memory may be erased meanwhile

_KEY_END = re.compile(r"[:=→]|->")
_MEMBERS = re.compile(r"[,;/+&|、،]| (?:and|or|und|oder|et|ou|y|o|e|en|of|i|lub|и|или|ve|veya) |[와과랑] ")
_POSSESSIVE = re.compile(r"(?<![^\W\d_])([^\W\d_]{2,})['’]s\b")
_GERMAN = frozenset(
    ["der", "die", "das", "ist", "und", "nicht", "ich", "wir", "im", "am", "bei"]
)  # nouns have capitals
_BREAKS = frozenset('.!?:\n–-"“(*•')
# A stored text calls its user "User"; the training texts say "I" as often, and both mean the same person.
_USER = re.compile(r"\b(?:User|[Tt]he user)(['’]s)?\b(?! ?[:=])")
_ME = {"i": "i", "me": "i"}
_WITH_ME = re.compile(r"\b(?:i|me) (?:and|&) |(?:and|&) (?:i|me)\b")
_MINE = {"my": "i", "mine": "i", "i": "i", "our": "we", "ours": "we", "we": "we"}


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """`words` and `stems`: [tokens] without signs. `content`: the places of the words with content in `words`, [m];
    `vectors` [m, 64] (unit), `rarity` [m] and `numeral` [m] are theirs. `bag`: their stems; `weighty`: without those
    that say little. `grams`: runs of four characters. `key`: the stems before a colon, as in "shift: nights".
    `parts`: the weighty stems of each member of a list of two or more. `cut`: the text is longer than the limits."""

    low: str
    english: bool
    words: list[str]
    stems: list[str]
    content: list[int]
    vectors: WordVectors
    rarity: NDArray[np.float32]
    numeral: NDArray[np.bool_]
    mean: WordVectors
    cut: bool
    bag: frozenset[str]
    weighty: frozenset[str]
    grams: frozenset[str]
    names: frozenset[str]
    owners: frozenset[str]
    people: frozenset[str]
    quantities: list[quantities.Quantity]
    cues: frozenset[str]
    negations: int
    key: frozenset[str]
    parts: tuple[frozenset[str], ...]
    sentences: int
    questions: int
    exclaims: bool


_kept: OrderedDict[str, tuple[float, Text]] = OrderedDict()
_lock = threading.Lock()


def read(content: str) -> Text:
    """The text, from the cache or newly read."""
    now = time.monotonic()
    with _lock:
        while _kept and (len(_kept) > MAX_KEPT or next(iter(_kept.values()))[0] < now - KEPT_SECONDS):
            _kept.popitem(last=False)
        found = _kept.get(content)
    if found is not None:
        return found[1]
    text = read_anew(content)
    with _lock:
        _kept[content] = now, text
    return text


def forget() -> None:
    """Clear the cache of texts."""
    with _lock:
        _kept.clear()


def read_anew(content: str) -> Text:
    """Read the first MAX_LENGTH characters of a text. Linear in their number."""
    length, content = len(content), _USER.sub(lambda m: "my" if m.group(1) else "I", content[:MAX_LENGTH])
    low = content.lower()
    tokens = TOKEN.findall(content)
    words = [token.lower() for token in tokens if token[0].isalnum()]
    cut = length > MAX_LENGTH or len(words) > MAX_WORDS
    del words[MAX_WORDS:]
    stems = [stem(word) for word in words]
    content_at = [i for i, word in enumerate(words) if is_content(word)]
    vectors, rarity = table().read([words[i] for i in content_at])
    phrases = WORD.findall(low)
    english = is_english(low, phrases)
    found_cues, negations = cues.find(low, phrases)
    bag = frozenset(stems[i] for i in content_at)
    parts = sentences(content)
    return Text(
        low=low,
        english=english,
        words=words,
        stems=stems,
        content=content_at,
        vectors=vectors,
        rarity=rarity,
        numeral=np.array([words[i] in quantities.NUMBERS or any(map(str.isdigit, words[i])) for i in content_at], bool),
        mean=unit(((rarity[:, None] + 0.1) * vectors).sum(0)),
        cut=cut,
        bag=bag,
        weighty=bag - LIGHT,
        grams=frozenset(low[i : i + 4] for i in range(len(low) - 3)),
        names=_names(tokens, english),
        owners=frozenset(
            {_MINE[word] for word in phrases if word in _MINE} | {m.group(1) for m in _POSSESSIVE.finditer(low)}
        ),
        people=cues.people(low, phrases),
        quantities=quantities.read(content),
        cues=found_cues,
        negations=negations,
        key=_key(low),
        parts=_parts(low),
        sentences=len(parts),
        questions=sum(part.rstrip("\"'”’)] ").endswith(("?", "？", "؟")) for part in parts),
        exclaims="!" in content,
    )


def _key(low: str) -> frozenset[str]:
    """The stems of the words before the first colon, equals sign or arrow, if it comes early."""
    start = next((i for i, c in enumerate(low) if c.isalnum() or c == "_"), 0)
    end = _KEY_END.search(low, start, start + MAX_KEY + 2)
    if end is None or not 2 <= len(low[start : end.start()].rstrip()) <= MAX_KEY or not low[end.end() :].strip():
        return frozenset()
    return frozenset(stem(word) for word in WORD.findall(low[start : end.start()]) if word not in STOP)


def swaps_speaker(one: Text, two: Text) -> bool:
    """Whether two texts of nearly the same words name the speaker and a name in another order: "I lent Priya 50" and
    "Priya lent me 50". Words are compared by the first two letters of their stems, since verbs agree."""
    names, roots = one.names | two.names, [{stem[:2] for stem in text.bag} for text in (one, two)]
    orders = [
        tuple(dict.fromkeys(_ME.get(word, word) for word in text.words if word in _ME or word in names))
        for text in (one, two)
    ]
    is_joined = any(_WITH_ME.search(text.low) for text in (one, two))
    is_swapped = orders[0] != orders[1] and set(orders[0]) == set(orders[1]) and "i" in orders[0]
    return is_swapped and not is_joined and roots[0] == roots[1]


def _parts(low: str) -> tuple[frozenset[str], ...]:
    """The stems of the weighty words between the commas and conjunctions of a text; none if there is one part."""
    parts = (frozenset(map(stem, filter(is_content, TOKEN.findall(part)))) - LIGHT for part in _MEMBERS.split(low))
    found = tuple(part for part in parts if part)
    return found if len(found) > 1 else ()


def _names(tokens: list[str], english: bool) -> frozenset[str]:
    """Words with a capital that are no common words. At the start of a sentence only rare words of English text."""
    low = [token.lower() for token in tokens]
    german = not english and not _GERMAN.isdisjoint(low)
    index = table().index
    found = set()
    for i, token in enumerate(tokens):
        word = low[i]
        if len(token) < 2 or not token[0].isupper() or _no_name(word):
            continue
        starts = i == 0 or tokens[i - 1] in _BREAKS
        if (not starts and not german) or (starts and english and word not in index):
            found.add(bare(token))
    return frozenset(found - {"", "user"})


def _no_name(word: str) -> bool:
    return (
        word in ENGLISH
        or word in ABBREVIATIONS
        or word in quantities.MONTHS
        or word in quantities.DAYS
        or word in cues.PEOPLE
    )
