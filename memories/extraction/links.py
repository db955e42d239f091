"""Which noun goes with which name: "my sister Emily", "a fish named Finley", "my cat's name is Luna", "Emma, a writer".

These links are the safest evidence of what a name is, so they overrule its type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from memories.extraction import names as nm
from memories.extraction import grammar as g
from memories.extraction import lexicon as lx
from memories.extraction import kinds as t
from memories.extraction.names import Name

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

CALLED = lx.words("named called name call dubbed")


class Sentence:
    """A parsed sentence with its names. `links`: from a common noun's index to the names it stands for."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.names = nm.names(doc)
        self.links: dict[int, list[Name]] = {}
        self._add_called()
        self.at = {i: name for name in self.names for i in range(name.start, name.stop)}
        for token in doc:
            if token.pos_ in ("NOUN", "PROPN", "ADJ") and token.i not in self.at:
                found = self._names_of(token)
                if found:
                    self.links[token.i] = found
        for index, found in self.links.items():
            self._type_by_noun(doc[index], found)
        for name in self.names:
            self._type_by_place(name)

    def name_at(self, token: Token) -> Name | None:
        return self.at.get(token.i)

    # --- names ---------------------------------------------------------------------------------------------------
    def _add_called(self) -> None:
        """What is "called" something is a name, whatever it looks like: "a parrot called Captain"."""
        covered = {i for name in self.names for i in range(name.start, name.stop)}
        for token in self.doc:
            if g.lower(token) not in ("named", "called") or token.i + 1 >= len(self.doc):
                continue
            after = token.nbor(1)
            if after.i in covered or not after.text[0].isupper() or after.tag_ in ("PRP", "DT"):
                continue
            stop = after.i + 1
            while stop < len(self.doc) and self.doc[stop].text[0].isupper() and stop not in covered:
                stop += 1
            self.names.append(Name(after.i, stop, "", self.doc[after.i : stop].text))
        self.names.sort(key=lambda name: name.start)

    def _starting(self, index: int) -> Name | None:
        name = self.at.get(index)
        if name is None and index in self.at:
            return None
        return name if name is not None and name.start == index else None

    def _after(self, index: int) -> Name | None:
        """The name that begins at `index`, over an opening quotation mark."""
        if index < len(self.doc) and self.doc[index].text in ('"', "“", "‘", "'", "``"):
            index += 1
        return self._starting(index)

    def _list_from(self, first: Name, plural: bool) -> list[Name]:
        """As in "Ava and Lily", "Jackson, Julia and Tom" after a plural noun."""
        found = [first]
        while plural and found[-1].stop < len(self.doc):
            index = found[-1].stop
            steps = 0
            while index < len(self.doc) and self.doc[index].lower_ in (",", "and", "&", "or") and steps < 2:
                index, steps = index + 1, steps + 1
            nxt = self._starting(index) if steps else None
            if nxt is None:
                break
            found.append(nxt)
        return found

    def _names_of(self, noun: Token) -> list[Name]:
        doc, low = self.doc, g.lower(noun)
        known = (
            low in NAMED_NOUNS or g.lemma(noun) in NAMED_NOUNS or nm.is_role(low) or nm.head_type(g.lemma(noun)) != ""
        )
        plural = noun.tag_ in ("NNS", "NNPS")
        nxt = noun.i + 1
        if known and (name := self._after(nxt)):  # "my sister Emily", "friends Rachel and Mike", "EP 'Midnight Sky'"
            return self._list_from(name, plural)
        if (
            known
            and nxt < len(doc)
            and doc[nxt].text in (",", "-", "–", "—", "(", ":")
            and (name := self._after(nxt + 1))
        ) and (self._closes(name) or plural):  # "my cousin, Tom, …", "the twins, Ava and Lily"
            return self._list_from(name, plural)
        for child in noun.children:
            if child.dep_ in ("acl", "relcl") and g.lower(child) in CALLED:
                for token in doc[child.i + 1 : child.i + 4]:
                    if (name := self._after(token.i)) is not None:
                        return self._list_from(name, plural)
            if child.dep_ == "appos" and (known or g.children(noun, "poss")) and (name := self.at.get(child.i)):
                return self._list_from(name, plural)
        if nxt < len(doc) and g.lower(doc[nxt]) in ("named", "called") and (name := self._after(nxt + 1)):
            return self._list_from(name, plural)
        if known:
            return self._by_copula(noun, plural) or self._before(noun)
        return self._before(noun)

    def _closes(self, name: Name) -> bool:
        if name.stop >= len(self.doc):
            return True
        after = self.doc[name.stop]
        return (
            after.text in (",", ".", "!", ")", "-", "–", "—", ";", "?")
            or after.lower_ in ("and", "who", "which")
            or g.is_verb(after)
        )

    def _by_copula(self, noun: Token, plural: bool) -> list[Name]:
        """As in "My manager is Deepa", "my cat's name is Luna", "my partner's Sena"."""
        subject = noun
        nxt = noun.i + 1
        if (
            nxt < len(self.doc)
            and self.doc[nxt].lower_ in ("'s", "’s")
            and (name := self._after(nxt + 1))
            and (self._closes(name) and g.children(noun, "poss"))
        ):
            return [name]
        if noun.dep_ == "poss" and g.lower(noun.head) in ("name", "names"):
            subject = noun.head
        verb = subject.head
        if subject.dep_ in ("nsubj", "dep", "conj") and g.lemma(verb) == "be" and not g.negated(verb):
            for token in self.doc[verb.i + 1 : verb.i + 3]:
                if token.lower_ in ("a", "an", "not", "from", "in", "at", "the"):
                    break
                if (name := self._after(token.i)) is not None and g.complements(verb):
                    return self._list_from(name, True) if self.doc[name.start].head == verb or plural else [name]
        return []

    def _before(self, noun: Token) -> list[Name]:
        """As in "Emma, a freelance writer", "Luna is my cat": the name stands first."""
        people = g.lemma(noun) in lx.PEOPLE | lx.PETS or nm.is_role(g.lemma(noun)) or g.lemma(noun) in lx.WORKS
        if not people:
            return []
        if noun.dep_ == "appos" and (name := self.at.get(noun.head.i)) and noun.head.i < noun.i:
            return [name]
        if (
            noun.dep_ == "attr"
            and g.lemma(noun.head) == "be"
            and not g.negated(noun.head)
            and not g.is_inverted(noun.head)
        ):
            subjects = [self.at.get(s.i) for s in g.subjects(noun.head)]
            return [name for name in subjects if name is not None]
        return []

    # --- what they are -------------------------------------------------------------------------------------------
    def _type_by_noun(self, noun: Token, found: list[Name]) -> None:
        lemma = g.lemma(noun)
        kind = ""
        if lemma in lx.PEOPLE or lemma in lx.PETS or g.lower(noun) in lx.PEOPLE | lx.PETS or nm.is_role(lemma):
            kind = t.PERSON
        elif lemma in lx.MEMBERSHIPS or lemma in (
            "company",
            "startup",
            "employer",
            "firm",
            "brand",
            "agency",
            "store",
            "shop",
        ):
            kind = t.ORG
        else:
            kind = nm.head_type(lemma) or (
                t.LOCATION if lemma in ("place", "hometown", "country", "neighborhood") else ""
            )
        if lemma in lx.WORKS | {"app", "tool", "project", "laptop", "car", "bike", "camera", "phone", "guitar"}:
            kind = t.PRODUCT
        for name in found:
            if kind and (kind == t.PERSON or name.label != "PERSON" or name.quoted or lemma in NAMED_NOUNS):
                name.type, name.sure = kind, True

    def _type_by_place(self, name: Name) -> None:
        """By the words around it, where no noun said it."""
        if name.sure:
            return
        head = self.doc[name.start : name.stop].root
        for kind in _by_context(self, name, head):
            name.type, name.sure = kind, True
            return
        if not name.type:
            name.type = t.PERSON if _acts(head) and head.pos_ == "PROPN" else t.PRODUCT


def _acts(head: Token) -> bool:
    return head.dep_ in ("nsubj", "dative", "poss") or g.lower(head.head) in ("with", "by")


COMPANY_VERBS = lx.words("work intern freelance volunteer apply interview quit resign join leave employ hire")
PERSON_VERBS = lx.words(
    "say tell marry meet date call ask text visit work live love like hate think know play study teach join move quit "
    "want say turn adopt report manage lead prefer enjoy retire graduate create write invent direct compose paint "
    "present recommend suggest teach cook bake mention invite "
    "design email volunteer divorce engage bear"
)
JOBS = lx.words(
    "job position role interview gig team office boss internship shift desk career contract colleague coworker"
)
HUMAN_VERBS = lx.words("work say marry report turn love like prefer join present recommend teach cook")
USING = lx.words("use try install download play read drive buy own create build wear")
SHOP = lx.words("buy purchase order get pick grab snag find")


def _by_context(sentence: Sentence, name: Name, head: Token) -> Iterator[str]:
    governor = head.head
    verb = g.head_verb(head)
    own = set(range(name.start, name.stop))
    kind = nm.head_type(sentence.doc[name.stop - 1].lower_)
    if kind and name.label != "PERSON":
        return
    if name.type == t.PRODUCT and any(
        nm.CODE.match(x.text) and any(c.isdigit() for c in x.text) for x in sentence.doc[name.start : name.stop]
    ):
        return
    poss = [c for c in head.children if c.dep_ == "poss" and c.i not in own]
    if name.quoted:
        return
    if (
        poss
        and g.lower(poss[0]) in ("my", "our", "his", "her", "their")
        and name.type != t.EVENT
        and name.label != "GPE"
        and (name.label != "PERSON" or len(own) > 1)
    ):
        yield t.PRODUCT  # "my Taylor GS Mini": one doesn't own people, and calls them by one name
    if (
        head.dep_ in ("compound", "nmod")
        and governor.pos_ == "NOUN"
        and governor.text.islower()
        and name.type != t.EVENT
    ):
        bought = verb is not None and g.lemma(verb) in SHOP | {"own", "have", "use", "wear", "drive"}
        kind_of = g.lemma(governor)
        known = nm.head_type(kind_of) or kind_of in lx.PEOPLE | lx.ABSTRACT or nm.is_role(kind_of)
        if not known and (name.label in ("PERSON", "") or (bought and name.label in ("ORG", "PRODUCT", "WORK_OF_ART"))):
            yield t.PRODUCT  # "the Manduka PRO mat", "bought Adidas running shoes"
    if governor.dep_ in ("prep", "agent", "dative") and head.dep_ in ("pobj", "conj"):
        yield from _after_preposition(sentence, name, governor, verb)
    if head.dep_ == "conj" and (first := sentence.at.get(governor.i)) is not None and first.type and first is not name:
        if first.sure and not (name.label == "PERSON" and first.type != t.PERSON):
            yield first.type
        elif (
            {first.label, name.label} & {"PERSON"}
            and first.type
            and t.PERSON in (first.type, name.type)
            and len(own) < 3
        ):
            yield t.PERSON
    if head.dep_ in ("nsubj", "nsubjpass") and verb is not None and name.type in (t.ORG, t.PRODUCT, "", t.LOCATION):
        yield from _as_subject(name, verb, own)
    if head.dep_ == "dobj" and verb is not None:
        yield from _as_object(name, g.lemma(verb))


def _after_preposition(sentence: Sentence, name: Name, preposition: Token, verb: Token | None) -> Iterator[str]:
    word, over = g.lower(preposition), preposition.head
    lemma = g.lemma(over)
    single = name.stop - name.start <= 2
    if word in ("at", "for", "with") and (lemma in COMPANY_VERBS or nm.is_role(lemma) or lemma in JOBS):
        yield t.ORG
    if (
        word in ("from", "at")
        and (lemma in SHOP or (verb is not None and g.lemma(verb) in SHOP))
        and name.label != "GPE"
    ):
        yield t.ORG
    if word in ("from", "at") and (
        lemma in ("graduate", "study", "degree", "enroll", "attend", "major") or lemma in lx.DEGREES
    ):
        yield t.ORG
    if (
        word in ("in", "to", "from")
        and lemma in ("live", "move", "relocate", "bear", "grow", "raise", "reside", "travel", "fly", "trip")
        and name.type != t.ORG
    ):
        yield t.LOCATION
    of = sentence.at.get(over.i)
    bare = preposition.i + 1 == name.start  # no article: a place has none
    if word == "in" and bare and of is not None and of is not name and name.label in ("ORG", "PERSON", ""):
        yield t.LOCATION  # "Equinor in Stavanger"
    if word in ("from", "to") and lemma in ("switch", "change", "upgrade", "migrate") and name.type == t.LOCATION:
        yield t.ORG
    if word == "in" and lemma in lx.DEGREES | {"concentration", "major", "minor", "expertise", "interest", "research"}:
        yield t.CONCEPT
    if (
        word == "with"
        and single
        and name.label in ("PERSON", "ORG", "WORK_OF_ART", "")
        and lemma not in ("work", "start", "go")
        and not (name.label == "ORG" and over.pos_ == "NOUN")
        and name.type != t.PRODUCT
    ):
        yield t.PERSON
    if (
        word == "by"
        and name.label in ("PERSON", "ORG", "", "WORK_OF_ART")
        and (sentence.at.get(over.i) is not None or lemma in lx.WORKS or over.tag_ == "VBN" or g.lower(over) == '"')
    ):
        yield t.PERSON
    if word == "to" and lemma in ("marry", "report", "talk", "speak", "introduce", "engage") and name.label != "GPE":
        yield t.PERSON
    if (
        word in ("on", "via", "through")
        and name.label in ("ORG", "PRODUCT", "PERSON", "")
        and single
        and verb is not None
        and g.lemma(verb) not in ("play", "sit", "serve")
    ):
        yield t.PRODUCT


def _as_subject(name: Name, verb: Token, own: set[int]) -> Iterator[str]:
    lemma = g.lemma(verb)
    if (len(own) > 3 or name.label in ("GPE", "FAC")) and not (name.label == "GPE" and lemma in HUMAN_VERBS):
        return
    attrs = [g.lemma(a) for a in g.children(verb, "attr")]
    if lemma == "be" and any(a in lx.PEOPLE or nm.is_role(a) for a in attrs):
        yield t.PERSON
    if lemma == "be" and any(a in lx.PETS for a in attrs):
        yield t.PERSON
    if lemma in PERSON_VERBS and len(own) <= 3 and verb.tag_ != "VBG":
        yield t.PERSON


def _as_object(name: Name, lemma: str) -> Iterator[str]:
    if lemma in ("marry", "meet", "date", "tell", "ask", "hire", "call", "remind") and name.label != "GPE":
        yield t.PERSON
    if lemma in USING and name.label not in ("GPE", "FAC", "LOC"):
        yield t.PRODUCT  # one reads, plays or buys no person
    if lemma in ("join", "leave", "quit") and name.label != "GPE":
        yield t.ORG
    if lemma in ("visit", "explore", "tour") and name.label not in ("PERSON",):
        yield t.LOCATION


NAMED_NOUNS = (
    lx.PEOPLE
    | lx.PETS
    | lx.WORKS
    | lx.MEMBERSHIPS
    | lx.words(
        "company startup employer firm brand agency store shop app tool project city town country exhibit exhibition "
        "name place series restaurant bakery cafe team band laptop car bike phone camera guitar hometown employer "
        "daughter-in-law"
    )
)
