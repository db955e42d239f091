"""The relations of one sentence: those that its verbs state by the table of `patterns`, and those of noun phrases.

Noun phrases hold inside plans and questions too: "can you help my sister Emily" says that Emily is the user's sister.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from entities.types import SYMMETRIC_TYPES, Stated
from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import lexicon as lx
from memories.extraction import names as nm
from memories.extraction.dates import Dates, moment
from memories.extraction.discourse import Discourse
from memories.extraction.links import Sentence
from memories.extraction.names import Name
from memories.extraction.patterns import ADJECTIVES, BY_VERB, COMPLEMENT, NOUNS, OBJECT, TRIPS, Fits, Past, Pattern

if TYPE_CHECKING:
    from spacy.tokens import Token

SURE = 0.9  # the confidence of a relation that a sentence states
GUESSED = 0.4  # of an end that only ends what is known
# Roles that two people of one first name don't share: "my son Alex" isn't "my boss Alex".
EXCLUSIVE = {kind: kind for kind in ("PARENT_OF", "-PARENT_OF", "SIBLING_OF", "MARRIED_TO", "-MANAGES")} | {
    "PARTNER_OF": "MARRIED_TO"
}
KIN = frozenset(lx.KIN.values())
HAVING = lx.words("have get adopt own buy rescue raise keep welcome foster")
ENDING = lx.words("sell lose bury quit leave")
FORMER = lx.words("ex former previous old late future next potential dream")
HOMES = lx.words("flat apartment house home place condo studio loft cottage townhouse")


@dataclass
class Reading:
    """One sentence, and the relations that were found in it. `quoted`: tokens of somebody's quoted words."""

    sentence: Sentence
    discourse: Discourse
    dates: Dates
    quoted: frozenset[int]
    stated: list[Stated] = field(default_factory=list)

    def refer(self, tokens: Iterable[Token]) -> list[str]:
        """The names that `tokens` stand for, each once."""
        return list(dict.fromkeys(name for token in tokens for name in self.discourse.refer(token, self.sentence)))

    def add(
        self,
        sources: Iterable[str],
        kind: str,
        targets: Iterable[str],
        verb: Token | None = None,
        *,
        over: bool = False,
    ) -> None:
        """Each source with each target. A "-" before the type turns the two around."""
        start, stop = self.dates.bounds(verb) if verb is not None else (None, None)
        if over and stop is None and verb is not None and not g.past(verb):
            start, stop = None, start  # "no longer works there since May"
        targets = list(targets)
        if kind != "CREATED":
            sources = [source for source in sources if self._is_person(source, is_kin=kind in KIN)]
        for source in sources:
            for target in targets:
                a, b = (target, source) if kind.startswith("-") else (source, target)
                new = Stated(a, kind.lstrip("-"), b, {}, moment(start), moment(stop), SURE, over)
                known = {(s.source, s.type, s.target) for s in self.stated}
                if a != b and (a, new.type, b) not in known:
                    self.stated.append(new)

    def _is_person(self, source: str, *, is_kin: bool) -> bool:
        """Firms and towns don't live, work or like. A type that was only guessed gives way."""
        name = next((n for n in self.sentence.names if n.text == source), None)
        if name is None or name.type == t.PERSON:
            return True
        if name.sure or (name.label == "ORG" and not is_kin) or nm.head_type(source.split()[-1].lower()):
            return name.type not in (t.ORG, t.LOCATION, t.EVENT)
        return _retype(name, t.PERSON)


def relations(reading: Reading) -> list[Stated]:
    """All that the sentence states, each pair of ends once."""
    for index, names in reading.sentence.links.items():
        if index not in reading.quoted:
            _linked(reading, reading.sentence.doc[index], names)
    for name in reading.sentence.names:
        if name.start not in reading.quoted:
            _named(reading, name)
    for token in reading.sentence.doc:
        if token.i in reading.quoted:
            continue
        if (g.is_verb(token) or token.tag_.startswith("VB")) and token.dep_ not in ("aux", "auxpass"):
            _verb(reading, token)
        elif token.pos_ in ("NOUN", "PROPN") and token.i not in reading.sentence.links:
            _owned(reading, token)
    return _with_roles(reading.stated)


# --- verbs -----------------------------------------------------------------------------------------------------------
def _verb(reading: Reading, verb: Token) -> None:
    patterns = BY_VERB.get(g.lemma(verb), ())
    if not (patterns or g.lemma(verb) in ("be", "stand", "bear", "name", "call")) or not g.claimed(verb):
        return
    people = _doers(reading, verb)
    if not people:
        return
    if g.lemma(verb) in ("name", "call"):  # "we named her Juniper"
        names = [n for o in g.children(verb, "oprd") if (n := reading.sentence.name_at(o)) is not None]
        if names and any(g.lower(x) in ("him", "her", "it") for x in verb.subtree):
            _name_before(reading, names)
    _predicates(reading, verb, people)
    if g.lemma(verb) in ("stand", "bear") and g.negated(verb) and g.children(verb, "aux"):
        reading.add(people, "DISLIKES", _all(reading, g.objects(verb), Fits.LIKED), verb)
    for pattern in patterns:
        over = _over(pattern, verb)
        if over is None or not _object_fits(pattern, verb):
            continue
        kind = "DISLIKES" if pattern.type == "LIKES" and g.negated(verb) and not over else pattern.type
        passive = bool(g.children(verb, "nsubjpass")) and OBJECT in pattern.slot
        targets, sources = _all(reading, _targets(pattern, verb, passive), pattern.fits), people
        if pattern.ends and pattern.type == "WORKS_AT" and OBJECT in pattern.slot and not targets:
            _left(reading, verb, people)
        if kind in SYMMETRIC_TYPES:
            passive = False  # "got married", "is married to"
            targets = targets if targets and targets != people else people[1:]
            sources = people[:1] if targets == people[1:] else people
        if passive:
            sources = reading.refer(x for word, x in g.prepositions(verb) if word == "by")
        reading.add(sources, kind, targets, verb, over=over)
        if kind == "HAS_ROLE" and targets:
            _employer(reading, people, _targets(pattern, verb, False), verb, over)


def _doers(reading: Reading, verb: Token) -> list[str]:
    subjects = g.subjects(verb)
    if subjects:
        return reading.refer(subjects)
    return [t.USER] if g.lacks_subject(verb) and not g.is_question(verb.doc) else []


def _over(pattern: Pattern, verb: Token) -> bool | None:
    """Whether the relation is over; None if the verb states none."""
    over = g.ended(verb)
    if g.negated(verb) and not over:
        return False if pattern.type == "LIKES" and not g.past(verb) else None
    if pattern.ends:
        return None if over or not g.happened(verb) else True
    if over:
        return True
    match pattern.past:
        case Past.ENDED:
            return g.past(verb) and not _is_bare_participle(verb)
        case Past.HOLDS:
            return False if g.happened(verb) or pattern.type in ("STUDIED_AT", "HAS_PET") else None
        case Past.NEEDED:
            return False if g.happened(verb) or (pattern.type == "CREATED" and verb.tag_ == "VBN") else None
        case Past.IGNORED:
            return None if g.past(verb) else False


def _is_bare_participle(verb: Token) -> bool:
    """As in "employed by", "led by", "based in": it tells no time."""
    return verb.tag_ == "VBN" and not any(a.tag_ == "VBD" for a in g.children(verb, "aux", "auxpass"))


def _object_fits(pattern: Pattern, verb: Token) -> bool:
    if pattern.of is None:
        return True
    own = g.children(verb, *g.OBJECTS)
    return all(g.lemma(o) in pattern.of for o in own) if own else not pattern.needs_object


def _targets(pattern: Pattern, verb: Token, passive: bool) -> list[Token]:
    found: list[Token] = []
    if OBJECT in pattern.slot:
        found += g.subjects(verb) if passive else [inner for o in g.objects(verb) for inner in _contents(o)]
    if COMPLEMENT in pattern.slot:
        found += g.complements(verb)
    found += [target for word, target in g.all_prepositions(verb) if word in pattern.slot]
    if pattern.fits is Fits.LIKED:
        found += [c for c in g.children(verb, "xcomp") if c.tag_ == "VBG"]
    if pattern.fits is Fits.PLACE:
        found += [c for c in g.children(verb, "advmod") if g.lower(c) in ("here", "there")]
    return found


def _left(reading: Reading, verb: Token, people: list[str]) -> None:
    """ "I left X": a home or an employer, whichever is known."""
    names = [n for o in g.objects(verb) if (n := reading.sentence.name_at(o)) is not None and n.type == t.LOCATION]
    for kind in ("WORKS_AT", "LIVES_IN"):
        reading.stated += [Stated(p, kind, n.text, confidence=GUESSED, ended=True) for p in people for n in names]


def _contents(noun: Token) -> list[Token]:
    """The things of "a pair of boots"."""
    inner = [x for word, x in g.prepositions(noun) if word == "of"] if g.lemma(noun) in lx.CONTAINERS else []
    return inner or [noun]


def _predicates(reading: Reading, verb: Token, people: list[str]) -> None:
    """The complements of "be": "X is a fan of Y", "is married to Y", "my favourite colour is green", "X is my boss"."""
    if g.lemma(verb) != "be" or (g.negated(verb) and not g.ended(verb)):
        return
    over = g.past(verb) or g.ended(verb)
    for adjective in g.children(verb, "acomp"):
        kind, fits = ADJECTIVES.get(g.lower(adjective), ("", Fits.NAMED))
        if kind:
            targets = _all(reading, [x for _, x in g.prepositions(adjective)], fits)
            if kind == "MARRIED_TO" and not targets and len(people) == 2:
                people, targets = people[:1], people[1:]
            reading.add(people, kind, targets, verb, over=over)
    subject = next(iter(g.children(verb, "nsubj")), None)
    complements = g.complements(verb)
    for noun in complements:
        kind, fits = NOUNS.get(g.lemma(noun), ("", Fits.NAMED))
        if kind:
            targets = _all(reading, [x for word, x in g.prepositions(noun) if word in ("of", "at", "from")], fits)
            reading.add(people, kind, targets, verb, over=over and kind != "CREATED")
        if (kin := _kin(noun)) and noun.i not in reading.sentence.links and subject is not None:
            reading.add(_owners(reading, noun), kin, people, verb, over=over)
    if subject is None:
        return
    owners = _owners(reading, subject)
    if owners and any(g.lower(a) in ("favorite", "favourite") for a in g.children(subject, "amod")):
        liked = complements or g.children(verb, "acomp")
        reading.add(owners, "LIKES", _all(reading, liked, Fits.LIKED), verb, over=over)
    elif nm.is_role(g.lemma(subject)) and g.lemma(subject) not in lx.KIN:
        called = [name for name in map(reading.sentence.name_at, complements) if name and name.type == t.PERSON]
        for name in called:  # "the CFO of Orkla is Birgitte"
            reading.add([name.text], "HAS_ROLE", [g.role_text(subject)], verb, over=over)
            _employer(reading, [name.text], [subject], verb, over)
    elif owners and g.children(subject, "poss") and g.lemma(subject) not in lx.ABSTRACT | lx.PEOPLE | lx.PETS:
        named = [x for c in complements for x in (c, *g.children(c, "compound", "nmod"))]
        things = [n for n in map(reading.sentence.name_at, named) if n and n.type == t.PRODUCT]
        reading.add(owners, "OWNS", [n.text for n in things[:1]], verb, over=over)


def _employer(reading: Reading, people: list[str], roles: Iterable[Token], verb: Token | None, over: bool) -> None:
    """As in "a nurse at Mercy Hospital", "the CFO of Orkla": the company beside the role."""
    for role in roles:
        beside = [x for word, x in g.prepositions(role) if word in ("at", "for", "with", "of")]
        reading.add(people, "WORKS_AT", _all(reading, beside, Fits.COMPANY), verb, over=over)


# --- targets ---------------------------------------------------------------------------------------------------------
def _all(reading: Reading, tokens: Iterable[Token], fits: Fits) -> list[str]:
    return list(dict.fromkeys(name for token in tokens for name in _fitting(reading, token, fits)))


def _fitting(reading: Reading, token: Token, fits: Fits) -> Iterator[str]:
    """The names of a target, or its noun if the pattern takes one."""
    name = reading.sentence.name_at(token) or _first(reading.sentence.links.get(token.i))
    if name is None and fits in (Fits.NAMED, Fits.THING, Fits.CLUB):  # "the Falcon project", "a Honda Civic sedan"
        name = next((n for n in reading.sentence.names if n.stop == token.i and token.dep_ != "conj"), None)
    match fits:
        case Fits.PERSON:
            yield from reading.refer([token])
        case Fits.ROLE:
            if name is None and nm.is_role(g.lemma(token)) and g.lemma(token) not in lx.KIN:
                yield g.role_text(token)
        case Fits.PLACE if g.lower(token) in ("here", "there"):
            place = reading.discourse.place(token, reading.sentence)
            yield from [place] if place else []
        case Fits.PET:
            if g.lemma(token) in lx.PETS and token.i not in reading.sentence.at:
                names = reading.sentence.links.get(token.i)
                yield from [n.text for n in names] if names else [g.noun_text(token)]
        case Fits.THING | Fits.CLUB if token.i in reading.sentence.links:
            yield from [n.text for n in reading.sentence.links[token.i] if _suits(reading, n, token, fits)]
        case Fits.CLUB if name is None:
            if g.lemma(token) in lx.MEMBERSHIPS:
                yield g.noun_text(token)
        case Fits.THING | Fits.LIKED if name is None:
            yield from _noun(reading, token, fits)
        case _:
            if name is not None and _suits(reading, name, token, fits):
                yield name.text


def _noun(reading: Reading, token: Token, fits: Fits) -> Iterator[str]:
    lemma = g.lemma(token)
    if token.tag_ == "VBG" and fits is Fits.LIKED:
        yield str(reading.sentence.doc[token.i : token.right_edge.i + 1].text)
    elif token.pos_ in ("NOUN", "PROPN") and not any(g.lower(d) in ("no", "any", "that", "this") for d in token.lefts):
        is_thing = lemma not in lx.PEOPLE | lx.PETS and not nm.is_role(lemma)
        is_concrete = lemma not in lx.ABSTRACT and not lemma.endswith(lx.ABSTRACT_ENDINGS)
        if is_thing and (is_concrete or (fits is Fits.LIKED and lemma not in lx.VAGUE)):
            yield g.noun_text(token)


def _suits(reading: Reading, name: Name, token: Token, fits: Fits) -> bool:
    """Whether a named target fits; a type that was only guessed gives way to the pattern's."""
    head = reading.sentence.doc[name.stop - 1].lower_
    is_club = head in lx.MEMBERSHIPS or g.lemma(token) in lx.MEMBERSHIPS
    guessed = not name.sure and name.label in ("", "PERSON", "PRODUCT", "WORK_OF_ART", "ORG")
    match fits:
        case Fits.CLUB:
            return is_club or name.type == t.ORG and token.head.lower_ in ("in", "to", "of")
        case Fits.COMPANY:
            if is_club or name.type == t.EVENT or (name.type == t.PERSON and not guessed):
                return False
            is_at = token.head.lower_ in ("at", "for", "with")  # nobody works "at" a town
            return (name.type != t.LOCATION or guessed or is_at) and _retype(name, t.ORG)
        case Fits.SCHOOL:
            is_school = any(w.lower_ in lx.STUDY_HEADS for w in reading.sentence.doc[name.start : name.stop + 1])
            is_at = token.head.lower_ == "at" and name.type != t.EVENT  # nobody studies "at" a town
            return is_school or ((name.type == t.ORG or is_at) and token.head.head.lemma_ != "go")
        case Fits.PLACE:
            return (name.type == t.LOCATION or guessed) and _retype(name, t.LOCATION)
        case Fits.SIGHT:
            return name.type in (t.LOCATION, t.ORG)
        case Fits.THING:
            return name.type in (t.PRODUCT, "")
        case _:
            return True


def _retype(name: Name, kind: str) -> bool:
    if not name.sure:
        name.type, name.sure = kind, True
    return True


def _first(names: list[Name] | None) -> Name | None:
    return names[0] if names else None


# --- noun phrases ----------------------------------------------------------------------------------------------------
def _kin(noun: Token) -> str:
    """The relation of (owner, person) that a noun states; of "a boy named Luka" after "her child" the child's."""
    if noun.i + 2 < len(noun.doc) and noun.doc[noun.i + 1].text == "-" and noun.doc[noun.i + 2].lower_ == "in":
        return ""  # sister-in-law
    for word in (noun, noun.head if noun.dep_ == "appos" else noun):
        if kin := lx.KIN.get(g.lower(word)) or lx.KIN.get(g.lemma(word)) or lx.KIN.get(g.lower(word).rstrip("s")):
            return kin
    return ""


def _linked(reading: Reading, noun: Token, names: list[Name]) -> None:
    """A noun with the names that it stands for: "my sister Emily", "a dog named Rex", "the landlord, Mr. Okonkwo"."""
    called, owners = [name.text for name in names], _owners(reading, noun)
    verb, lemma = g.head_verb(noun), g.lemma(noun).removesuffix("s")
    possessed = bool(g.children(noun, "poss"))
    if verb is not None and not possessed and noun.dep_ in ("dobj", "attr", "nsubj", "oprd") and not g.claimed(verb):
        return
    if verb is not None and noun.dep_ in ("attr", "dobj") and (g.negated(verb) or g.asked(verb)):
        return
    over = any(g.lower(c) in FORMER for c in (*g.children(noun, "amod", "compound"), *noun.lefts)) or (
        verb is not None and noun.dep_ == "dobj" and g.lemma(verb) in ENDING and g.happened(verb)
    )
    kin = _kin(noun)
    if not kin and lemma in ("boy", "girl", "newborn") and verb is not None and g.lemma(verb) in ("have", "welcome"):
        kin = "PARENT_OF"
    if kin:
        reading.add(owners, kin, called, over=over)
    if kin and owners == [t.USER]:
        for name in names:
            name.qualifier = EXCLUSIVE.get(kin, "")
    if lemma in ("twin", "triplet", "sibling") and len(called) > 1:
        reading.add(called[:1], "SIBLING_OF", called[1:])
    if names[0].type == t.PERSON:  # "my sister Emily in Denver"
        beside = g.prepositions(reading.sentence.doc[names[0].start : names[0].stop].root)
        reading.add(called, "LIVES_IN", _all(reading, [x for word, x in beside if word == "in"], Fits.PLACE))
    if not kin and lemma in lx.PETS or g.lower(noun) in lx.PETS:
        reading.add(owners, "HAS_PET", called, over=over)
    elif names[0].type == t.PERSON and nm.is_role(lemma) and not kin and noun.dep_ != "attr":
        reading.add(called, "HAS_ROLE", [g.role_text(noun)], over=over)
        _employer(reading, called, [noun], None, over)
    elif g.lower(noun) == "name" and owners[:1] != [t.USER]:
        _name_before(reading, names)  # "I adopted a kitten. Her name is Saffron."
    elif names[0].type == t.PRODUCT and possessed and lemma not in lx.WORKS | lx.ABSTRACT:
        reading.add(owners, "OWNS", called, over=over)


def _name_before(reading: Reading, names: list[Name]) -> None:
    """The pet or relative whom the text spoke of, and didn't name."""
    if reading.discourse.unnamed is None:
        return
    before, whose = reading.discourse.unnamed
    for name in names:
        name.type, name.sure = t.PERSON, True
    reading.add(whose, "HAS_PET" if before in lx.PETS else lx.KIN[before], [name.text for name in names])


def _named(reading: Reading, name: Name) -> None:
    """What stands behind a name: "Mei Chen of Acme Labs", "The Overstory" by Richard Powers."""
    doc, index = reading.sentence.doc, name.stop
    while index < len(doc) and (doc[index].is_punct or doc[index].is_quote):
        index += 1
    if name.type == t.PRODUCT and index + 1 < len(doc) and doc[index].lower_ == "by":
        maker = reading.sentence.at.get(index + 1)
        reading.add([maker.text] if maker is not None else [], "CREATED", [name.text])
    if name.type == t.PERSON:
        beside = list(g.prepositions(doc[name.start : name.stop].root))
        reading.add([name.text], "WORKS_AT", _all(reading, [x for word, x in beside if word == "of"], Fits.COMPANY))
        groups = [g.noun_text(x).lower() for word, x in beside if word == "from" and x.i <= name.stop + 2]
        name.qualifier = name.qualifier or next((f"from {group}" for group in groups), "")


def _owned(reading: Reading, noun: Token) -> None:
    """As in "my Canon", "our flat in Antwerp", "my job at Acme", and a pet or relative that has no name yet."""
    verb = g.head_verb(noun)
    if noun.dep_ == "pobj" and g.lower(noun.head) == "as" and nm.is_role(g.lemma(noun)) and verb is not None:
        people = _doers(reading, verb) if noun.i < verb.i else []  # "As a nurse at Mercy, I …"
        reading.add(people, "HAS_ROLE", [g.role_text(noun)])
        _employer(reading, people, [noun], None, False)
    if g.lemma(noun) in lx.PETS | frozenset(lx.KIN) and (owners := _owners(reading, noun)):
        reading.discourse.unnamed = (g.lemma(noun), owners)
    possessives = g.children(noun, "poss")
    if not possessives or any(g.lower(c) in FORMER for c in noun.lefts):
        return
    if g.lemma(noun) in TRIPS and verb is not None and g.past(verb):
        places = _all(reading, [x for word, x in g.prepositions(noun) if word == "to"], Fits.SIGHT)
        reading.add(reading.refer(possessives[:1]), "VISITED", places)
    if verb is not None and (g.lemma(verb) in ENDING or g.negated(verb) or (noun.dep_ != "nsubj" and g.past(verb))):
        return
    owners, name = reading.refer(possessives[:1]), reading.sentence.name_at(noun)
    if name is not None and name.type == t.PRODUCT and not name.quoted:
        reading.add(owners, "OWNS", [name.text])
    for word, target in g.prepositions(noun):
        if g.lemma(noun) in HOMES and word == "in":
            reading.add(owners, "LIVES_IN", _all(reading, [target], Fits.PLACE))
        elif g.lemma(noun) in ("job", "position", "role", "internship", "team") and word == "at":
            reading.add(owners, "WORKS_AT", _all(reading, [target], Fits.COMPANY))


def _owners(reading: Reading, noun: Token) -> list[str]:
    """Whose: "my sister", "Keisha's sister", "a sister of Keisha", "Kim has a sister"."""
    chain = noun
    for _ in range(3):
        for owner in g.children(chain, "poss"):
            return reading.refer([owner])
        if chain.dep_ not in ("conj", "appos", "compound") or chain.head.pos_ not in ("NOUN", "PROPN"):
            break
        chain = chain.head
    of = [target for word, target in g.prepositions(noun) if word == "of"]
    if of and (found := reading.refer(of)):
        return found
    verb = chain.head
    if chain.dep_ in ("dobj", "attr", "oprd") and g.lemma(verb) in HAVING and not g.negated(verb):
        return _doers(reading, verb)
    if g.lower(noun) in ("mom", "dad", "mum") and not g.children(noun, "det", "amod"):
        return [t.USER]
    for token in reversed(list(noun.doc[max(0, noun.i - 4) : noun.i])):  # the parser may hang "my" elsewhere
        if token.tag_ == "PRP$":
            return reading.refer([token])
        if token.pos_ not in ("ADJ", "NOUN", "NUM", "ADV"):
            break
    return []


def _with_roles(stated: list[Stated]) -> list[Stated]:
    """ "Works at Google as an engineer" is one relation, with the role as its property."""
    found = list(stated)
    for role in [s for s in stated if s.type == "HAS_ROLE"]:
        jobs = [s for s in found if (s.type, s.source, s.ended) == ("WORKS_AT", role.source, role.ended)]
        if len(jobs) == 1 and not jobs[0].properties:
            found[found.index(jobs[0])] = replace(jobs[0], properties={"role": role.target})
            found.remove(role)
    return found
