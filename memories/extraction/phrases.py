"""Relations that noun phrases state: "my sister Emily", "a dog named Rex", "our flat in Antwerp", "Mei Chen of Acme".

They hold inside plans and questions too: "can you help my sister Emily" says that Emily is the user's sister.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import name_spans as nm
from memories.extraction import word_classes as lx
from memories.extraction.name_spans import Name
from memories.extraction.patterns import OF_PREDICATES, PREDICATES, TRIPS, Fits
from memories.extraction.sentence_context import SentenceContext

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


def read(context: SentenceContext) -> None:
    """Add what the nouns and names of the sentence state."""
    for index, names in context.sentence.links.items():
        if index not in context.quoted:
            _linked(context, context.sentence.doc[index], names)
    for name in context.sentence.names:
        if name.start not in context.quoted:
            _named(context, name)
    others = {*context.sentence.links, *context.quoted}
    for token in context.sentence.doc:
        if token.pos_ in ("NOUN", "PROPN") and token.i not in others:
            _alone(context, token)


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


def employ(
    context: SentenceContext, people: list[str], roles: Iterable[Token], verb: Token | None, ended: bool
) -> None:
    """As in "a nurse at Mercy Hospital", "the CFO of Orkla": the company beside the role."""
    for role in roles:
        if g.lemma(role) in PREDICATES:
            continue  # a founder, a student
        inside = [c for c in g.children(role, "compound") if context.sentence.name_at(c)]  # "a Siemens engineer"
        context.add(people, "WORKS_AT", context.fitting(inside, Fits.COMPANY), verb, ended=ended)
        if g.lemma(role) in LEADERS:  # "head of the Tulip project"
            led = [
                context.sentence.name_at(x) or context.sentence.name_before(x)
                for w, x in g.prepositions(role)
                if w in ("of", "for")
            ]
            context.add(
                people, "MANAGES", [n.text for n in led if n is not None and n.type == t.PRODUCT], verb, ended=ended
            )
        company = context.beside(role, ("at", "for", "with", "of"), Fits.COMPANY)
        context.add(people, "WORKS_AT", company, verb, ended=ended)


def _linked(context: SentenceContext, noun: Token, names: list[Name]) -> None:
    """A noun with the names that it stands for: "my sister Emily", "a dog named Rex", "the landlord, Mr. Okonkwo"."""
    called, whose, kind = [name.text for name in names], owners(context, noun), kin(noun)
    verb, forms, is_person = g.head_verb(noun), {g.lower(noun), g.lemma(noun)}, names[0].type == t.PERSON
    forms_before = {g.lower(c) for c in noun.lefts}
    has_owner = bool(g.children(noun, "poss"))
    if verb is not None and noun.dep_ in ("dobj", "attr", "nsubj", "oprd"):
        is_said = g.claimed(verb) if not has_owner else noun.dep_ in ("nsubj", "oprd") or not g.asked(verb)
        if not is_said or (noun.dep_ in ("attr", "dobj") and g.negated(verb)):
            return
    is_gone = verb is not None and noun.dep_ == "dobj" and g.lemma(verb) in ENDING and g.happened(verb)
    ended = is_gone or any(g.lower(c) in lx.FORMER for c in noun.lefts)
    if kind and not whose and kind != "-MANAGES" and not g.children(noun, "det") and (verb is None or noun.i == 0):
        whose = [t.SELF]  # "husband Gustavo, kids Tom and Ada": a note leaves the owner out
    if kind == "FRIEND_OF" and not whose and verb is not None:
        whose = context.subjects(verb)  # "I went with Ada, a friend from school"
    if forms & lx.PARTS and not is_person:
        context.add(called, "PART_OF", context.beside(noun, ("of",), Fits.NAMED))
    if kind:
        context.add(whose, kind, called, ended=ended)
        for name in names if whose == [t.SELF] else ():
            name.qualifier = EXCLUSIVE.get(kind, "")
    if forms & {"twin", "twins", "triplet", "triplets", "siblings"}:
        context.add(called[:1], "SIBLING_OF", called[1:])
    if is_person:  # "my sister Emily in Denver"
        head = context.sentence.doc[names[0].start : names[0].stop].root
        context.add(called, "LIVES_IN", context.beside(head, ("in",), Fits.PLACE))
    if forms & lx.PETS and not kind:
        context.add(whose, "HAS_PET", called, ended=ended)
    elif is_person and g.lemma(noun) in PREDICATES:  # "Ada, the founder of Nine Bowls"
        of_kind, fits = PREDICATES[g.lemma(noun)]
        context.add(called, of_kind, context.beside(noun, OF_PREDICATES, fits), ended=ended)
    elif is_person and nm.is_role(g.lemma(noun)) and not kind and noun.dep_ != "attr":
        context.add(called, "HAS_ROLE", [g.role_text(noun)], ended=ended)
        employ(context, called, [noun], None, ended)
    elif g.lower(noun) == "name" and whose[:1] != [t.SELF] and context.discourse.unnamed is not None:
        before, keepers = context.discourse.unnamed  # "I adopted a kitten. Her name is Saffron."
        context.add(keepers, "HAS_PET" if before in lx.PETS else lx.KIN[before], called)
        names[0].type, names[0].confident = t.PERSON, True
    elif names[0].type == t.PRODUCT and forms & lx.WORKS:
        makers = context.beside(noun, ("by",), Fits.PERSON)  # "Herons, a mural by Ottoline"
        is_own = forms & OWN_WORKS and not forms_before & lx.FAVOURITE
        context.add(makers or (whose if is_own else []), "CREATED", called)
    elif names[0].type == t.PRODUCT and has_owner and g.lemma(noun) not in lx.WORKS | lx.ABSTRACT:
        context.add(whose, "OWNS", called, ended=ended)


def _named(context: SentenceContext, name: Name) -> None:
    """What stands behind a name: "Mei Chen of Acme Labs", "The Overstory" by Richard Powers, "Maria from HR"."""
    doc, index = context.sentence.doc, name.stop
    while index < len(doc) and (doc[index].is_punct or doc[index].is_quote):
        index += 1
    if name.type == t.PRODUCT and index + 1 < len(doc) and doc[index].lower_ == "by":
        maker = context.sentence.at.get(index + 1)
        context.add([maker.text] if maker is not None else [], "CREATED", [name.text])
    after = [x.lower_ for x in doc[name.stop : name.stop + 2]]
    if after in (["-", "based"], ["-", "born"]):  # "a Berlin-based designer"
        noun = doc[name.stop + 1].head
        whose = [n.text for n in context.sentence.names if n.start == name.stop + 2]
        whose = whose or context.refer([noun]) or (context.subjects(verb) if (verb := g.head_verb(noun)) else [])
        context.add(whose, "LIVES_IN" if after[1] == "based" else "BORN_IN", [name.text])
    if name.type == t.PERSON:
        head = doc[name.start : name.stop].root
        firms = [context.sentence.name_at(x) for word, x in g.prepositions(head) if word in ("at", "from")]
        context.add([name.text], "WORKS_AT", [n.text for n in firms if n is not None and n.type == t.ORG])
        context.add([name.text], "WORKS_AT", context.beside(head, ("of",), Fits.COMPANY))
        groups = [g.noun_text(x).lower() for word, x in g.prepositions(head) if word == "from" and x.i <= name.stop + 2]
        name.qualifier = name.qualifier or next((f"from {group}" for group in groups), "")


def _alone(context: SentenceContext, noun: Token) -> None:
    """As in "my Canon", "our flat in Antwerp", "my job at Acme", "as a nurse, I …", and a pet that has no name yet."""
    verb, lemma, whose = g.head_verb(noun), g.lemma(noun), owners(context, noun)
    if noun.dep_ == "pobj" and g.lower(noun.head) == "as" and nm.is_role(lemma) and verb is not None:
        people = context.subjects(verb) if noun.i < verb.i else []
        context.add(people, "HAS_ROLE", [g.role_text(noun)])
        employ(context, people, [noun], None, False)
    if lemma in lx.OWNED_BEINGS and whose:
        context.discourse.unnamed = (lemma, whose)
    if not g.children(noun, "poss") or any(g.lower(c) in lx.FORMER for c in noun.lefts):
        return
    if lemma in TRIPS and verb is not None and g.past(verb):
        context.add(whose, "VISITED", context.beside(noun, ("to",), Fits.SIGHT))
    if verb is not None and (g.lemma(verb) in ENDING or g.negated(verb) or (noun.dep_ != "nsubj" and g.past(verb))):
        return
    name = context.sentence.name_at(noun)
    if name is not None and name.type == t.PRODUCT and not _is_work(context, name):
        context.add(whose, "OWNS", [name.text])
    is_gone = verb is not None and noun.dep_ == "nsubj" and g.past(verb) and g.lemma(verb) in ("die", "run", "pass")
    if lemma in lx.PETS and noun.dep_ not in ("compound", "attr") and not is_gone:
        context.add(whose, "HAS_PET", [g.noun_text(noun)])
    if lemma in lx.HOMES:
        context.add(whose, "LIVES_IN", context.beside(noun, ("in",), Fits.PLACE))
    if lemma in JOBS:
        context.add(whose, "WORKS_AT", context.beside(noun, ("at",), Fits.COMPANY))


def _is_work(context: SentenceContext, name: Name) -> bool:
    """As in "Hanne's novel Tidal"."""
    links = context.sentence.links.items()
    return any(name is n for i, found in links for n in found if g.lemma(context.sentence.doc[i]) in lx.WORKS)


def owners(context: SentenceContext, noun: Token) -> list[str]:
    """Whose: "my sister", "Keisha's sister", "a sister of Keisha", "Kim has a sister"."""
    chain = noun
    for _ in range(3):
        if owner := g.children(chain, "poss"):
            return context.refer(owner[:1])
        if chain.dep_ not in ("conj", "appos", "compound") or chain.head.pos_ not in ("NOUN", "PROPN"):
            break
        chain = chain.head
    if found := context.refer(target for word, target in g.prepositions(noun) if word == "of"):
        return found
    if chain.dep_ in ("dobj", "attr", "oprd") and g.lemma(chain.head) in HAVING and not g.negated(chain.head):
        return context.subjects(chain.head)
    if g.lower(noun) in ("mom", "dad", "mum") and not g.children(noun, "det", "amod"):
        return [t.SELF]
    for token in reversed(list(noun.doc[max(0, noun.i - 4) : noun.i])):  # the parser may hang "my" elsewhere
        if token.tag_ == "PRP$":
            return context.refer([token])
        if token.pos_ not in ("ADJ", "NOUN", "NUM", "ADV"):
            break
    return []
