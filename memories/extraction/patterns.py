"""The relations that verbs state, as a table: which verb, in which slot its target stands, and which targets fit."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from memories.extraction import lexicon as lx

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
    that the verb's objects must have (none may be there if it is empty), None: any; `needs_object`: there is one. `turned`: the
    target in the slot has the relation to the subject."""

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
# verbs | slot | relation ("-": it ends, "<": it is the slot's to the subject) | target | simple past | objects ("!": one must be there)
TABLE = """
work intern teach lecture consult freelance volunteer temp moonlight | at for | WORKS_AT | company | ended
work serve act train qualify volunteer freelance | as | HAS_ROLE | role | ended
lead head run manage teach drive code sell cook design research edit report handle coordinate clean nurse | at for | WORKS_AT | company | ended
join | object | WORKS_AT | company | holds
employ hire recruit poach | object | <WORKS_AT | company | holds
start begin | at with | WORKS_AT | company | holds | job
start begin | as | HAS_ROLE | role | holds | job
get take accept land find have | at with | WORKS_AT | company | holds | job!
be | at with | WORKS_AT | company | ignored
sign | with for | WORKS_AT | company | holds
work serve | under | REPORTS_TO | person | ended
employ hire recruit | by at | WORKS_AT | company | ended
leave quit | object | -WORKS_AT | company | holds
leave quit lose resign retire | at from with | -WORKS_AT | company | holds | job
be | complement | HAS_ROLE | role | ended
become | complement | HAS_ROLE | role | holds
elect vote appoint name make hire employ recruit | complement as | HAS_ROLE | role | holds
take step | as | HAS_ROLE | role | ignored
promote | to | HAS_ROLE | role | holds
manage lead head run oversee supervise direct chair captain coordinate | object | MANAGES | named | ended
report answer | to | REPORTS_TO | person | ended
live reside dwell | in at near outside on | LIVES_IN | place | ended
base | in near | LIVES_IN | place | ended
rent share have own buy | in at on | LIVES_IN | place | ended | home!
settle | in | LIVES_IN | place | holds
move relocate emigrate | to into | MOVED_TO | place | holds | no object
move relocate emigrate | to into | LIVES_IN | place | holds | no object
move relocate emigrate | from | -LIVES_IN | place | holds | no object
hail | from | BORN_IN | place | ignored
bear | in at | BORN_IN | place | holds
visit tour explore drive cycle roam | object | VISITED | sight | holds
go travel fly drive come return head be | to | VISITED | sight | holds | no object
get be come return | from | VISITED | sight | holds | no object
be | in | VISITED | sight | holds
stay camp hike celebrate eat arrive land travel walk trek cycle ski surf dive sail backpack drive honeymoon holiday | in at around through across | VISITED | sight | holds
see watch catch attend have | at | VISITED | sight | holds
spend | in at | VISITED | sight | holds
take | to | VISITED | sight | holds | guest!
study graduate enroll enrol major read train matriculate | at from | STUDIED_AT | school | holds
drop flunk | of | STUDIED_AT | school | holds
attend | object | STUDIED_AT | school | holds
go | to | STUDIED_AT | school | holds | no object
do get complete earn finish have | at from | STUDIED_AT | school | holds | degree!
give | to | PARENT_OF | person | holds | birth!
marry wed | object to | MARRIED_TO | person | holds
engage | to | PARTNER_OF | person | holds
date | object | PARTNER_OF | person | ended
divorce separate | object from | -MARRIED_TO | person | holds
break split separate | with from | -PARTNER_OF | person | holds
have own keep adopt get buy rescue raise foster | object | HAS_PET | pet | holds
have get | object | OWNS | goods | ended
own drive ride | object | OWNS | thing | ended
belong | to | <OWNS | thing | ended
buy purchase inherit | object | OWNS | thing | holds
sell lose donate | object | -OWNS | thing | holds
love like enjoy adore prefer fancy appreciate | object | LIKES | liked | ignored
hate dislike detest despise loathe | object | DISLIKES | liked | ignored
stand bear | object | DISLIKES | liked | ignored
obsess | with by | LIKES | liked | ignored
be | into | LIKES | liked | ignored
create found write invent build compose design paint cofound launch author record direct develop illustrate publish sculpt set start open release code | object | CREATED | named | holds
join | object | MEMBER_OF | club | holds
tie | object | MARRIED_TO | named | holds | knot!
include comprise contain | object | <PART_OF | named | ended
belong sit fall | to under within in | PART_OF | named | ended
volunteer | with | MEMBER_OF | club | ended
belong | to | MEMBER_OF | club | ended
be | in on | MEMBER_OF | club | ended
play sing drum row dance perform | in for with | MEMBER_OF | club | ended
leave quit | object | -MEMBER_OF | club | holds
cancel leave quit | of at with to | -MEMBER_OF | club | holds | membership!
"""
# "a fan of jazz", "a member of the choir": relations that a complement of "be" states with a preposition
OF_PREDICATES = ("of", "at", "from", "to", "in", "about", "on", "with", "for")
PREDICATES = {
    **dict.fromkeys(lx.words("fan lover enthusiast"), ("LIKES", Fits.LIKED)),
    **dict.fromkeys(lx.words("member part"), ("MEMBER_OF", Fits.CLUB)),
    **dict.fromkeys(lx.words("alumnus alumna graduate student"), ("STUDIED_AT", Fits.SCHOOL)),
    **dict.fromkeys(lx.words("founder creator author inventor"), ("CREATED", Fits.NAMED)),
    "owner": ("OWNS", Fits.THING),
    **dict.fromkeys(lx.words("charge responsible helm"), ("MANAGES", Fits.NAMED)),
    **dict.fromkeys(lx.words("payroll staff faculty"), ("WORKS_AT", Fits.COMPANY)),
    **dict.fromkeys(lx.words("board committee team squad"), ("MEMBER_OF", Fits.CLUB)),
    **dict.fromkeys(lx.words("relationship"), ("PARTNER_OF", Fits.PERSON)),
    **dict.fromkeys(lx.words("native"), ("BORN_IN", Fits.PLACE)),
    **dict.fromkeys(lx.words("resident inhabitant"), ("LIVES_IN", Fits.PLACE)),
    "based": ("LIVES_IN", Fits.PLACE),
    "married": ("MARRIED_TO", Fits.PERSON),
    "engaged": ("PARTNER_OF", Fits.PERSON),
    **dict.fromkeys(lx.words("fond passionate crazy keen obsessed"), ("LIKES", Fits.LIKED)),
}


def _pattern(line: str) -> Pattern:
    verbs, slot, kind, fits, past, objects = (part.strip() for part in f"{line} |".split("|")[:6])
    needs, of = objects.endswith("!"), OBJECTS[objects.rstrip("!")]
    return Pattern(
        *(lx.words(verbs), lx.words(slot), kind.lstrip("-<"), Fits[fits.upper()], Past[past.upper()]),
        *(kind.startswith("-"), of, needs, kind.startswith("<")),
    )


def _by_verb() -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    for pattern in map(_pattern, TABLE.strip().splitlines()):
        for verb in pattern.verbs:
            found.setdefault(verb, []).append(pattern)
    return found


def with_s(verb: str) -> str:
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}s"


def _past(verb: str) -> str:
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}ed"


BY_VERB = _by_verb()
# "does" asks, and the others may be nouns
NOUNS = lx.words(
    "be have do visit play date land code record design research train rent share cycle row sign chair captain head cook dance"
)
THIRD_PERSON = {with_s(verb): verb for verb in BY_VERB if verb not in NOUNS}
PAST = {_past(verb) for verb in BY_VERB} | lx.words(
    "went came got took left built wrote sold bought spent drove flew taught led ran made was became began quit"
)
