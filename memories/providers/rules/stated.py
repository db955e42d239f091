"""What the rules read, as the rest of the service knows it: facts with what they say of entities. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from entities.types import ENTITY_TYPES, Knowledge, Named, Stated
from entities.types import USER as THE_USER
from memories.providers.rules.types import CONCEPT, DATE, USER, Extraction, Mention, Relation, Statement

SURE = 0.9  # of what a sentence says outright
POINTS = ("%Y-%m-%d", "%Y-%m", "%Y")


@dataclass(frozen=True, slots=True)
class Read:
    """A statement of the rules, its speaker named, and what it says of entities."""

    statement: Statement
    knowledge: Knowledge


def spoken(extraction: Extraction, speaker: str | None) -> Iterator[Read]:
    """The statements of one item. Who is named as its speaker says "I" of himself; without a name it is the user."""
    me = speaker or USER
    for number, statement in enumerate(extraction.statements):
        named = _in_the_name_of(statement, me)
        user_name = extraction.user_name if number == 0 and me == USER else None
        yield Read(named, _knowledge(named, user_name or (extraction.user_name if me == USER else None)))


def _in_the_name_of(statement: Statement, me: str) -> Statement:
    if me == USER:
        return statement

    def person(name: str) -> str:
        return me if name == USER else name

    return replace(
        statement,
        relations=tuple(replace(r, source=person(r.source), target=person(r.target)) for r in statement.relations),
        attributes=tuple(replace(a, owner=person(a.owner)) for a in statement.attributes),
        subject=person(statement.subject),
    )


def _knowledge(statement: Statement, user_name: str | None) -> Knowledge:
    """Only what holds, or what ended, is a relation: plans and rumours are not."""
    called = _calls(user_name)
    roles = {(r.source, r.properties["role"]) for r in statement.relations if "role" in r.properties}
    stated = tuple(
        _stated(r, called)
        for r in statement.relations
        # "works at Google as a senior engineer" is one relation with its role
        if not r.hedged and not (r.type == "HAS_ROLE" and (r.source, r.target) in roles)
    )
    named = [_named(m, called) for m in statement.mentions]
    known = {name.name.casefold() for name in named}
    whose: list[Named] = []  # who it is about comes first
    what: list[Named] = []
    for relation in stated:
        for name, side in ((relation.source, whose), (relation.target, what)):
            if name.casefold() not in known:
                known.add(name.casefold())
                side.append(Named(name, _type_of(name, relation), SURE))
    named = [*whose, *named, *what]
    return Knowledge(tuple(named), stated, user_name)


def _calls(user_name: str | None) -> Callable[[str], str]:
    """The user's own name is the user."""
    own = (user_name or "").casefold()
    return lambda name: THE_USER if name == USER or (own and name.casefold() == own) else name


def _named(mention: Mention, called: Callable[[str], str]) -> Named:
    if mention.type == DATE:
        return Named(mention.value or mention.name, DATE, SURE)
    return Named(called(mention.name), mention.type if mention.type in ENTITY_TYPES else CONCEPT, SURE)


# What stands at the end of a relation when the text gives no type: a common noun, or somebody without a name.
PEOPLE = frozenset({"MARRIED_TO", "PARTNER_OF", "SIBLING_OF", "FRIEND_OF", "PARENT_OF", "MANAGES", "REPORTS_TO"})
TARGETS = {
    "WORKS_AT": "ORG", "MEMBER_OF": "ORG", "STUDIED_AT": "ORG", "LIVES_IN": "LOCATION", "MOVED_TO": "LOCATION",
    "BORN_IN": "LOCATION", "VISITED": "LOCATION",
}  # fmt: skip


def _type_of(name: str, relation: Stated) -> str:
    if name == THE_USER or relation.type in PEOPLE:
        return "PERSON"
    if name == relation.source:
        return "LOCATION" if relation.type == "PART_OF" else "PERSON"
    return TARGETS.get(relation.type, CONCEPT)


def _stated(relation: Relation, called: Callable[[str], str]) -> Stated:
    start, stop = moment(relation.valid_from), moment(relation.valid_to)
    if start and stop and stop < start:
        start = None
    return Stated(
        called(relation.source),
        relation.type,
        called(relation.target),
        dict(relation.properties),
        start,
        stop,
        SURE,
        ended=relation.negated or relation.past,
    )


def moment(value: str | None) -> dt.datetime | None:
    """The first moment (UTC) of an ISO day, month or year."""
    for form in POINTS if value else ():
        try:
            return dt.datetime.strptime(str(value), form).replace(tzinfo=dt.UTC)
        except ValueError:
            continue
    return None
