"""Links between nouns and names: "my sister Emily", "a fish named Finley", "my cat's name is Luna".

These links and the words around a name tell its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import name_spans as nm
from memories.extraction import name_types
from memories.extraction import word_classes as lx
from memories.extraction.name_spans import Name
from memories.extraction.name_types import COMPANIES, PLACES, THINGS

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

CERTAIN = 0.9  # a probability from which nothing overrules the guess of a type
MAX_BETWEEN = 8  # tokens
BEFORE_NOUN = ("DET", "ADJ", "NOUN", "PROPN", "PRON", "NUM", "PART", "ADV")
CALLED = lx.words("named called name call dubbed")
QUOTES = ('"', "“", "‘", "'", "``")
NAMED_NOUNS = lx.PEOPLE | lx.PETS | lx.WORKS | lx.MEMBERSHIPS | THINGS | COMPANIES | PLACES | {"name", "exhibit"}


class Sentence:
    """A parsed sentence with its names. `links`: from a common noun's index to the names it stands for."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.names = nm.names(doc)
        self.at = {i: name for name in self.names for i in range(name.start, name.stop)}
        candidates = [x for x in doc if x.pos_ in ("NOUN", "PROPN", "ADJ") and x.i not in self.at]
        self.links: dict[int, list[Name]] = {x.i: found for x in candidates if (found := self._names_of(x))}
        for name in self.names:
            nouns = [doc[index] for index, found in self.links.items() if any(name is each for each in found)]
            name.type, confidence = name_types.guess(doc, name.start, name.stop, name.label, nouns)
            name.confident = confidence >= CERTAIN

    def name_at(self, token: Token) -> Name | None:
        return self.at.get(token.i)

    # --- names ---------------------------------------------------------------------------------------------------
    def name_before(self, noun: Token) -> Name | None:
        """The name right before a noun: "the Tulip project", "a Honda Civic sedan"."""
        return next((name for name in self.names if name.stop == noun.i), None)

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
            while index < len(self.doc) and self.doc[index].lower_ in (",", "and", "&", "or", "a", "an", "("):
                index = self._behind_brackets(index) if self.doc[index].text == "(" else index + 1
            following = self._after(index) if index > found[-1].stop else None
            if following is None:
                break
            found.append(following)
        return found

    def _behind_brackets(self, index: int) -> int:
        inside = [token.text for token in self.doc[index : index + MAX_BETWEEN]]
        return index + inside.index(")") + 1 if ")" in inside else len(self.doc)

    def _apposed(self, noun: Token) -> Name | None:
        """The name that the noun is an apposition of: "Tenzin, our landlord", "Ada (user's oldest friend)"."""
        index = noun.i
        while index and noun.i - index < MAX_BETWEEN and self.doc[index - 1].pos_ in BEFORE_NOUN:
            index -= 1
        mark = self.doc[index - 1].text if index > 1 else ""
        name = self.at.get(index - 2) if mark in ("(", ",", "-", "–", "—") else None
        after = self.doc[noun.i + 1].lower_ if noun.i + 1 < len(self.doc) else ""
        is_list = noun.dep_ == "conj" or after in ("and", "or", "&", "'s", "’s") or g.children(noun, "conj")
        return None if name is None or (mark == "," and is_list) else name

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
        if name is None and (is_known or g.lemma(noun) in lx.PARTS) and (before := self._apposed(noun)) is not None:
            return [before]
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
