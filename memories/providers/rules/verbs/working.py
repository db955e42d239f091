"""Verbs of work: who works where and as what, who leads and who reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.providers.rules import entities as en
from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.entities import Name
from memories.providers.rules.found import Reading
from memories.providers.rules.verbs.common import places, studies, typed

if TYPE_CHECKING:
    from spacy.tokens import Token


def work(reading: Reading, verb: Token) -> None:
    people, role = reading.doers(verb), None
    for word, _, target in g.all_prepositions(verb):
        if word == "as" and en.is_role(g.lemma(target)):
            role = g.noun_text(target)
    found = [name for _, name in places(reading, verb, "at", "for", "with") if name.type not in (t.PERSON, t.EVENT)]
    lower = [
        target.text
        for word, _, target in g.prepositions(verb)
        if word in ("at", "for")
        and target.pos_ in ("NOUN", "PROPN")
        and target.i not in reading.sentence.at
        and not list(target.lefts)
    ]
    over = g.past(verb)
    for name in found:
        if name.label in ("GPE", "LOC") and name.type == t.LOCATION:
            continue
        typed(name, t.ORG)
        reading.add(people, "WORKS_AT", [name.text], verb, role=role, past=over)
    if not found and lower:
        reading.add(people, "WORKS_AT", lower[:1], verb, role=role, past=over)
    if role:
        reading.add(people, "HAS_ROLE", [role], verb, past=over)


def begin(reading: Reading, verb: Token) -> None:
    """As in "started a new job at Klarna as an analyst", "joined Zoho", "started at Klarna"."""
    people = reading.doers(verb)
    role = next((g.noun_text(x) for w, _, x in g.all_prepositions(verb) if w == "as" and en.is_role(g.lemma(x))), None)
    employers: list[Name] = []
    for target in g.objects(verb):
        name = reading.sentence.name_at(target)
        job = g.lemma(target) in ("job", "position", "role", "internship", "gig")
        if name is None and target.i in reading.sentence.links:
            name = reading.sentence.links[target.i][0]
        if job:
            employers += [n for w, n in places(reading, verb, "at", "with", "for")]
        elif name is not None and g.lemma(verb) == "join" and name.type != t.EVENT:
            _join(reading, verb, people, name, target, role)
    if g.lemma(verb) == "start" and not g.objects(verb):
        employers += [n for w, n in places(reading, verb, "at", "with") if role or (n.type == t.ORG and g.past(verb))]
        for name in employers:
            name.type = t.ORG
    for name in employers:
        typed(name, t.ORG)
        reading.add(people, "WORKS_AT", [name.text], verb, role=role)
    if role and employers:
        reading.add(people, "HAS_ROLE", [role], verb)


def _join(reading: Reading, verb: Token, people: list[str], name: Name, target: Token, role: str | None) -> None:
    last = reading.sentence.doc[name.stop - 1].lower_
    club = (
        last in lx.MEMBERSHIPS
        or g.lemma(target) in lx.MEMBERSHIPS
        or (name.stop < len(reading.sentence.doc) and reading.sentence.doc[name.stop].lower_ in lx.MEMBERSHIPS)
    )
    if last in lx.STUDY_HEADS or (name.text.isupper() and name.label == "ORG" and studies(reading)):
        reading.add(people, "STUDIED_AT", [name.text], verb)
        return
    typed(name, t.ORG)
    reading.add(people, "MEMBER_OF" if club else "WORKS_AT", [name.text], verb, role=role)


def employ(reading: Reading, verb: Token) -> None:
    """As in "is employed by Ferrovial", "was hired by NASA", "Acme hired Bo"."""
    if g.kids(verb, "nsubjpass"):
        for _, name in places(reading, verb, "by", "at", "with"):
            reading.add(reading.doers(verb), "WORKS_AT", [name.text], verb)


def promote(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    for word, _, target in g.all_prepositions(verb):
        if word != "to":
            continue
        if reading.sentence.name_at(target) is None:
            role = g.noun_text(target)
            tail = [o.text for w, _, o in g.prepositions(target) if w == "of" and reading.sentence.name_at(o) is None]
            role += f" of {tail[0]}" if tail else ""
            reading.add(people, "HAS_ROLE", [role], verb)
            for _, name in places(reading, verb, "at"):
                reading.add(people, "WORKS_AT", [name.text], verb, role=role)
            for below in (target, *target.subtree):
                for word2, _, place in g.prepositions(below):
                    if word2 == "at" and (name2 := reading.sentence.name_at(place)) is not None:
                        reading.add(people, "WORKS_AT", [name2.text], verb, role=role)
            return
    for target in g.kids(verb, "xcomp"):  # "promoted to head of marketing", read as a verb
        if en.is_role(g.lemma(target)):
            role = target.doc[
                target.i : max([target.i, *(o.i for w, _, o in g.prepositions(target) if w == "of")]) + 1
            ].text
            reading.add(people, "HAS_ROLE", [role], None)
            for _, name in places(reading, target, "at"):
                reading.add(people, "WORKS_AT", [name.text], None, role=role)


def become(reading: Reading, verb: Token) -> None:
    for target in g.kids(verb, "attr", "dobj"):
        if en.is_role(g.lemma(target)):
            reading.add(reading.doers(verb), "HAS_ROLE", [g.noun_text(target)], verb)


def manage(reading: Reading, verb: Token) -> None:
    passive = bool(g.kids(verb, "nsubjpass"))
    if passive:
        things = [_managed(reading, s) for s in g.subjects(verb)]
        people = [name.text for _, name in places(reading, verb, "by")]
    else:
        people = reading.doers(verb)
        things = [_managed(reading, o) for o in g.objects(verb)]
    if not people:
        return
    reading.add(people, "MANAGES", things, verb, past=g.past(verb))


def _managed(reading: Reading, target: Token) -> str | None:
    if target.pos_ == "PRON":
        return reading.discourse.thing(target, reading.sentence) if g.lower(target) == "it" else None
    name = reading.sentence.name_at(target)
    if name is None:
        inner = [n for n in reading.sentence.names if n.stop == target.i]
        name = inner[0] if inner else None
    return name.text if name is not None else None


def report(reading: Reading, verb: Token) -> None:
    for word, _, target in g.all_prepositions(verb):
        if word == "to" and reading.who([target]):
            reading.add(reading.doers(verb), "REPORTS_TO", reading.who([target]), verb, past=g.past(verb))
