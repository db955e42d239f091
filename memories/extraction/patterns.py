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
    NEEDED = enum.auto()  # "I visited Rome": as HOLDS, but the perfect and the past alone count


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
    PET = enum.auto()


@dataclass(frozen=True, slots=True)
class Pattern:
    """`slot`: OBJECT, COMPLEMENT or prepositions. `of`: the lemmas that the verb's objects must have; with NO_OBJECT
    there must be none. `ends`: the verb says that the relation is over."""

    verbs: frozenset[str]
    slot: frozenset[str]
    type: str
    fits: Fits
    past: Past = Past.ENDED
    ends: bool = False
    of: frozenset[str] | None = None
    needs_object: bool = False


NO_OBJECT: frozenset[str] = frozenset()
JOBS = lx.words("job position role internship gig contract post work")
TRIPS = lx.words("trip visit tour holiday vacation week weekend day month night honeymoon")
BELONGING = lx.words("membership subscription")


def _p(
    verbs: str,
    slot: str,
    type_: str,
    fits: Fits,
    past: Past = Past.ENDED,
    *,
    ends: bool = False,
    of: frozenset[str] | None = None,
    needs_object: bool = False,
) -> Pattern:
    return Pattern(lx.words(verbs), lx.words(slot), type_, fits, past, ends, of, needs_object)


PATTERNS = (
    _p("work intern teach lecture consult", "at for", "WORKS_AT", Fits.COMPANY),
    _p("work serve", "as", "HAS_ROLE", Fits.ROLE),
    _p("join", OBJECT, "WORKS_AT", Fits.COMPANY, Past.HOLDS),
    _p("start begin", "at with", "WORKS_AT", Fits.COMPANY, Past.HOLDS, of=JOBS),
    _p("start begin", "as", "HAS_ROLE", Fits.ROLE, Past.HOLDS, of=JOBS),
    _p("get take accept land find have", "at with", "WORKS_AT", Fits.COMPANY, Past.HOLDS, of=JOBS, needs_object=True),
    _p("be", "at with", "WORKS_AT", Fits.COMPANY, Past.IGNORED),
    _p("employ hire recruit", "by", "WORKS_AT", Fits.COMPANY),
    _p("leave quit", OBJECT, "WORKS_AT", Fits.COMPANY, Past.HOLDS, ends=True),
    _p("leave quit lose resign retire", "at from with", "WORKS_AT", Fits.COMPANY, Past.HOLDS, ends=True, of=JOBS),
    _p("be become", COMPLEMENT, "HAS_ROLE", Fits.ROLE),
    _p("promote", "to", "HAS_ROLE", Fits.ROLE, Past.HOLDS),
    _p("manage lead head run oversee supervise direct", OBJECT, "MANAGES", Fits.NAMED),
    _p("report", "to", "REPORTS_TO", Fits.PERSON),
    _p("live reside dwell", "in at near outside", "LIVES_IN", Fits.PLACE),
    _p("base", "in near", "LIVES_IN", Fits.PLACE),
    _p("settle", "in", "LIVES_IN", Fits.PLACE, Past.HOLDS),
    _p("move relocate emigrate", "to into", "MOVED_TO", Fits.PLACE, Past.HOLDS, of=NO_OBJECT),
    _p("move relocate emigrate", "to into", "LIVES_IN", Fits.PLACE, Past.HOLDS, of=NO_OBJECT),
    _p("move relocate emigrate", "from", "LIVES_IN", Fits.PLACE, Past.HOLDS, ends=True, of=NO_OBJECT),
    _p("bear", "in", "BORN_IN", Fits.PLACE, Past.HOLDS),
    _p("visit tour explore", OBJECT, "VISITED", Fits.SIGHT, Past.NEEDED),
    _p("go travel fly drive come return head be", "to", "VISITED", Fits.SIGHT, Past.NEEDED, of=NO_OBJECT),
    _p("be", "in", "VISITED", Fits.SIGHT, Past.NEEDED),
    _p("get be come return", "from", "VISITED", Fits.SIGHT, Past.NEEDED, of=NO_OBJECT),  # "got back from"
    _p("stay camp hike celebrate eat arrive land travel volunteer", "in at around", "VISITED", Fits.SIGHT, Past.NEEDED),
    _p("see watch catch attend have", "at", "VISITED", Fits.SIGHT, Past.NEEDED),
    _p("spend", "in at", "VISITED", Fits.SIGHT, Past.NEEDED, of=TRIPS, needs_object=True),
    _p("take", "to", "VISITED", Fits.SIGHT, Past.NEEDED, of=TRIPS | lx.PEOPLE, needs_object=True),
    _p("study graduate enroll enrol major", "at from", "STUDIED_AT", Fits.SCHOOL, Past.HOLDS),
    _p("attend", OBJECT, "STUDIED_AT", Fits.SCHOOL, Past.HOLDS),
    _p("go", "to", "STUDIED_AT", Fits.SCHOOL, Past.HOLDS, of=NO_OBJECT),
    _p(
        "do get complete earn finish have",
        "at from",
        "STUDIED_AT",
        Fits.SCHOOL,
        Past.HOLDS,
        of=lx.DEGREES,
        needs_object=True,
    ),
    _p("marry", f"{OBJECT} to", "MARRIED_TO", Fits.PERSON, Past.HOLDS),
    _p("engage", "to", "PARTNER_OF", Fits.PERSON, Past.HOLDS),
    _p("date", OBJECT, "PARTNER_OF", Fits.PERSON),
    _p("divorce separate", f"{OBJECT} from", "MARRIED_TO", Fits.PERSON, Past.HOLDS, ends=True),
    _p("break split separate", "with from", "PARTNER_OF", Fits.PERSON, Past.HOLDS, ends=True),
    _p("have own keep adopt get buy rescue raise foster", OBJECT, "HAS_PET", Fits.PET, Past.HOLDS),
    _p("have own drive ride", OBJECT, "OWNS", Fits.THING),
    _p("get buy purchase", OBJECT, "OWNS", Fits.THING, Past.NEEDED),
    _p("sell lose donate", OBJECT, "OWNS", Fits.THING, Past.NEEDED, ends=True),
    _p(" ".join(lx.LIKE), OBJECT, "LIKES", Fits.LIKED, Past.IGNORED),
    _p(" ".join(lx.DISLIKE), OBJECT, "DISLIKES", Fits.LIKED, Past.IGNORED),
    _p("be", "into", "LIKES", Fits.LIKED, Past.IGNORED),
    _p(
        "create found write invent build compose design paint cofound launch",
        OBJECT,
        "CREATED",
        Fits.NAMED,
        Past.NEEDED,
    ),
    _p("join", OBJECT, "MEMBER_OF", Fits.CLUB, Past.HOLDS),
    _p("belong", "to", "MEMBER_OF", Fits.CLUB),
    _p("play sing drum", "in for", "MEMBER_OF", Fits.CLUB),
    _p("leave quit", OBJECT, "MEMBER_OF", Fits.CLUB, Past.HOLDS, ends=True),
    _p(
        "cancel leave quit",
        "of at with to",
        "MEMBER_OF",
        Fits.CLUB,
        Past.HOLDS,
        ends=True,
        of=BELONGING,
        needs_object=True,
    ),
)

# "a fan of jazz", "a member of the choir": relations that a complement of "be" states with "of", "at", "from", "to"
NOUNS = {
    **dict.fromkeys(lx.words("fan lover enthusiast"), ("LIKES", Fits.LIKED)),
    **dict.fromkeys(lx.words("member part"), ("MEMBER_OF", Fits.CLUB)),
    **dict.fromkeys(lx.words("alumnus alumna graduate student"), ("STUDIED_AT", Fits.SCHOOL)),
    **dict.fromkeys(lx.words("founder creator author inventor"), ("CREATED", Fits.NAMED)),
    "owner": ("OWNS", Fits.THING),
}
ADJECTIVES = {
    "married": ("MARRIED_TO", Fits.PERSON),
    "engaged": ("PARTNER_OF", Fits.PERSON),
    "based": ("LIVES_IN", Fits.PLACE),
    **dict.fromkeys(lx.words("fond passionate crazy keen obsessed"), ("LIKES", Fits.LIKED)),
}


def _by_verb() -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    for pattern in PATTERNS:
        for verb in pattern.verbs:
            found.setdefault(verb, []).append(pattern)
    return found


BY_VERB = _by_verb()
