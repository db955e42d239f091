"""Verbs of having, liking and making."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.providers.rules import entities as en
from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.found import Reading
from memories.providers.rules.verbs.common import places

if TYPE_CHECKING:
    from spacy.tokens import Token


def own(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    lemma = g.lemma(verb)
    if lemma == "get" and any(
        g.lemma(a) in ("have", "'ve") or g.lower(a) in ("'ve", "have", "has") for a in g.kids(verb, "aux")
    ):
        lemma = "have"  # "I've got three bikes"
    if g.kids(verb, "nsubjpass") or (lemma == "have" and verb.dep_ in ("aux",)):
        return
    over = lemma in ("have", "own", "drive", "ride") and g.past(verb)
    for target in _things(verb):
        if g.lemma(target) in lx.PETS and g.negated(verb):
            reading.add(people, "HAS_PET", [reading.what(target)], verb)  # "I no longer have a dog"
            continue
        if lemma in ("get", "have", "pick") and not _concrete(reading, target, lemma):
            continue
        if not _thing(reading, target):
            continue
        reading.add(people, "OWNS", [reading.what(target)], verb, past=over)


def _things(verb: Token) -> list[Token]:
    """The objects; of "three of them - a road bike, …" the list behind it too."""
    found = g.objects(verb)
    for first in list(found):
        if first.pos_ in ("NUM", "PRON"):
            for appositive in g.kids(first, "appos"):
                found += g.with_conjuncts(appositive)
    seen: list[Token] = []
    for token in found:
        if token not in seen and token.pos_ in ("NOUN", "PROPN"):
            seen.append(token)
    return seen


def _concrete(reading: Reading, target: Token, lemma: str) -> bool:
    name = reading.sentence.name_at(target)
    if name is not None:
        return name.type == t.PRODUCT and not name.quoted
    if target.tag_ in ("VBG",) or g.lemma(target) in lx.ABSTRACT or g.lemma(target).endswith(lx.ABSTRACT_ENDINGS):
        return g.lemma(target) in ("furniture",)
    if any(
        c.dep_ == "neg" or g.lower(c) in ("no", "any", "some", "enough", "more", "much", "many")
        for c in target.children
    ):
        return False
    if lemma == "get":
        return any(g.lemma(c) in ("new", "own") for c in g.kids(target, "amod")) or any(
            w == "from" for w, _, _ in (*g.prepositions(target), *g.prepositions(target.head))
        )
    return any(g.lower(c) in ("a", "an") or c.dep_ == "nummod" for c in target.children) or target.dep_ in (
        "appos",
        "conj",
    )


def _thing(reading: Reading, target: Token) -> bool:
    lemma, low = g.lemma(target), g.lower(target)
    if (
        lemma in lx.PEOPLE
        or lemma in lx.PETS
        or low in lx.PETS
        or en.is_role(lemma)
        or lemma in ("ticket", "gift", "present", "lot")
    ):
        return False
    if target.i in reading.sentence.links and reading.sentence.links[target.i][0].type == t.PERSON:
        return False
    name = reading.sentence.name_at(target)
    return name is None or name.type in (t.PRODUCT, t.ORG, "")


def like(reading: Reading, verb: Token) -> None:
    kind = "DISLIKES" if g.lemma(verb) in lx.DISLIKE else "LIKES"
    if g.lemma(verb) in ("like", "love", "prefer") and any(g.lower(a) in ("would", "'d") for a in g.kids(verb, "aux")):
        return
    deny = g.negated(verb) and kind == "LIKES" and not _any_more(verb)
    people = _both(reading, verb)
    targets = g.objects(verb) + [
        x for x in g.kids(verb, "xcomp", "ccomp") if x.tag_ == "VBG" and not g.objects(x) and not g.kids(x, "nsubj")
    ]
    for first in list(targets):
        targets += [c for c in g.kids(first, "conj") if c not in targets and c.tag_ == "VBG"]
    for target in targets:
        bare = not g.kids(target, "amod", "compound") and reading.sentence.name_at(target) is None
        if target.pos_ == "PRON" or g.lemma(target) == "one" or (bare and g.lemma(target) in lx.ABSTRACT):
            continue  # "I love it", "I like the idea", but "long meetings"
        name = reading.sentence.name_at(target)
        what = name.text if name is not None else g.noun_text(target) if target.tag_ != "VBG" else target.text
        if deny:
            _add_denied(reading, people, what, verb)
        else:
            reading.add(people, kind, [what], verb, past=g.past(verb))
    if g.lemma(verb) == "prefer":
        for word, _, target in g.all_prepositions(verb):
            if word in ("over", "to"):
                reading.add(people, "DISLIKES", [reading.what(target)], verb, hedged=True)


def _both(reading: Reading, verb: Token) -> list[str]:
    """As in "I hate X and my girlfriend Lucía hates Y, but we both love Z"."""
    people = reading.doers(verb)
    subject = next(iter(g.kids(verb, "nsubj")), None)
    if subject is not None and g.lower(subject) in ("we", "both") and len(people) == 1:
        others = [n.text for n in reading.sentence.names if n.type == t.PERSON and n.stop <= verb.i]
        if any(g.lower(c) == "both" for c in (*verb.children, *subject.children)) and len(others) == 1:
            return [*people, *others]
    return people


def _any_more(verb: Token) -> bool:
    return any(g.lower(x) in ("more", "anymore", "longer") for x in verb.subtree)


def _add_denied(reading: Reading, people: list[str], what: str, verb: Token) -> None:
    if g.asked(verb) or g.hedged(verb):
        return
    reading.add(people, "DISLIKES", [what])
    reading.add(people, "LIKES", [what], negated=True)


def stand(reading: Reading, verb: Token) -> None:
    """As in "can't stand blue cheese"."""
    if g.negated(verb) and any(g.lower(a) in ("ca", "can", "could") for a in g.kids(verb, "aux")):
        for target in g.objects(verb):
            reading.add(reading.doers(verb), "DISLIKES", [reading.what(target)])


def draw(reading: Reading, verb: Token) -> None:
    """As in "I've been drawn to films like X and Y"."""
    if g.lower(verb) != "drawn":
        return
    for word, _, target in g.all_prepositions(verb):
        if word == "to":
            inner = [o for w, _, o in g.prepositions(target) if w == "like"]
            for each in inner or [target]:
                reading.add(reading.doers(verb), "LIKES", [reading.what(each)], verb)


def create(reading: Reading, verb: Token) -> None:
    passive = bool(g.kids(verb, "nsubjpass"))
    makers = [n.text for _, n in places(reading, verb, "by")] if passive else reading.doers(verb)
    things = g.subjects(verb) if passive else g.objects(verb)
    for thing in things:
        name = reading.sentence.name_at(thing) or next(iter(reading.sentence.links.get(thing.i, ())), None)
        if name is None or (name.type in (t.PERSON, t.LOCATION) and (name.sure or name.label == "GPE")):
            continue
        if not passive and not (verb.tag_ in ("VBD", "VBN") or name.quoted):
            continue
        if name.type == t.PERSON:
            name.type = t.PRODUCT
        if g.lemma(verb) in ("found", "establish", "launch", "start", "co-found") and not name.sure:
            name.type = t.ORG if g.lemma(verb) != "launch" else name.type
        elif name.type == t.ORG and not name.sure and g.lemma(verb) != "run":
            name.type = t.PRODUCT
        reading.add(makers, "CREATED", [name.text], verb)
