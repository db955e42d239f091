"""The table of relations that verbs state: the verb, the slot of its target, and the fitting targets."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from memories.extraction import grammar as g
from memories.extraction import word_classes as lx
from memories.extraction.words import sections, word_list

OBJECT, COMPLEMENT = "object", "complement"


class Past(enum.Enum):
    """What the simple past of a verb says of its relation."""

    ENDED = enum.auto()  # "I worked at Acme"
    HOLDS = enum.auto()  # "I joined Acme": an event, so that the present and the progressive are plans
    IGNORED = enum.auto()  # "I loved the soup"


class Fits(enum.Enum):
    """The targets that a pattern takes."""

    COMPANY = enum.auto()
    CLUB = enum.auto()
    SCHOOL = enum.auto()
    PLACE = enum.auto()
    SIGHT = enum.auto()  # a place or a house that one can visit
    PERSON = enum.auto()
    ROLE = enum.auto()
    NAMED = enum.auto()  # anything with a name
    THING = enum.auto()  # a thing with a name, or a concrete noun
    LIKED = enum.auto()  # a name, a noun or an activity
    GOODS = enum.auto()  # a thing with a name, or a noun of what one owns
    PET = enum.auto()


@dataclass(frozen=True, slots=True)
class Pattern:
    """`slot`: OBJECT, COMPLEMENT or prepositions. `ends`: the verb says that the relation is over. `of`: the lemmas
    that the verb's objects must have (none may be there if it is empty), None: any; `needs_object`: there is one.
    `turned`: the target in the slot has the relation to the subject."""

    verbs: frozenset[str]
    slot: frozenset[str]
    type: str
    fits: Fits
    past: Past
    ends: bool = False
    of: frozenset[str] | None = None
    needs_object: bool = False
    turned: bool = False


TRIPS = lx.words("trip visit tour holiday vacation week weekend day month night honeymoon")
OBJECTS = {
    "": None,
    "no object": frozenset[str](),
    "job": lx.words("job position role internship gig contract post work"),
    "trip": TRIPS,
    "guest": TRIPS | lx.PEOPLE,
    "degree": lx.DEGREES,
    "home": lx.HOMES,
    "birth": lx.words("birth"),
    "knot": lx.words("knot"),
    "membership": lx.words("membership subscription"),
}
# "a fan of jazz", "a member of the choir": relations that a complement of "be" states with a preposition
OF_PREDICATES = ("of", "at", "from", "to", "in", "about", "on", "with", "for")
PREDICATES = {
    word: (kind.split()[0], Fits[kind.split()[1].upper()])
    for kind, words in sections("predicates").items()
    for word in words.split()
}


# Rows of words/relations.txt: verbs | slot | relation ("-": it ends, "<": it is the slot's to the subject) | target |
# simple past | objects ("!": one must be there)
def _pattern(line: str) -> Pattern:
    verbs, slot, kind, fits, past, objects = (part.strip() for part in f"{line} |".split("|")[:6])
    needs, of = objects.endswith("!"), OBJECTS[objects.rstrip("!")]
    return Pattern(
        *(lx.words(verbs), lx.words(slot), kind.lstrip("-<"), Fits[fits.upper()], Past[past.upper()]),
        *(kind.startswith("-"), of, needs, kind.startswith("<")),
    )


def _by_verb() -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    for pattern in map(_pattern, word_list("relations").splitlines()):
        for verb in pattern.verbs:
            found.setdefault(verb, []).append(pattern)
    return found


BY_VERB = _by_verb()
# "does" asks, and the others may be nouns
NOUNS = lx.words(
    "be have do visit play date land code record design research train rent share cycle row sign "
    "chair captain head cook dance"
)
THIRD_PERSON = {g.third_person(verb): verb for verb in BY_VERB if verb not in NOUNS}
PAST = {g.past_form(verb) for verb in BY_VERB} | lx.words(
    "went came got took left built wrote sold bought spent drove flew taught led ran made was became began quit"
)
