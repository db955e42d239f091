"""What "be" says: roles, employers, homes, memberships, favourites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.providers.rules import entities as en
from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import nominal
from memories.providers.rules import types as t
from memories.providers.rules.found import Reading
from memories.providers.rules.verbs.common import persons, places

if TYPE_CHECKING:
    from spacy.tokens import Token


def be(reading: Reading, verb: Token) -> None:
    """As in "X is a nurse at Y", "is married to Y", "is a member of Y", "is in Berlin", "is into pottery"."""
    people = reading.doers(verb)
    over = g.past(verb)
    if g.inverted(verb):
        return
    for attribute in [a for first in g.complements(verb) for a in (first, *g.kids(first, "conj", "appos"))]:
        _attribute(reading, verb, people, attribute, over)
    for adjective in g.kids(verb, "acomp"):
        if (owners := _favourite_of(reading, verb)) and adjective.pos_ == "ADJ":
            reading.add(owners, "LIKES", [adjective.text], verb, past=over)
        _adjective(reading, verb, people, adjective, over)
    if over and people == [reading.discourse.user]:
        for _, name in places(reading, verb, "at"):
            if name.type == t.LOCATION:
                reading.add(people, "VISITED", [name.text], verb)
    own = list(g.prepositions(verb))
    for advmod in g.kids(verb, "advmod"):
        own += list(g.prepositions(advmod))
    for word, _, target in own:
        place = reading.sentence.name_at(target)
        if word == "into":
            reading.add(people, "LIKES", [_coordinated(reading, target)], verb, past=over)
        elif place is None:
            continue
        elif word in ("at", "with") and place.type == t.ORG and persons(reading, people):
            reading.add(people, "WORKS_AT", [place.text], verb, past=over)
        elif word == "in" and place.type == t.LOCATION and people == [reading.discourse.user] and over:
            reading.add(people, "VISITED", [place.text], verb)
        elif word == "in" and place.type == t.LOCATION and _since(verb):
            reading.add(people, "LIVES_IN", [place.text], verb)
        elif word == "to" and g.kids(verb, "aux") and not over:  # "I've been to Harvard"
            reading.add(people, "VISITED", [place.text], verb)


def _favourite_of(reading: Reading, verb: Token) -> list[str]:
    """Whose favourite the subject is: "my favourite colour is green"."""
    subject = next(iter(g.kids(verb, "nsubj")), None)
    if subject is None or not any(g.lower(a) in ("favorite", "favourite") for a in g.kids(subject, "amod")):
        return []
    return nominal.owners_of(reading, subject)


def _since(verb: Token) -> bool:
    return any(w in ("since", "for") for w, _, _ in g.prepositions(verb)) or any(
        g.lower(c) in ("now", "currently") for c in verb.children
    )


def _attribute(reading: Reading, verb: Token, people: list[str], attribute: Token, over: bool) -> None:
    lemma = g.lemma(attribute)
    subject = next(iter(g.kids(verb, "nsubj")), None)
    name = reading.sentence.name_at(attribute)
    if name is None:  # "a Dell Inspiron laptop"
        within = [reading.sentence.name_at(c) for c in g.kids(attribute, "compound", "nmod")]
        name = next((n for n in within if n is not None), None)
    if subject is not None and (low := g.lower(subject)) and name is not None:
        owners = nominal.owners_of(reading, subject)
        favourite = any(g.lower(a) in ("favorite", "favourite") for a in g.kids(subject, "amod"))
        if favourite and owners:
            reading.add(owners, "LIKES", [name.text], verb, past=over)
        elif (en.is_role(low) and subject.i in reading.sentence.links and not owners) or low in (
            "pm",
            "ceo",
            "cto",
            "cfo",
            "coo",
        ):
            reading.add(
                [name.text],
                "HAS_ROLE",
                [subject.text if low in ("pm", "ceo", "cto", "cfo", "coo") else g.noun_text(subject)],
                verb,
                past=over,
            )
        elif (
            low in lx.ABSTRACT or g.lemma(subject) in lx.PEOPLE | lx.PETS | lx.WORKS | lx.MEMBERSHIPS or en.is_role(low)
        ):
            return
        elif (
            owners
            and g.kids(subject, "poss")
            and low not in ("project", "company", "employer", "city", "country", "school")
            and name.label != "GPE"
        ):
            name.type, name.sure = t.PRODUCT, True
            reading.add(owners, "OWNS", [name.text], verb, past=over)
        return
    favourite = subject is not None and any(g.lower(a) in ("favorite", "favourite") for a in g.kids(subject, "amod"))
    if favourite and subject is not None and (owners := nominal.owners_of(reading, subject)):
        for each in g.with_conjuncts(attribute):
            reading.add(owners, "LIKES", [reading.what(each)], verb, past=over)
        return
    if lemma in (
        "member",
        "part",
        "fan",
        "lover",
        "enthusiast",
        "owner",
        "founder",
        "alumnus",
        "alumna",
        "graduate",
        "student",
        "creator",
        "author",
    ):
        _noun_of(reading, verb, people, attribute, lemma, over)
    kin = lx.KIN.get(g.lower(attribute)) or lx.KIN.get(lemma)
    if (
        kin
        and (owners := nominal.owners_of(reading, attribute))
        and subject is not None
        and attribute.i not in reading.sentence.links
    ):
        reading.add(owners, kin, people, verb, past=over)
        return
    named = reading.sentence.name_at(attribute) is not None
    if en.is_role(lemma) and lemma not in lx.NO_ROLES and not kin and subject is not None and not named:
        role = g.role_text(attribute)
        reading.add(people, "HAS_ROLE", [role], verb, past=over)
        nominal.employed(reading, attribute, people, role, verb)
        for _, place in places(reading, verb, "at"):
            if place.type == t.ORG:
                reading.add(people, "WORKS_AT", [place.text], verb, role=role, past=over)


def _noun_of(reading: Reading, verb: Token, people: list[str], noun: Token, lemma: str, over: bool) -> None:
    for word, _, target in g.prepositions(noun):
        name = reading.sentence.name_at(target)
        if word == "of" and lemma == "member":
            reading.add(people, "MEMBER_OF", [reading.what(target)], verb, past=over)
        elif word == "of" and lemma == "part" and name is not None:
            member = persons(reading, people)
            reading.add(people, "MEMBER_OF" if member else "PART_OF", [name.text], verb, past=over)
        elif word == "of" and lemma in ("fan", "lover", "enthusiast"):
            reading.add(people, "LIKES", [reading.what(target)], verb, past=over)
        elif (
            word in ("of", "from", "at") and lemma in ("alumnus", "alumna", "graduate", "student") and name is not None
        ):
            reading.add(people, "STUDIED_AT", [name.text], verb)
        elif word == "of" and lemma in ("founder", "creator", "author") and name is not None:
            reading.add(people, "CREATED", [name.text], verb)
        elif word == "of" and lemma == "owner":
            reading.add(people, "OWNS", [reading.what(target)], verb, past=over)


def _coordinated(reading: Reading, target: Token) -> str | None:
    parts = g.with_conjuncts(target)
    if len(parts) == 1:
        return reading.what(target)
    start = min(p.left_edge.i for p in parts)
    return str(reading.sentence.doc[start : max(p.i for p in parts) + 1].text)


def base(reading: Reading, verb: Token) -> None:
    """As in "a freelance illustrator based in Lyon"."""
    people = reading.doers(verb)
    for _, name in places(reading, verb, "in"):
        if name.type == t.LOCATION and persons(reading, people):
            reading.add(people, "LIVES_IN", [name.text])


def _adjective(reading: Reading, verb: Token, people: list[str], adjective: Token, over: bool) -> None:
    lemma, low = g.lemma(adjective), g.lower(adjective)
    for word, _, target in g.prepositions(adjective):
        name = reading.sentence.name_at(target)
        if low in ("married", "engaged") and word == "to":
            reading.add(
                people, "MARRIED_TO" if low == "married" else "PARTNER_OF", reading.who([target]), verb, past=over
            )
        elif low in ("obsessed", "crazy", "passionate", "fond", "keen", "hooked") and word in (
            "with",
            "about",
            "of",
            "on",
        ):
            reading.add(people, "LIKES", [reading.what(target)], verb, past=over)
        elif low == "based" and word == "in" and name is not None:
            kind = "LIVES_IN" if persons(reading, people) else "PART_OF"
            reading.add(people, kind, [name.text], verb, past=over)
        elif lemma in ("back", "home") and word == "from" and name is not None:
            reading.add(people, "VISITED", [name.text], verb)
    if low == "married" and len(people) == 2:
        reading.add(people[:1], "MARRIED_TO", people[1:], verb, past=over)
