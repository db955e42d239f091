"""Word classes of English that annotations rest on, out of words/english.txt: closed classes, and heads of names."""

from __future__ import annotations

from memories.extraction.words import sections


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CLASSES = {name: words(listed) for name, listed in sections("english").items()}

FIRST, MY, HE, SHE, THEY = (_CLASSES[name] for name in ("first", "my", "he", "she", "they"))
WEEKDAYS, MONTHS = _CLASSES["weekdays"], _CLASSES["months"]
# the relation of (owner, person) for "owner's noun is person"; "-" before it turns the two round
KIN = {noun: name[4:] for name, nouns in _CLASSES.items() if name.startswith("kin ") for noun in nouns}
FEMALE, MALE, PETS = _CLASSES["female"], _CLASSES["male"], _CLASSES["pets"]
PEOPLE = _CLASSES["people"] | frozenset(KIN) | FEMALE | MALE
BEINGS = PEOPLE | PETS
OWNED_BEINGS = frozenset(KIN) | PETS
ROLES, NO_ROLES = _CLASSES["roles"], _CLASSES["no_roles"]
ROLE_ENDINGS = (
    *("ologist", "ician", "trist", "therapist", "engineer", "manager", "writer", "maker", "keeper", "smith"),
    *("ator", "grapher", "worker"),
)
PLACE_HEADS, ORG_HEADS, STUDY_HEADS = _CLASSES["place_heads"], _CLASSES["org_heads"], _CLASSES["study_heads"]
EVENT_HEADS, HOLIDAYS, PRODUCT_HEADS = _CLASSES["event_heads"], _CLASSES["feasts"], _CLASSES["product_heads"]
WORKS, MEMBERSHIPS, UNITS_OF_ORG = _CLASSES["works"], _CLASSES["memberships"], _CLASSES["units"]
HOMES = words("flat apartment house home place condo studio loft cottage townhouse room cabin bungalow")
GOODS = HOMES | _CLASSES["goods"]
PARTS = words("part section unit division branch subsidiary arm subset chapter")
FAVOURITE = words("favorite favourite")
# before a noun: not the one of now
FORMER = words("ex former previous past old late future next potential dream")
DEGREES, HONORIFICS = _CLASSES["degrees"], _CLASSES["honorifics"]
NO_NAMES = DEGREES | _CLASSES["no_names"]  # nothing that one would want an entity for
HEDGES, UNTELLING = _CLASSES["hedges"], _CLASSES["untelling"]
# verbs between a subject and what it does; STOPPING: it is over; CAUSING: their object does it; INTENDING: it is ahead
ASPECT, STOPPING, CAUSING, INTENDING = (_CLASSES[name] for name in ("aspect", "stopping", "causing", "intending"))
# what follows REPORTING is somebody's word or belief; a speaker stands for what KNOWING says
KNOWING = _CLASSES["knowing"]
REPORTING = KNOWING | _CLASSES["reporting"]
# nouns that one doesn't own, and of these the ones that one doesn't like either
ABSTRACT, VAGUE = _CLASSES["abstract"], _CLASSES["vague"]
ABSTRACT_ENDINGS = ("tion", "sion", "ment", "ness", "ity", "ance", "ence", "ship", "ism", "ing", "ure", "itis", "ache")
