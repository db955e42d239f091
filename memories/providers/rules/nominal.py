"""Relations that noun phrases state: kin, pets, roles, possessions, works and their makers, parts and wholes.

They hold inside plans and questions too: "can you help my sister Emily" says that Emily is the user's sister.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.providers.rules import entities as en
from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.entities import Name
from memories.providers.rules.found import Reading

if TYPE_CHECKING:
    from spacy.tokens import Token

HAVING = lx.words("have get adopt own buy rescue raise keep welcome foster")


def read(reading: Reading) -> None:
    """Add what the nouns of the sentence say."""
    for index, names in reading.sentence.links.items():
        _linked(reading, reading.sentence.doc[index], names)
    for name in reading.sentence.names:
        _owned(reading, name)
        _made_by(reading, name)
        _part_of(reading, name)
    for token in reading.sentence.doc:
        if token.pos_ in ("NOUN", "PROPN") and token.i not in reading.sentence.links:
            _unnamed(reading, token)
            _home(reading, token)
            _job(reading, token)
    _person_in_place(reading)
    _remember(reading)


def _linked(reading: Reading, noun: Token, names: list[Name]) -> None:
    lemma = "twin" if g.lower(noun) == "twins" else g.lemma(noun)
    low = g.lower(noun)
    called = [reading.discourse.refer(reading.sentence.doc[n.start], reading.sentence)[0] for n in names]
    owners = owners_of(reading, noun)
    verb = _stated_by(noun)
    told = noun.dep_ in ("attr", "dobj") or (noun.dep_ == "nsubj" and verb is not None and g.lemma(verb) == "be")
    if told and verb is not None and (g.negated(verb) or g.asked(verb)):
        return
    kin = lx.KIN.get(low) or lx.KIN.get(lemma)
    if lemma in ("boy", "girl", "baby", "newborn", "twin") and owners and _given_birth(noun):
        kin = "PARENT_OF"
    if kin and "in-law" not in low and not _step_of_in_law(noun) and owners:
        reading.add(owners, kin, called)
        if kin == "PARENT_OF":
            _other_parent(reading, noun, called)
    if lemma in ("twin", "triplet", "sibling") and len(called) > 1:
        reading.add(called[:1], "SIBLING_OF", called[1:])
    if (lemma in lx.PETS or low in lx.PETS) and not kin and not _gone(verb):
        keepers = owners or ([reading.discourse.user] if _definite(noun) or noun.dep_ == "dobj" else [])
        reading.add(keepers[:1] if owners and not _ours(noun) else keepers, "HAS_PET", called)
    elif not kin and names[0].type == t.PERSON and (en.is_role(lemma) and lemma not in lx.NO_ROLES):
        if noun.dep_ == "attr" and verb is not None:
            return  # the verb rules say it, with tense and negation
        reading.add(called, "HAS_ROLE", [_role(noun)], role=None)
    elif (
        (
            names[0].type in (t.PRODUCT, t.LOCATION)
            and lemma not in lx.WORKS | lx.ABSTRACT
            and _mine(noun)
            and en.head_type(lemma) == ""
        )
        and not (verb is not None and g.lemma(verb) in ("sell", "lose") and g.past(verb))
        and names[0].label != "GPE"
    ):
        names[0].type = t.PRODUCT
        reading.add([reading.discourse.user], "OWNS", called)
    if low == "name":
        _named_later(reading, noun, called)


def _named_later(reading: Reading, noun: Token, called: list[str]) -> None:
    """As in "I adopted a kitten. Her name is Saffron": the name of what the sentence before left without one."""
    if reading.discourse.unnamed is None or not any(
        g.lower(p) in lx.HE | lx.SHE | {"its"} for p in g.kids(noun, "poss")
    ):
        return
    lemma, owners = reading.discourse.unnamed
    kind = "HAS_PET" if lemma in lx.PETS else lx.KIN.get(lemma, "")
    for name in reading.sentence.links[noun.i]:
        name.type, name.sure = t.PERSON, True
    if kind:
        reading.add(owners, kind, called)


def _remember(reading: Reading) -> None:
    for token in reading.sentence.doc:
        if (
            token.pos_ == "NOUN"
            and token.i not in reading.sentence.links
            and g.lemma(token) in lx.PETS | frozenset(lx.KIN)
        ) and (owners := owners_of(reading, token)):
            reading.discourse.unnamed = (g.lemma(token), owners)


def owners_of(reading: Reading, noun: Token) -> list[str]:
    """Whose: "my sister", "Keisha's sister", "a sister of Keisha", "Kim has a sister"."""
    for owner in g.kids(noun, "poss"):
        return reading.who([owner])
    chain = noun
    while chain.dep_ == "conj" and chain.head.pos_ == "NOUN":
        chain = chain.head
        for owner in g.kids(chain, "poss"):
            return reading.who([owner])
    for word, _, owner in g.prepositions(noun):
        if word == "of" and (found := reading.who([owner])):
            return found
    head = chain.head
    if (
        chain.dep_ in ("dobj", "appos", "attr", "oprd")
        and g.is_verb(head)
        and g.lemma(head) in HAVING
        and not g.negated(head)
    ):
        return reading.doers(head)
    if chain.dep_ in ("pobj", "appos", "conj") and (verb := g.above(chain)) is not None and g.lemma(verb) in HAVING:
        first = chain.head.head if chain.dep_ == "pobj" else chain.head
        if first.dep_ == "dobj" and chain.head.lower_ in ("with", "of"):
            return reading.doers(verb)
    if g.lower(noun) in ("mom", "dad", "mum", "grandma", "grandpa") and not g.kids(noun, "det", "amod"):
        return [reading.discourse.user]
    if noun.dep_ in ("nsubj", "appos") and _definite(noun) and g.lemma(noun) in ("twin", "kid"):
        return []
    if noun.dep_ == "compound" and noun.head.i in reading.sentence.at:
        for owner in g.kids(noun.head, "poss"):
            return reading.who([owner])
    return _owner_before(reading, noun)


def _owner_before(reading: Reading, noun: Token) -> list[str]:
    """The parser may hang "my" elsewhere: the determiner to the left decides."""
    for token in reversed(list(reading.sentence.doc[max(0, noun.i - 4) : noun.i])):
        if token.tag_ == "PRP$":
            return reading.who([token])
        if token.pos_ not in ("ADJ", "NOUN", "NUM", "ADV", "PUNCT") or (token.dep_ == "punct" and token.text != "-"):
            return []
    return []


def _gone(verb: Token | None) -> bool:
    if verb is None:
        return False
    asleep = g.lemma(verb) == "put" and any(g.lower(x) in ("sleep", "down") for x in verb.subtree)
    return asleep or g.lemma(verb) in ("die", "pass", "bury", "lose")


def _ours(noun: Token) -> bool:
    return any(g.lower(p) in ("our", "their") for p in g.kids(noun, "poss"))


def _mine(noun: Token) -> bool:
    return any(g.lower(p) in lx.MY for p in g.kids(noun, "poss"))


def _definite(noun: Token) -> bool:
    return any(g.lower(d) == "the" for d in g.kids(noun, "det"))


def _step_of_in_law(noun: Token) -> bool:
    return noun.i + 2 < len(noun.doc) and "".join(x.text for x in noun.doc[noun.i + 1 : noun.i + 4]).lower().startswith(
        "-in-"
    )


def _given_birth(noun: Token) -> bool:
    return noun.dep_ in ("dobj", "appos", "attr") and g.lemma(noun.head) in ("have", "welcome", "get", "deliver")


def _stated_by(noun: Token) -> Token | None:
    return g.above(noun)


def _other_parent(reading: Reading, noun: Token, children: list[str]) -> None:
    """As in "My husband Yusuf … and our daughter Amina": whose else, where "our" has a partner."""
    if not _ours(noun):
        return
    for index, names in reading.sentence.links.items():
        low = g.lower(reading.sentence.doc[index])
        if lx.KIN.get(low) in ("MARRIED_TO", "PARTNER_OF"):
            reading.add([n.text for n in names], "PARENT_OF", children)


def _role(noun: Token) -> str:
    return g.role_text(noun)


def _unnamed(reading: Reading, noun: Token) -> None:
    """As in "As a marketing specialist at TechSavvy, I …": a role with its employer, said of the subject."""
    if not en.is_role(g.lemma(noun)) or g.lemma(noun) in lx.NO_ROLES:
        return
    if (
        noun.dep_ == "pobj"
        and g.lower(noun.head) == "as"
        and g.lemma(noun.head.head) not in ("work", "role", "job", "position", "experience")
    ):
        verb = noun.head.head if g.is_verb(noun.head.head) else g.above(noun)
        if verb is not None and noun.head.i < verb.i and not any(g.kids(noun, "poss")):
            people = reading.doers(verb)
            if people == [reading.discourse.user]:
                reading.add(people, "HAS_ROLE", [_role(noun)])
                employed(reading, noun, people, _role(noun), None)


HOMES = lx.words("flat apartment house home place condo studio loft cottage townhouse")


def _home(reading: Reading, noun: Token) -> None:
    """As in "our new flat in Antwerp"."""
    if g.lemma(noun) not in HOMES or not g.kids(noun, "poss"):
        return
    for word, _, place in g.prepositions(noun):
        name = reading.sentence.name_at(place)
        if word == "in" and name is not None and name.type == t.LOCATION:
            verb = g.above(noun)
            if verb is None or not (g.negated(verb) or g.lemma(verb) in ("sell", "leave", "rent", "visit")):
                reading.add(owners_of(reading, noun), "LIVES_IN", [name.text])


WORK = lx.words("job position role team internship boss manager colleague coworker")
FORMER = lx.words("previous old former last ex past first dream next potential future")


def _job(reading: Reading, noun: Token) -> None:
    """As in "my job at DataWorks", "my team at Shopify"."""
    if g.lemma(noun) not in WORK:
        return
    if not _mine(noun) or any(g.lower(c) in FORMER for c in g.kids(noun, "amod", "compound")):
        return
    verb = g.above(noun)
    over = verb is not None and (g.lemma(verb) in ("quit", "leave", "lose", "resign") or g.past(verb))
    if over and noun.dep_ != "nsubj":
        return
    for word, _, place in g.prepositions(noun):
        name = reading.sentence.name_at(place)
        if word == "at" and name is not None and name.type in (t.ORG, t.LOCATION, t.PRODUCT):
            if not name.sure:
                name.type = t.ORG
            reading.add([reading.discourse.user], "WORKS_AT", [name.text])


def _person_in_place(reading: Reading) -> None:
    """As in "visiting my sister Emily in Denver", "my friend Tom in Oslo": where one goes to see somebody."""
    doc = reading.sentence.doc
    for names in reading.sentence.links.values():
        for person in names:
            if person.type != t.PERSON or person.stop + 1 >= len(doc) or doc[person.stop].lower_ != "in":
                continue
            place = reading.sentence.at.get(person.stop + 1)
            head = doc[person.start : person.stop].root
            verb = g.above(head)
            if place is None or place.type != t.LOCATION or doc[person.start - 1].pos_ not in ("NOUN", "PUNCT"):
                continue
            if (
                doc[person.stop].head.i in range(person.start, person.stop)
                or (verb is not None and g.lemma(verb) in ("visit", "see"))
            ) and (verb is None or not g.past(verb) or g.lemma(verb) == "visit"):
                reading.add([person.text], "LIVES_IN", [place.text])


def employed(reading: Reading, noun: Token, people: list[str], role: str | None, verb: Token | None) -> None:
    """As in "a nurse at St. Thomas", "a pilot for Delta": the employer beside the role."""
    for word, _, place in g.prepositions(noun):
        name = reading.sentence.name_at(place)
        if word in ("at", "for", "with") and name is not None and name.type in (t.ORG, t.LOCATION, t.PRODUCT):
            if not name.sure:
                name.type = t.ORG
            reading.add(people, "WORKS_AT", [name.text], verb, role=role)
            return


def _owned(reading: Reading, name: Name) -> None:
    """As in "my 2018 Ford Mustang", "the Philips bulb I have": a product by its name."""
    doc = reading.sentence.doc
    head = doc[name.start : name.stop].root
    if (
        name.type != t.PRODUCT
        or name.quoted
        or name.text in [n.text for ns in reading.sentence.links.values() for n in ns if n is not name]
    ):
        return
    chain = head
    while chain.dep_ in ("compound", "nmod") and chain.head.pos_ in ("NOUN", "PROPN"):
        chain = chain.head
    owners = [p for p in (*g.kids(head, "poss"), *g.kids(chain, "poss")) if p.i < name.start]
    if owners and g.lower(owners[0]) in ("my", "our", "his", "her", "their", "user"):
        if chain != head and g.lemma(chain) in lx.ABSTRACT:
            return
        if g.lemma(chain) in lx.WORKS or g.lemma(chain) in ("team", "project", "account", "channel", "recipe", "idea"):
            return
        verb = g.above(head)
        if verb is not None and g.lemma(verb) in ("sell", "lose", "return", "trade") and g.past(verb):
            return
        target = name.text if chain == head else doc[name.start : chain.i + 1].text
        reading.add(reading.who(owners[:1]), "OWNS", [target if chain != head else name.text])


def _made_by(reading: Reading, name: Name) -> None:
    """As in "The Nightingale" by Kristin Hannah; "their EP 'Midnight Sky'"."""
    doc = reading.sentence.doc
    if name.type != t.PRODUCT:
        return
    index = name.stop
    while index < len(doc) and doc[index].text in ('"', "”", "'", "’", "''", ","):
        index += 1
    if index + 1 < len(doc) and doc[index].lower_ == "by":
        maker = reading.sentence.at.get(index + 1)
        if maker is not None and maker.type in (t.PERSON, t.ORG, ""):
            reading.add([maker.text], "CREATED", [name.text])


def _part_of(reading: Reading, name: Name) -> None:
    """As in "Accra, Ghana"; "the Platform group at Monzo"; "Alhambra in Granada"."""
    doc = reading.sentence.doc
    index = name.stop
    if name.type == t.LOCATION and index + 1 < len(doc) and doc[index].text == ",":
        whole = reading.sentence.at.get(index + 1)
        if (
            whole is not None
            and whole.start == index + 1
            and whole.type == t.LOCATION
            and whole.label == "GPE"
            and name.label == "GPE"
        ) and (
            doc[whole.start].dep_ in ("appos", "npadvmod") or doc[whole.stop - 1].head.i in range(name.start, name.stop)
        ):
            reading.add([name.text], "PART_OF", [whole.text])
    head = doc[name.start : name.stop].root
    if index < len(doc) and doc[index].lower_ in lx.UNITS_OF_ORG:
        head = doc[index]
    for word, _, place in g.prepositions(head):
        whole = reading.sentence.name_at(place)
        if whole is None or whole is name:
            continue
        unit = doc[name.stop - 1].lower_ in lx.UNITS_OF_ORG
        if (unit and word in ("at", "of", "in") and whole.type == t.ORG) or (
            word == "in" and name.type in (t.LOCATION, t.ORG) and whole.type == t.LOCATION
        ):
            reading.add([name.text], "PART_OF", [whole.text])
        elif word == "of" and name.type == t.PERSON and whole.type == t.ORG:
            reading.add([name.text], "WORKS_AT", [whole.text])
