"""Verbs of persons and groups: marrying, belonging, studying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.found import Reading
from memories.providers.rules.verbs.common import persons, places, studies, typed

if TYPE_CHECKING:
    from spacy.tokens import Token


def marry(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    partners = reading.who(g.objects(verb)) + reading.who(x for w, _, x in g.all_prepositions(verb) if w == "to")
    kind = "PARTNER_OF" if g.lemma(verb) in ("engage", "date") else "MARRIED_TO"
    if partners:
        reading.add(people, kind, partners, verb)
    elif len(people) == 2:
        reading.add(people[:1], kind, people[1:], verb)


def get(reading: Reading, verb: Token) -> None:
    """As in "got married", "got engaged to X", "got back from X"."""
    for state in g.kids(verb, "acomp", "oprd", "auxpass", "ccomp", "xcomp"):
        low = g.lower(state)
        if low in ("divorced", "separated") and len(people := reading.doers(verb)) == 2:
            for kind in ("MARRIED_TO", "PARTNER_OF"):
                reading.add(people[:1], kind, people[1:], verb, negated=True)
        if low in ("married", "engaged"):
            people = reading.doers(verb)
            partners = reading.who(x for w, _, x in (*g.prepositions(state), *g.prepositions(verb)) if w == "to")
            kind = "MARRIED_TO" if low == "married" else "PARTNER_OF"
            others = partners or people[1:]
            reading.add(people[:1], kind, others, verb)


def belong(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    for _, name in places(reading, verb, "to"):
        reading.add(
            people or [reading.what(s) for s in g.subjects(verb)],
            "MEMBER_OF" if persons(reading, people) else "PART_OF",
            [name.text],
            verb,
            past=g.past(verb),
        )


def sit(reading: Reading, verb: Token) -> None:
    """As in "sits on the board of X", "plays in a band called X", "sings in X"."""
    people = reading.doers(verb)
    for word, _, target in g.all_prepositions(verb):
        if word not in ("on", "in", "for", "with"):
            continue
        names = reading.sentence.links.get(target.i, [])
        if g.lemma(target) in lx.MEMBERSHIPS:
            inner = [reading.sentence.name_at(o) for w, _, o in g.prepositions(target) if w == "of"]
            for each in names or [n for n in inner if n is not None]:
                reading.add(people, "MEMBER_OF", [each.text], verb, past=g.past(verb))


def study(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    lemma = g.lemma(verb)
    direct = [reading.sentence.name_at(o) for o in g.objects(verb)] if lemma == "attend" else []
    named = [n for n in direct if n is not None]
    if lemma != "attend":  # "attended a graduation at Yale" is no study
        named += [n for _, n in places(reading, verb, "from", "at", "in")]
    for _, _, target in g.all_prepositions(verb) if lemma != "attend" else ():
        for _, _, place in g.prepositions(target):
            name = reading.sentence.name_at(place)
            if name is not None and name not in named:
                named.append(name)
    for name in named:
        words = {x.lower_ for x in reading.sentence.doc[name.start : name.stop]}
        school = (
            bool(words & lx.STUDY_HEADS)
            or (name.text.isupper() and name.label in ("ORG", ""))
            or lemma in ("graduate",)
        )
        if (
            lemma in ("study", "enroll", "graduate")
            and name.type == t.LOCATION
            and name.label == "GPE"
            and not words & lx.STUDY_HEADS
        ):
            continue
        if name.type in (t.ORG, t.LOCATION, t.PRODUCT, "") and (
            school or (studies(reading) and lemma != "attend") or lemma in ("study", "enroll")
        ):
            typed(name, t.ORG)
            if name.type == t.CONCEPT:
                continue
            reading.add(people, "STUDIED_AT", [name.text], verb)


def degree(reading: Reading, verb: Token) -> None:
    """As in "completed my Master's degree in X from Y", "have a Bachelor's degree from Y", "earned a degree at Y"."""
    held = [
        o
        for o in (*g.objects(verb), *g.kids(verb, "attr"))
        if g.lemma(o) in lx.DEGREES or any(g.lemma(c) in lx.DEGREES for c in o.children)
    ]
    if not held:
        return
    people = reading.doers(verb)
    for name in reading.sentence.names:
        before = reading.sentence.doc[name.start - 1].lower_ if name.start else ""
        if before == "the" and name.start > 1:
            before = reading.sentence.doc[name.start - 2].lower_
        if before in ("from", "at") and name.start > held[0].i and name.type in (t.ORG, t.LOCATION, t.PRODUCT, ""):
            if name.type != t.ORG:
                typed(name, t.ORG)
            reading.add(people, "STUDIED_AT", [name.text], verb)
