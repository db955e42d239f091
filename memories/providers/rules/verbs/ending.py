"""What ends a relation: quitting, leaving, selling, parting. Says only that it is over, as a negated relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.found import Reading

if TYPE_CHECKING:
    from spacy.tokens import Token

LEMMAS = (
    "quit",
    "leave",
    "resign",
    "retire",
    "sell",
    "lose",
    "divorce",
    "separate",
    "break",
    "split",
    "cancel",
    "stop",
    "drop",
    "give",
)


def read(reading: Reading, verb: Token) -> None:
    """Add what the verb ends."""
    if verb.tag_ not in ("VBD", "VBN", "VBZ", "VBP") or g.negated(verb):
        return
    people, lemma = reading.doers(verb), g.lemma(verb)
    if lemma in ("divorce", "separate", "break", "split"):
        _parted(reading, verb, people)
        return
    for target in g.objects(verb):
        what = reading.what(target)
        name = reading.sentence.name_at(target)
        if lemma in ("sell", "lose") and g.lemma(target) != "job":
            reading.add(people, "OWNS", [what], verb, negated=True)
        elif g.lemma(target) in ("job", "position", "role", "membership", "subscription"):
            _out_of(reading, verb, people, target)
        elif lemma in ("quit", "leave") and name is not None:
            _left(reading, verb, people, name.text, name.type)
        elif lemma == "leave":
            reading.add(people, "MEMBER_OF", [what], verb, negated=True)
        elif lemma == "cancel" and name is not None:
            for kind in ("OWNS", "MEMBER_OF"):
                reading.add(people, kind, [name.text], verb, negated=True)
    if lemma in ("resign", "retire"):
        for word, _, target in g.all_prepositions(verb):
            if word == "from":
                reading.add(people, "WORKS_AT", [reading.what(target)], verb, negated=True)


def _parted(reading: Reading, verb: Token, people: list[str]) -> None:
    others = reading.who(g.objects(verb)) + reading.who(
        x for w, _, x in g.all_prepositions(verb) if w in ("with", "from")
    )
    pairs = others or people[1:]
    for kind in ("MARRIED_TO", "PARTNER_OF"):
        reading.add(people[:1], kind, pairs, verb, negated=True)


def _out_of(reading: Reading, verb: Token, people: list[str], target: Token) -> None:
    kind = (
        "MEMBER_OF" if g.lemma(target) == "membership" else "OWNS" if g.lemma(target) == "subscription" else "WORKS_AT"
    )
    for word, _, place in g.all_prepositions(verb):
        if word in ("at", "with", "from", "to", "of"):
            reading.add(people, kind, [reading.what(place)], verb, negated=True)


def _left(reading: Reading, verb: Token, people: list[str], name: str, kind: str) -> None:
    """As in "left Ghent": the name alone may not say whether that was a home or an employer."""
    last = name.split()[-1].lower()
    kinds = (
        ["LIVES_IN"]
        if kind == t.LOCATION
        else ["MEMBER_OF"]
        if last in lx.MEMBERSHIPS
        else ["WORKS_AT", "LIVES_IN", "MEMBER_OF"]
    )
    for each in kinds:
        reading.add(people, each, [name], verb, negated=True)
