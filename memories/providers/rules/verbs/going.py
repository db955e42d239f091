"""Verbs of place: who lives, moved and was born where, and who has been where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import nominal
from memories.providers.rules import types as t
from memories.providers.rules.entities import Name
from memories.providers.rules.found import Reading
from memories.providers.rules.verbs.common import places, typed

if TYPE_CHECKING:
    from spacy.tokens import Token


TRIPS = lx.words("trip tour visit vacation holiday day weekend week hike mass service show game festival fest")


def live(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    if g.lemma(verb.head) in ("see", "watch", "catch", "hear"):
        return
    for _word, name in places(reading, verb, "in", "at", "near"):
        if name.type in (t.LOCATION, t.PERSON, t.ORG, t.PRODUCT, ""):
            if not name.type or name.label != "GPE":
                typed(name, t.LOCATION)
            reading.add(people, "LIVES_IN", [name.text], verb, past=g.past(verb))
    if any(g.lower(c) in ("there", "here") for c in g.kids(verb, "advmod")):
        there = next(c for c in g.kids(verb, "advmod") if g.lower(c) in ("there", "here"))
        reading.add(people, "LIVES_IN", [reading.discourse.place(there, reading.sentence)], verb, past=g.past(verb))
    if any(w == "with" for w, _, _ in g.prepositions(verb)) and not any(
        True for _ in places(reading, verb, "in", "at")
    ):
        moved = [r for r in reading.found if r.type == "MOVED_TO" and r.source in people]
        if moved and not g.past(verb):
            reading.add(people, "LIVES_IN", [moved[-1].target], verb)


def move(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    went = g.past(verb) or (verb.tag_ in ("VBN", "VBD") and not g.hedged(verb))
    if not went and not (verb.tag_ == "VBG" and not g.hedged(verb)) and not g.hedged(verb):
        return
    for word, name in places(reading, verb, "to", "into", "from"):
        if word == "from":
            if name.type == t.LOCATION:
                reading.add(people, "LIVES_IN", [name.text], verb, negated=True)
            continue
        if name.type in (t.PERSON, t.EVENT) and name.sure:
            continue
        typed(name, t.LOCATION)
        reading.add(people, "MOVED_TO", [name.text], verb)
        reading.add(people, "LIVES_IN", [name.text], verb)
    for word, _, target in g.prepositions(verb):  # "moved to a new apartment in Harajuku"
        if word not in ("to", "into") or g.lemma(target) not in nominal.HOMES:
            continue
        for inner, _, place in g.prepositions(target):
            town = reading.sentence.name_at(place)
            if inner == "in" and town is not None and town.type == t.LOCATION:
                reading.add(people, "MOVED_TO", [town.text], verb)
                reading.add(people, "LIVES_IN", [town.text], verb)


def bear(reading: Reading, verb: Token) -> None:
    if g.lower(verb) != "born":
        return
    people = reading.doers(verb) or [reading.discourse.user]
    targets = list(places(reading, verb, "in"))
    for other in g.kids(verb, "conj"):
        if g.lower(other) in ("raised", "bred"):
            targets += list(places(reading, other, "in"))
    for _, name in targets[:1]:
        reading.add(people, "BORN_IN", [name.text], verb)


def visit(reading: Reading, verb: Token) -> None:
    if not g.past(verb) and not g.kids(verb, "aux") and verb.tag_ != "VBD":
        return
    for target in g.objects(verb):
        name = reading.sentence.name_at(target)
        if name is not None and name.type in (t.LOCATION, t.ORG, t.PRODUCT):
            reading.add(reading.doers(verb), "VISITED", [name.text], verb)
        for owner in g.kids(target, "poss", "compound") if name is None or name.type == t.EVENT else ():
            house = reading.sentence.name_at(owner)
            if house is not None and house.type == t.LOCATION:
                reading.add(reading.doers(verb), "VISITED", [house.text], verb)
    _at_places(reading, verb, "in", "at")


def go(reading: Reading, verb: Token) -> None:
    """As in "went to the museum", "took my niece to", "got back from", "spent a week in", "had dinner at"."""
    people = reading.doers(verb)
    if g.lemma(verb) == "go" and not g.past(verb) and not g.kids(verb, "aux"):
        for _, name in places(reading, verb, "to"):
            if reading.sentence.doc[name.stop - 1].lower_ in lx.STUDY_HEADS:
                reading.add(people, "STUDIED_AT", [name.text], verb)
        return
    if not _happened(verb):
        return
    words = {
        "go": ("to",),
        "take": ("to",),
        "get": ("from", "at"),
        "return": ("from",),
        "come": ("from",),
        "fly": ("to",),
        "drive": ("to",),
        "travel": ("to", "in", "around"),
        "spend": ("in", "at"),
        "stay": ("in", "at"),
        "have": ("at",),
        "see": ("at",),
        "eat": ("at", "in"),
        "attend": ("at",),
        "volunteer": (),
        "participate": (),
        "watch": ("at",),
        "celebrate": ("at", "in"),
        "hike": ("in", "to"),
        "catch": (),
        "bring": ("to",),
        "land": ("in", "at"),
        "arrive": ("in", "at"),
        "explore": (),
        "camp": ("in", "at"),
    }.get(g.lemma(verb), ())
    if g.lemma(verb) in ("get", "come") and not any(g.lower(c) in ("back", "home") for c in verb.children):
        return
    if g.lemma(verb) == "take" and not any(
        g.lemma(o) in ("trip", "vacation", "tour") or g.lemma(o) in lx.PEOPLE or reading.who([o])
        for o in g.objects(verb)
    ):
        return
    _at_places(reading, verb, *words)
    if g.lemma(verb) in ("see", "watch", "catch"):  # "saw them live at the Garden"
        for staged in g.kids(verb, "ccomp", "xcomp"):
            for _, name in places(reading, staged, "at"):
                _visited(reading, people, name, verb)
    for _, _, target in g.all_prepositions(verb):
        if g.lemma(target) in TRIPS:
            for word, _, place in g.prepositions(target):
                goal = reading.sentence.name_at(place)
                if goal is not None and word in ("to", "at", "in"):
                    _visited(reading, people, goal, verb)


def _happened(verb: Token) -> bool:
    if g.hedged(verb) or g.future(verb):
        return False
    return verb.tag_ in ("VBD", "VBN") or (
        verb.tag_ == "VBG" and verb.dep_ in ("pcomp", "advcl", "acl", "xcomp", "conj") and _main_past(verb)
    )


def _main_past(verb: Token) -> bool:
    top = g.above(verb)
    return top is not None and (g.past(top) or top.tag_ in ("VBD", "VBN"))


def _at_places(reading: Reading, verb: Token, *words: str) -> None:
    if not words:
        return
    people = reading.doers(verb)
    for _word, name in places(reading, verb, *words):
        _visited(reading, people, name, verb)
        for inner, _, place in g.prepositions(reading.sentence.doc[name.start : name.stop].root):
            within = reading.sentence.name_at(place)
            if inner == "in" and within is not None and within.type == t.LOCATION:
                _visited(reading, people, within, verb)


def _visited(reading: Reading, people: list[str], name: Name, verb: Token) -> None:
    if name.type in (t.LOCATION, t.ORG, ""):
        reading.add(people, "VISITED", [name.text], verb)
