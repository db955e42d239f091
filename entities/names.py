"""Normalised names, and the parts of a name. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from core.unicode import normalize

MAX_LENGTH = 512  # characters
MAX_BYTES = 1500  # bytes of UTF-8: a B-tree's row is at most 2,704, and scope, type and name share it

TITLES = {
    "m": frozenset(("mr", "mister", "sir", "lord", "herr", "monsieur", "señor", "senor", "signor")),
    "f": frozenset(
        ("mrs", "ms", "miss", "madam", "lady", "dame", "frau", "madame", "mme", "mlle", "señora", "senora", "signora")
    ),
    "": frozenset(
        ("mx", "dr", "doctor", "prof", "professor", "rev", "reverend", "capt", "captain", "sgt", "lt", "col", "gen")
    ),
}
BORN = frozenset(("jr", "sr", "ii", "iii", "iv"))  # the generation in a family
DEGREES = frozenset(("phd", "ph.d", "md", "m.d", "esq", "mba", "msc", "bsc"))
FIRMS = frozenset(
    (
        *("inc", "incorporated", "corp", "corporation", "co", "company", "llc", "ltd", "limited", "plc", "lp", "llp"),
        *(
            "gmbh",
            "ag",
            "kg",
            "ug",
            "se",
            "sa",
            "s.a",
            "srl",
            "spa",
            "s.p.a",
            "bv",
            "nv",
            "ab",
            "oy",
            "as",
            "pty",
            "kk",
        ),
    )
)
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´", "'"))
EDGES = ".,;:!?\"“”„'‘’`()[]{}<>«»"


def normal(name: str) -> str:
    """NFKC, with case and apostrophes folded, single blanks, and cut to the size of a key: `" Müller  AG"` → `"müller
    ag"`."""
    folded = " ".join(normalize("NFKC", name).casefold().translate(APOSTROPHES).split())[:MAX_LENGTH]
    return folded.encode()[:MAX_BYTES].decode(errors="ignore").rstrip()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a name. `words`: the rest without titles, degrees and legal forms, in the usual order.

    `sex`: "m" or "f" if a title gives it. `born`: Jr., III. `titled`: the name had a title. `within`: the part of a
    place behind the comma.
    """

    words: tuple[str, ...]
    type: str
    titled: bool = False
    sex: str = ""
    born: str = ""
    within: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """A key that ignores the order of words."""
        return (*sorted(self.words + self.within), self.born)


@lru_cache(maxsize=20_000)
def parts(name: str, of_type: str) -> Parts:
    """`("Mr. Smith", "PERSON")` → smith, titled, m; `("Smith, John", "PERSON")` → john smith; at least one word."""
    whole = normal(name)
    words = _words(whole)
    if of_type == "PERSON":
        return _person(whole, words)
    if of_type == "ORG":
        firm = [word for word in words if word not in FIRMS]
        words = firm if firm and firm != ["the"] else words
    place, comma, within = whole.partition(",")
    if of_type == "LOCATION" and comma and _words(place) and _words(within):
        return Parts(tuple(_words(place)), of_type, within=tuple(_words(within)))
    return Parts(tuple(words[1:] if len(words) > 1 and words[0] == "the" else words), of_type)


def _person(whole: str, words: list[str]) -> Parts:
    family, comma, given = whole.partition(",")
    if comma and _words(family) and _words(given) and not set(_words(given)) <= BORN | DEGREES:
        words = _words(given) + _words(family)
    titles = []
    while len(words) > 1 and any(words[0] in group for group in TITLES.values()):
        titles.append(words[0])
        words = words[1:]
    born = ""
    while len(words) > 1 and words[-1] in BORN | DEGREES:
        born = words[-1] if words[-1] in BORN else born
        words = words[:-1]
    sexes = {sex for sex, group in TITLES.items() for title in titles if title in group} - {""}
    return Parts(tuple(words), "PERSON", bool(titles), sexes.pop() if len(sexes) == 1 else "", born)


def _words(text: str) -> list[str]:
    """Split at white space and commas. Signs inside a word are kept, and signs that are part of a name (C++, emoji)."""
    found = [word.strip(EDGES) for word in text.replace(",", " ").split()]
    found = [word.removesuffix("'s").removesuffix("’s") or word for word in found if word]
    return found or ([text] if text else [])
