"""Relations that noun phrases state: "my sister Emily", "a dog named Rex", "our flat in Antwerp", "Mei Chen of Acme".

They hold inside plans and questions too: "can you help my sister Emily" says that Emily is the user's sister.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import lexicon as lx
from memories.extraction import names as nm
from memories.extraction.names import Name
from memories.extraction.patterns import OF_PREDICATES, PREDICATES, TRIPS, Fits
from memories.extraction.reading import Reading

if TYPE_CHECKING:
    from spacy.tokens import Token

# Roles that two people of one first name don't share: "my son Alex" isn't "my boss Alex".
EXCLUSIVE = {kind: kind for kind in ("PARENT_OF", "-PARENT_OF", "SIBLING_OF", "MARRIED_TO", "-MANAGES")} | {
    "PARTNER_OF": "MARRIED_TO"
}
HAVING = lx.words("have get adopt own buy rescue raise keep welcome foster name call")
ENDING = lx.words("sell lose bury quit leave")
OWN_WORKS = lx.words("podcast novel album blog zine newsletter memoir song poem painting app website")
LEADERS = lx.words("head lead leader director manager chief coordinator")
JOBS = lx.words("job position role internship team")


def read(reading: Reading) -> None:
    """Add what the nouns and names of the sentence state."""
    for index, names in reading.sentence.links.items():
        if index not in reading.quoted:
            _linked(reading, reading.sentence.doc[index], names)
    for name in reading.sentence.names:
        if name.start not in reading.quoted:
            _named(reading, name)
    others = {*reading.sentence.links, *reading.quoted}
    for token in reading.sentence.doc:
        if token.pos_ in ("NOUN", "PROPN") and token.i not in others:
            _alone(reading, token)


def kin(noun: Token) -> str:
    """The relation of (owner, person) that a noun states; of "a boy named Luka" after "her child" the child's."""
    if "".join(x.text for x in noun.doc[noun.i + 1 : noun.i + 3]) == "-in":
        return ""  # sister-in-law
    if g.lemma(noun) == "manager" and any(g.lower(c) != "line" for c in g.children(noun, "compound")):
        return ""  # an account manager
    if g.lemma(noun) in ("boy", "girl", "newborn") and g.lemma(noun.head) in ("have", "welcome"):
        return "PARENT_OF"
    words = [noun, noun.head] if noun.dep_ == "appos" else [noun]
    forms = [form for word in words for form in (g.lower(word), g.lemma(word), g.lower(word).removesuffix("s"))]
    return next((lx.KIN[form] for form in forms if form in lx.KIN), "")


def employ(reading: Reading, people: list[str], roles: Iterable[Token], verb: Token | None, over: bool) -> None:
    """As in "a nurse at Mercy Hospital", "the CFO of Orkla": the company beside the role."""
    for role in roles:
        if g.lemma(role) in PREDICATES:
            continue  # a founder, a student
        inside = [c for c in g.children(role, "compound") if reading.sentence.name_at(c)]  # "a Siemens engineer"
        reading.add(people, "WORKS_AT", reading.fitting(inside, Fits.COMPANY), verb, over=over)
        if g.lemma(role) in LEADERS:  # "head of the Tulip project"
            led = [
                reading.sentence.name_at(x) or reading.sentence.name_before(x)
                for w, x in g.prepositions(role)
                if w in ("of", "for")
            ]
            reading.add(
                people, "MANAGES", [n.text for n in led if n is not None and n.type == t.PRODUCT], verb, over=over
            )
        company = reading.beside(role, ("at", "for", "with", "of"), Fits.COMPANY)
        reading.add(people, "WORKS_AT", company, verb, over=over)


def _linked(reading: Reading, noun: Token, names: list[Name]) -> None:
    """A noun with the names that it stands for: "my sister Emily", "a dog named Rex", "the landlord, Mr. Okonkwo"."""
    called, whose, kind = [name.text for name in names], owners(reading, noun), kin(noun)
    verb, forms, is_person = g.head_verb(noun), {g.lower(noun), g.lemma(noun)}, names[0].type == t.PERSON
    forms_before = {g.lower(c) for c in noun.lefts}
    has_owner = bool(g.children(noun, "poss"))
    if verb is not None and noun.dep_ in ("dobj", "attr", "nsubj", "oprd"):
        is_said = g.claimed(verb) if not has_owner else noun.dep_ in ("nsubj", "oprd") or not g.asked(verb)
        if not is_said or (noun.dep_ in ("attr", "dobj") and g.negated(verb)):
            return
    is_gone = verb is not None and noun.dep_ == "dobj" and g.lemma(verb) in ENDING and g.happened(verb)
    over = is_gone or any(g.lower(c) in lx.FORMER for c in noun.lefts)
    if kind and not whose and kind != "-MANAGES" and not g.children(noun, "det") and (verb is None or noun.i == 0):
        whose = [t.USER]  # "husband Gustavo, kids Tom and Ada": a note leaves the owner out
    if kind == "FRIEND_OF" and not whose and verb is not None:
        whose = reading.doers(verb)  # "I went with Ada, a friend from school"
    if forms & lx.PARTS and not is_person:
        reading.add(called, "PART_OF", reading.beside(noun, ("of",), Fits.NAMED))
    if kind:
        reading.add(whose, kind, called, over=over)
        for name in names if whose == [t.USER] else ():
            name.qualifier = EXCLUSIVE.get(kind, "")
    if forms & {"twin", "twins", "triplet", "triplets", "siblings"}:
        reading.add(called[:1], "SIBLING_OF", called[1:])
    if is_person:  # "my sister Emily in Denver"
        head = reading.sentence.doc[names[0].start : names[0].stop].root
        reading.add(called, "LIVES_IN", reading.beside(head, ("in",), Fits.PLACE))
    if forms & lx.PETS and not kind:
        reading.add(whose, "HAS_PET", called, over=over)
    elif is_person and g.lemma(noun) in PREDICATES:  # "Ada, the founder of Nine Bowls"
        of_kind, fits = PREDICATES[g.lemma(noun)]
        reading.add(called, of_kind, reading.beside(noun, OF_PREDICATES, fits), over=over)
    elif is_person and nm.is_role(g.lemma(noun)) and not kind and noun.dep_ != "attr":
        reading.add(called, "HAS_ROLE", [g.role_text(noun)], over=over)
        employ(reading, called, [noun], None, over)
    elif g.lower(noun) == "name" and whose[:1] != [t.USER] and reading.discourse.unnamed is not None:
        before, keepers = reading.discourse.unnamed  # "I adopted a kitten. Her name is Saffron."
        reading.add(keepers, "HAS_PET" if before in lx.PETS else lx.KIN[before], called)
        names[0].type, names[0].sure = t.PERSON, True
    elif names[0].type == t.PRODUCT and forms & lx.WORKS:
        makers = reading.beside(noun, ("by",), Fits.PERSON)  # "Herons, a mural by Ottoline"
        is_own = forms & OWN_WORKS and not forms_before & lx.FAVOURITE
        reading.add(makers or (whose if is_own else []), "CREATED", called)
    elif names[0].type == t.PRODUCT and has_owner and g.lemma(noun) not in lx.WORKS | lx.ABSTRACT:
        reading.add(whose, "OWNS", called, over=over)


def _named(reading: Reading, name: Name) -> None:
    """What stands behind a name: "Mei Chen of Acme Labs", "The Overstory" by Richard Powers, "Maria from HR"."""
    doc, index = reading.sentence.doc, name.stop
    while index < len(doc) and (doc[index].is_punct or doc[index].is_quote):
        index += 1
    if name.type == t.PRODUCT and index + 1 < len(doc) and doc[index].lower_ == "by":
        maker = reading.sentence.at.get(index + 1)
        reading.add([maker.text] if maker is not None else [], "CREATED", [name.text])
    after = [x.lower_ for x in doc[name.stop : name.stop + 2]]
    if after in (["-", "based"], ["-", "born"]):  # "a Berlin-based designer"
        noun = doc[name.stop + 1].head
        whose = [n.text for n in reading.sentence.names if n.start == name.stop + 2]
        whose = whose or reading.refer([noun]) or (reading.doers(verb) if (verb := g.head_verb(noun)) else [])
        reading.add(whose, "LIVES_IN" if after[1] == "based" else "BORN_IN", [name.text])
    if name.type == t.PERSON:
        head = doc[name.start : name.stop].root
        firms = [reading.sentence.name_at(x) for word, x in g.prepositions(head) if word in ("at", "from")]
        reading.add([name.text], "WORKS_AT", [n.text for n in firms if n is not None and n.type == t.ORG])
        reading.add([name.text], "WORKS_AT", reading.beside(head, ("of",), Fits.COMPANY))
        groups = [g.noun_text(x).lower() for word, x in g.prepositions(head) if word == "from" and x.i <= name.stop + 2]
        name.qualifier = name.qualifier or next((f"from {group}" for group in groups), "")


def _alone(reading: Reading, noun: Token) -> None:
    """As in "my Canon", "our flat in Antwerp", "my job at Acme", "as a nurse, I …", and a pet that has no name yet."""
    verb, lemma, whose = g.head_verb(noun), g.lemma(noun), owners(reading, noun)
    if noun.dep_ == "pobj" and g.lower(noun.head) == "as" and nm.is_role(lemma) and verb is not None:
        people = reading.doers(verb) if noun.i < verb.i else []
        reading.add(people, "HAS_ROLE", [g.role_text(noun)])
        employ(reading, people, [noun], None, False)
    if lemma in lx.OWNED_BEINGS and whose:
        reading.discourse.unnamed = (lemma, whose)
    if not g.children(noun, "poss") or any(g.lower(c) in lx.FORMER for c in noun.lefts):
        return
    if lemma in TRIPS and verb is not None and g.past(verb):
        reading.add(whose, "VISITED", reading.beside(noun, ("to",), Fits.SIGHT))
    if verb is not None and (g.lemma(verb) in ENDING or g.negated(verb) or (noun.dep_ != "nsubj" and g.past(verb))):
        return
    name = reading.sentence.name_at(noun)
    if name is not None and name.type == t.PRODUCT and not _is_work(reading, name):
        reading.add(whose, "OWNS", [name.text])
    is_gone = verb is not None and noun.dep_ == "nsubj" and g.past(verb) and g.lemma(verb) in ("die", "run", "pass")
    if lemma in lx.PETS and noun.dep_ not in ("compound", "attr") and not is_gone:
        reading.add(whose, "HAS_PET", [g.noun_text(noun)])
    if lemma in lx.HOMES:
        reading.add(whose, "LIVES_IN", reading.beside(noun, ("in",), Fits.PLACE))
    if lemma in JOBS:
        reading.add(whose, "WORKS_AT", reading.beside(noun, ("at",), Fits.COMPANY))


def _is_work(reading: Reading, name: Name) -> bool:
    """As in "Hanne's novel Tidal"."""
    links = reading.sentence.links.items()
    return any(name is n for i, found in links for n in found if g.lemma(reading.sentence.doc[i]) in lx.WORKS)


def owners(reading: Reading, noun: Token) -> list[str]:
    """Whose: "my sister", "Keisha's sister", "a sister of Keisha", "Kim has a sister"."""
    chain = noun
    for _ in range(3):
        if owner := g.children(chain, "poss"):
            return reading.refer(owner[:1])
        if chain.dep_ not in ("conj", "appos", "compound") or chain.head.pos_ not in ("NOUN", "PROPN"):
            break
        chain = chain.head
    if found := reading.refer(target for word, target in g.prepositions(noun) if word == "of"):
        return found
    if chain.dep_ in ("dobj", "attr", "oprd") and g.lemma(chain.head) in HAVING and not g.negated(chain.head):
        return reading.doers(chain.head)
    if g.lower(noun) in ("mom", "dad", "mum") and not g.children(noun, "det", "amod"):
        return [t.USER]
    for token in reversed(list(noun.doc[max(0, noun.i - 4) : noun.i])):  # the parser may hang "my" elsewhere
        if token.tag_ == "PRP$":
            return reading.refer([token])
        if token.pos_ not in ("ADJ", "NOUN", "NUM", "ADV"):
            break
    return []
