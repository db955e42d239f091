"""Which noun goes with which name: "my sister Emily", "a fish named Finley", "my cat's name is Luna".

These links and the words around a name say more of its type than the name itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import lexicon as lx
from memories.extraction import names as nm
from memories.extraction.names import Name

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

CALLED = lx.words("named called name call dubbed")
QUOTES = ('"', "“", "‘", "'", "``")
THINGS = lx.words("app tool project laptop car bike camera phone guitar computer boat")
COMPANIES = lx.words("company startup employer firm brand agency store shop bakery supplier")
PLACES = lx.words("place hometown city town country neighborhood neighbourhood village restaurant cafe")
NAMED_NOUNS = lx.PEOPLE | lx.PETS | lx.WORKS | lx.MEMBERSHIPS | THINGS | COMPANIES | PLACES | {"name", "exhibit"}
# what a name is, by the verb whose subject or object it is
HUMAN = lx.words(
    "say tell marry meet call ask live love like hate think know study teach move quit want adopt report manage lead "
    "prefer enjoy retire graduate write invent recommend suggest cook bake mention invite divorce engage bear join"
)
OBJECT_TYPES = {
    **dict.fromkeys(lx.words("marry meet date tell ask hire remind invite"), t.PERSON),
    **dict.fromkeys(lx.words("use try install download play read drive buy own create build wear order"), t.PRODUCT),
    **dict.fromkeys(lx.words("join leave quit"), t.ORG),
    **dict.fromkeys(lx.words("visit explore tour"), t.LOCATION),
}


class Sentence:
    """A parsed sentence with its names. `links`: from a common noun's index to the names it stands for."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.names = nm.names(doc)
        self.at = {i: name for name in self.names for i in range(name.start, name.stop)}
        candidates = [x for x in doc if x.pos_ in ("NOUN", "PROPN", "ADJ") and x.i not in self.at]
        self.links: dict[int, list[Name]] = {x.i: found for x in candidates if (found := self._names_of(x))}
        for index, found in self.links.items():
            _type_by_noun(doc[index], found)
        for name in self.names:
            if not name.sure:
                self._type_by_context(name)

    def name_at(self, token: Token) -> Name | None:
        return self.at.get(token.i)

    # --- names ---------------------------------------------------------------------------------------------------
    def _after(self, index: int) -> Name | None:
        """The name that begins at `index`, over an opening quotation mark."""
        if index < len(self.doc) and self.doc[index].text in QUOTES:
            index += 1
        name = self.at.get(index)
        return name if name is not None and name.start == index else None

    def _list_from(self, first: Name, *, is_list: bool) -> list[Name]:
        """As in "Jackson, Julia and Tom" after a plural noun."""
        found = [first]
        while is_list:
            index = found[-1].stop
            while index < len(self.doc) and self.doc[index].lower_ in (",", "and", "&", "or", "a", "an"):
                index += 1
            following = self._after(index) if index > found[-1].stop else None
            if following is None:
                break
            found.append(following)
        return found

    def _names_of(self, noun: Token) -> list[Name]:
        doc, following, is_list = self.doc, noun.i + 1, noun.tag_ in ("NNS", "NNPS")
        is_known = bool({g.lower(noun), g.lemma(noun)} & NAMED_NOUNS) or nm.is_role(g.lower(noun))
        is_known = is_known or nm.head_type(g.lemma(noun)) != ""
        name = self._after(following) if is_known else None
        if is_known and name is None and following < len(doc) and doc[following].text in (",", "-", "–", "—", "(", ":"):
            name = self._after(following + 1)  # "my cousin, Tom, …"
        if name is None and following < len(doc) and g.lower(doc[following]) in ("named", "called"):
            name = self._after(following + 1)
        for child in noun.children if name is None else ():
            if child.dep_ == "appos" and (is_known or g.children(noun, "poss")):
                name = name or self.at.get(child.i)
            elif child.dep_ in ("acl", "relcl") and g.lower(child) in CALLED:
                name = name or next((n for i in range(child.i + 1, child.i + 4) if (n := self._after(i))), None)
        if name is None and is_known and (found := self._by_copula(noun, is_list)):
            return found
        return [] if name is None else self._list_from(name, is_list=is_list)

    def _by_copula(self, noun: Token, is_list: bool) -> list[Name]:
        """As in "My manager is Deepa", "my cat's name is Luna", "our cats are called Pixel and Byte"."""
        subject = noun.head if noun.dep_ == "poss" and g.lower(noun.head) in ("name", "names") else noun
        verb = subject.head
        if g.negated(verb) or subject.dep_ not in ("nsubj", "nsubjpass", "dep", "conj"):
            return []
        if g.lemma(verb) not in ("be", "call", "name"):
            return []
        for token in self.doc[verb.i + 1 : verb.i + 3]:
            if token.lower_ in ("a", "an", "not", "from", "in", "at", "the"):
                break
            if (name := self._after(token.i)) is not None:
                return self._list_from(name, is_list=is_list)
        return []

    # --- what they are -------------------------------------------------------------------------------------------
    def _type_by_context(self, name: Name) -> None:
        head = self.doc[name.start : name.stop].root
        kind = self._by_governor(name, head)
        if kind:
            name.type, name.sure = kind, True
        elif not name.type:
            acts = head.dep_ in ("nsubj", "dative", "poss") or g.lower(head.head) in ("with", "by")
            name.type = t.PERSON if acts and head.pos_ == "PROPN" else t.PRODUCT

    def _by_governor(self, name: Name, head: Token) -> str:
        governor, length = head.head, name.stop - name.start
        if nm.head_type(self.doc[name.stop - 1].lower_) and name.label != "PERSON":
            return ""
        is_place, lemma = name.label in ("GPE", "LOC", "FAC"), g.lemma(governor)
        owned = [c for c in g.children(head, "poss") if c.i < name.start and c.tag_ == "PRP$"]
        if owned and name.type != t.EVENT and not is_place and (name.label != "PERSON" or length > 1):
            return t.PRODUCT  # "my Taylor GS Mini": one doesn't own people, and calls them by one name
        if head.dep_ == "conj" and (first := self.at.get(governor.i)) is not None and first is not name:
            return first.type if first.sure and (name.label != "PERSON" or first.type == t.PERSON) else ""
        if is_place:
            return ""
        if head.dep_ in ("nsubj", "nsubjpass") and length <= 3 and name.type != t.EVENT:
            told = {g.lemma(a) for a in g.children(governor, "attr")} if lemma == "be" else set()
            is_human = bool(told & (lx.PEOPLE | lx.PETS)) or any(map(nm.is_role, told))
            return t.PERSON if is_human or (lemma in HUMAN and governor.tag_ != "VBG") else ""
        return OBJECT_TYPES.get(lemma, "") if head.dep_ == "dobj" else ""


def _type_by_noun(noun: Token, found: list[Name]) -> None:
    lemma, low = g.lemma(noun), g.lower(noun)
    if {lemma, low} & (lx.PEOPLE | lx.PETS) or nm.is_role(lemma):
        kind = t.PERSON
    elif lemma in lx.WORKS | THINGS:
        kind = t.PRODUCT
    elif lemma in lx.MEMBERSHIPS | COMPANIES:
        kind = t.ORG
    else:
        kind = nm.head_type(lemma) or (t.LOCATION if lemma in PLACES else "")
    for name in found:
        if kind and (kind == t.PERSON or name.label != "PERSON" or lemma in NAMED_NOUNS):
            name.type, name.sure = kind, True
