"""The relations of one sentence: those that its verbs state by the table of `patterns`, and those of noun phrases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from entities.relation_types import relation_type
from entities.types import RelationMention
from memories.extraction import grammar as g
from memories.extraction import key_values, phrases
from memories.extraction import kinds as t
from memories.extraction import name_spans as nm
from memories.extraction import word_classes as lx
from memories.extraction.patterns import (
    BY_VERB,
    COMPLEMENT,
    OBJECT,
    OF_PREDICATES,
    PREDICATES,
    THIRD_PERSON,
    Fits,
    Past,
    Pattern,
)
from memories.extraction.sentence_context import GUESSED, SentenceContext

if TYPE_CHECKING:
    from spacy.tokens import Token


FITS = {
    "WORKS_AT": Fits.COMPANY,
    "LIVES_IN": Fits.PLACE,
    "BORN_IN": Fits.PLACE,
    "STUDIED_AT": Fits.SCHOOL,
} | dict.fromkeys(("LIKES", "DISLIKES"), Fits.LIKED)


def relations(context: SentenceContext) -> list[RelationMention]:
    """All that the sentence states, each pair of ends once."""
    phrases.read(context)
    for token in context.sentence.doc:
        is_clause = (g.is_verb(token) or token.tag_.startswith("VB")) and token.dep_ not in ("aux", "auxpass")
        if is_clause and token.i not in context.quoted:
            _verb(context, token)
    return _with_roles(list(context.stated.values()))


def _verb(context: SentenceContext, verb: Token) -> None:
    lemma = THIRD_PERSON.get(g.lower(verb)) or g.lemma(verb)  # the lemmatizer takes "hates" for hats
    patterns = BY_VERB.get(lemma, ())
    if not patterns or not g.claimed(verb):
        return
    people = context.subjects(verb)
    if lemma == "be":
        _predicates(context, verb, people)
    if lemma in ("leave", "quit") and g.happened(verb) and not g.negated(verb):
        for kind in ("WORKS_AT", "LIVES_IN"):  # "I left Ghent": a home or an employer, whichever is known
            names = [n for n in map(context.sentence.name_at, g.objects(verb)) if n and n.type == t.LOCATION]
            context.add(people, kind, [n.text for n in names], verb, ended=True, confidence=GUESSED)
    is_over, happened = g.ended(verb), g.happened(verb)
    for pattern in patterns:
        ended = _ended(pattern, verb, lemma, is_over, happened)
        if ended is not None and _object_fits(pattern, verb):
            _apply(context, pattern, verb, people, ended)


def _apply(context: SentenceContext, pattern: Pattern, verb: Token, people: list[str], ended: bool) -> None:
    kind = "DISLIKES" if pattern.type == "LIKES" and g.negated(verb) and not ended else pattern.type
    is_passive = bool(g.children(verb, "nsubjpass")) and OBJECT in pattern.slot
    tokens = _targets(pattern, verb, is_passive)
    if kind == "PART_OF":  # "Checkout belongs to Commerce": a person is a member
        people = [s for s in context.fitting(g.subjects(verb), Fits.NAMED) if not context.is_person(s)]
    if pattern.turned and is_passive:
        return  # "was hired by": a pattern of its own
    targets, sources = [] if pattern.turned else context.fitting(tokens, pattern.fits), people
    if relation_type(kind).symmetric:  # "A is married to B", "A and B got married"
        sources, targets = (people, targets) if targets and targets != people else (people[:1], people[1:])
    elif is_passive:
        sources = context.refer(x for word, x in g.prepositions(verb) if word == "by")
    elif pattern.turned:
        sources = [s for s in context.refer(tokens) if kind != "OWNS" or context.is_person(s)]
        targets = context.fitting(g.subjects(verb), pattern.fits)
        kind = "HAS_PET" if kind == "OWNS" and any(g.lemma(x) in lx.PETS for x in g.subjects(verb)) else kind
    elif kind == "HAS_ROLE" and (others := context.refer(g.children(verb, "dobj"))):
        sources = others  # "they hired me as a tester"
    elif kind == "VISITED" and g.lemma(verb) == "be" and verb.tag_ == "VBN":  # "I've been in Leith since 2019"
        kind = "LIVES_IN" if _is_lasting(verb) else kind
    context.add(sources, kind, targets, verb, ended=ended)
    if kind == "HAS_ROLE" and targets:
        phrases.employ(context, sources, tokens, verb, ended)


def _ended(pattern: Pattern, verb: Token, lemma: str, ended: bool, happened: bool) -> bool | None:
    """Whether the relation has ended; None if the verb states none."""
    if lemma in ("stand", "bear") and pattern.type == "DISLIKES":
        return False if g.negated(verb) and g.children(verb, "aux") else None
    if g.negated(verb) and not ended:
        return False if pattern.type == "LIKES" and not g.past(verb) else None
    if pattern.ends:
        return None if ended or not happened else True
    if ended:
        return True
    match pattern.past:
        case Past.ENDED:  # "employed by", "based in" tell no time
            is_bare = verb.tag_ == "VBN" and not any(a.tag_ == "VBD" for a in g.children(verb, "aux", "auxpass"))
            return g.past(verb) and not is_bare
        case Past.HOLDS:
            return False if happened or pattern.type in ("STUDIED_AT", "HAS_PET") else None
        case Past.IGNORED:
            return None if g.past(verb) else False


def _object_fits(pattern: Pattern, verb: Token) -> bool:
    if pattern.of is None:
        return True
    own = g.children(verb, *g.OBJECTS)
    return all(g.lemma(o) in pattern.of for o in own) if own else not pattern.needs_object


def _targets(pattern: Pattern, verb: Token, is_passive: bool) -> list[Token]:
    found: list[Token] = []
    if OBJECT in pattern.slot:
        found += g.subjects(verb) if is_passive else g.objects(verb)
    if COMPLEMENT in pattern.slot:
        found += g.complements(verb)
    found += [target for word, target in g.all_prepositions(verb) if word in pattern.slot]
    if pattern.fits is Fits.LIKED:
        found += [c for c in g.children(verb, "xcomp") if c.tag_ == "VBG"]
    return found


def _predicates(context: SentenceContext, verb: Token, people: list[str]) -> None:
    """The complements of "be": "X is a fan of Y", "is married to Y", "my favourite colour is green", "X is my boss"."""
    ended, complements = g.past(verb) or g.ended(verb), g.complements(verb)
    inner = [x for _, x in g.prepositions(verb) if x.pos_ == "NOUN"]  # "in charge of", "on the board of"
    for word in (*g.children(verb, "acomp"), *complements, *inner):
        kind, fits = PREDICATES.get(g.lower(word)) or PREDICATES.get(g.lemma(word)) or ("", Fits.NAMED)
        if g.lemma(word) in lx.PARTS and people and not context.is_person(people[0]):
            kind, fits = "PART_OF", Fits.NAMED
        if g.lower(word) in ("mine", "ours", "yours", "hers", "theirs"):
            context.add(context.refer([word]), "OWNS", context.fitting(g.children(verb, "nsubj"), Fits.THING), verb)
        if g.negated(verb) and not g.ended(verb):
            kind = "DISLIKES" if kind == "LIKES" else ""
        if kind:
            targets = context.beside(word, OF_PREDICATES, fits)
            sources, targets = (people[:1], people[1:]) if kind == "MARRIED_TO" and not targets else (people, targets)
            context.add(sources, kind, targets, verb, ended=ended and kind != "CREATED")
    subject = next(iter(g.children(verb, "nsubj")), None)
    if subject is None or (g.negated(verb) and not g.ended(verb)):
        return
    for noun in complements:
        kin = "HAS_PET" if g.lemma(noun) in lx.PETS else phrases.kin(noun)
        if kin and noun.i not in context.sentence.links:
            whose = phrases.owners(context, noun) or ([t.SELF] if kin == "FRIEND_OF" and len(people) == 1 else [])
            whose = context.beside(noun, ("with",), Fits.PERSON) or whose
            context.add(whose, kin, people, verb, ended=ended)
    owners, lemma = phrases.owners(context, subject), g.lemma(subject)
    for noun in complements:
        _complement(context, verb, noun, people, ended)
    if lemma == "home":  # "these days home is Halifax"
        context.add(owners or [t.SELF], "LIVES_IN", context.fitting(complements, Fits.PLACE), verb, ended=ended)
    elif lemma in lx.HOMES and owners:
        context.add(owners, "LIVES_IN", context.beside(verb, ("in", "near"), Fits.PLACE), verb, ended=ended)
    elif lemma in phrases.JOBS and owners:
        context.add(owners, "WORKS_AT", context.beside(verb, ("at", "with", "for"), Fits.COMPANY), verb, ended=ended)
    elif (key := key_values.KEYS.get(lemma)) and owners and not g.children(subject, "amod"):
        context.add(owners, key, context.fitting(complements, FITS.get(key, Fits.NAMED)), verb, ended=ended)
    named = [n for n in map(context.sentence.name_at, complements) if n is not None]
    if owners and any(g.lower(a) in lx.FAVOURITE for a in g.children(subject, "amod")):
        liked = complements or g.children(verb, "acomp")
        context.add(owners, "LIKES", context.fitting(liked, Fits.LIKED), verb, ended=ended)
    elif nm.is_role(lemma) and lemma not in lx.KIN:
        called = [n.text for n in named if n.type == t.PERSON]  # "the CFO of Orkla is Birgitte"
        context.add(called, "HAS_ROLE", [g.role_text(subject)], verb, ended=ended)
        phrases.employ(context, called, [subject], verb, ended)
    elif owners and g.children(subject, "poss") and lemma in lx.GOODS:
        things = context.fitting([*complements, *(x for c in complements for x in c.lefts)], Fits.THING)
        context.add(owners, "OWNS", [x for x in things if not x.islower()][:1], verb, ended=ended)


def _complement(context: SentenceContext, verb: Token, noun: Token, people: list[str], ended: bool) -> None:
    """As in "Ada and Kim are friends", "Catan is my favourite game", "the Ibis is my boat"."""
    kin = "PARTNER_OF" if g.lemma(noun) in ("couple", "item") else phrases.kin(noun)
    subject, whose = g.children(verb, "nsubj"), phrases.owners(context, noun)
    if relation_type(kin).symmetric and len(people) == 2 and not whose:
        context.add(people[:1], kin, people[1:], verb, ended=ended)
    group = next((x for word, x in g.prepositions(noun) if word == "of" and g.lemma(noun) == "one"), noun)
    named = context.fitting(subject, Fits.NAMED)
    if any(g.lower(a) in lx.FAVOURITE for a in g.children(group, "amod")):
        context.add(phrases.owners(context, group), "LIKES", named, verb, ended=ended)
    elif g.lemma(noun) in lx.HOMES and whose:  # "Trieste has been my home"
        context.add(whose, "LIVES_IN", context.fitting(subject, Fits.PLACE), verb, ended=ended)
    elif g.lemma(noun) in lx.WORKS:  # "Salt Roads is a novel by Jana"
        context.add(context.beside(noun, ("by",), Fits.PERSON), "CREATED", named, verb)
    elif g.children(noun, "poss") and g.lemma(noun) in lx.GOODS:
        context.add(whose, "OWNS", context.fitting(subject, Fits.THING) if named else [], verb, ended=ended)


def _is_lasting(verb: Token) -> bool:
    words = {g.lower(x) for x in g.children(verb, "prep")}
    return "in" in words and not words.isdisjoint({"since", "for"})


def _with_roles(stated: Iterable[RelationMention]) -> list[RelationMention]:
    """ "Works at Google as an engineer" is one relation, with the role as its property."""
    found = list(stated)
    for role in [s for s in found if s.type == "HAS_ROLE"]:
        jobs = [s for s in found if (s.type, s.source, s.ended) == ("WORKS_AT", role.source, role.ended)]
        if len(jobs) == 1 and not jobs[0].properties:
            found[found.index(jobs[0])] = replace(jobs[0], properties={"role": role.target})
            found.remove(role)
    return found
