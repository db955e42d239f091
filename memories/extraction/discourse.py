"""Resolve "I", "she" and "they", sentence by sentence in one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import word_classes as lx
from memories.extraction.links import Sentence
from memories.extraction.name_spans import Name

if TYPE_CHECKING:
    from spacy.tokens import Token

MAX_PEOPLE = 100  # that are kept for pronouns
PARTNERS = frozenset(word for word, kind in lx.KIN.items() if kind in ("MARRIED_TO", "PARTNER_OF"))


class Discourse:
    """The persons of whom a text spoke. `user_name`: the name by which it calls the user. `notes`: it calls
    the user "User". `unnamed`: noun and owners of a pet or relative that has no name yet."""

    def __init__(self) -> None:
        self.user_name: str | None = None
        self.notes = False
        self.is_elided = False  # "User" was put in front of the sentence
        self.topic: str | None = None  # the person whom the last sentence was about
        self.unnamed: tuple[str, list[str]] | None = None
        self._people: dict[str, None] = {}  # latest last
        self._female: dict[str, bool] = {}
        self._partner: str | None = None

    def only_person(self, *, is_female: bool) -> str | None:
        """The one person whom the sentences before named, if the sex fits; None if there are several."""
        people = [p for p in self._people if p not in (t.SELF, self.user_name)]
        if self.notes:
            return self.user_name if not people else None
        fits = len(people) == 1 and self._female.get(people[0], is_female) == is_female
        return people[0] if fits else None

    def enter(self, sentence: Sentence) -> None:
        """Take in the sex of persons, and who is the user's partner, before pronouns are resolved."""
        for index, names in sentence.links.items():
            noun = sentence.doc[index]
            for name in names if g.lower(noun) in lx.FEMALE | lx.MALE else ():
                self._female[name.text] = g.lower(noun) in lx.FEMALE
            if g.lower(noun) in PARTNERS and any(g.lower(p) in lx.MY for p in g.children(noun, "poss")):
                self._partner = names[-1].text

    def leave(self, sentence: Sentence) -> None:
        """Remember the sentence's names for the next one; what it is about comes last."""
        for name in sentence.names:
            if name.type == t.PERSON:
                self._put_last(name.text)
        for token in sentence.doc:
            if token.dep_ in ("nsubj", "nsubjpass", "poss") and token.head.dep_ in ("ROOT", "nsubj"):
                about = self.refer(token, sentence) if token.pos_ != "PRON" else []
                if len(about) == 1 and (about[0] in self._people or about[0] == t.SELF):
                    self._put_last(about[0])
                    self.topic = self.topic if self.is_elided else about[0]
                    return
        first = sentence.names[0] if sentence.names else None
        if first is not None and first.start == 0 and first.type == t.PERSON:
            self.topic = first.text  # "Ada Lund, our plumber."

    def _put_last(self, person: str) -> None:
        self._people.pop(person, None)
        self._people[person] = None
        if len(self._people) > MAX_PEOPLE:
            del self._people[next(iter(self._people))]

    def refer(self, token: Token, sentence: Sentence) -> list[str]:
        """The names that a noun or pronoun stands for; [] when that isn't safe to say."""
        lowered, name = g.lower(token), sentence.name_at(token)
        if name is not None or token.i in sentence.links:
            return [self._called(n) for n in ([name] if name is not None else sentence.links[token.i])]
        if lowered == "user" and token.i == 0 and self.is_elided and self.topic is not None:
            return [self.topic]
        if lowered in ("user", "users") or lowered in ("i", "me", "my", "myself", "mine"):
            return [t.SELF]
        if lowered in ("we", "us", "our", "ours"):
            return [t.SELF, self._partner] if self._partner else [t.SELF]
        if lowered in lx.HE or lowered in lx.SHE:
            found = self._person(token, sentence, is_female=lowered in lx.SHE)
            return [found] if found else []
        if lowered in ("who", "that", "which") and token.head.dep_ == "relcl":
            return self.refer(token.head.head, sentence)
        before = _before(token, sentence)
        if lowered in lx.THEY and 2 <= len(before) <= 4:
            return before
        return []

    def _called(self, name: Name) -> str:
        return t.SELF if name.text == self.user_name else name.text

    def _person(self, token: Token, sentence: Sentence, *, is_female: bool) -> str | None:
        """The subject of the clause before rather than the nearest name; else the last person of the text."""

        def fits(person: str) -> bool:
            return person == t.SELF or self._female.get(person, is_female) == is_female

        before = [p for p in _before(token, sentence) if fits(p)]
        subjects = [p for p in _before(token, sentence, only_subjects=True) if fits(p)]
        if before:
            return t.SELF if (subjects or before)[-1] == self.user_name else (subjects or before)[-1]
        if any(g.lower(x) == "user" for x in sentence.doc[: token.i]):
            return t.SELF
        known = [p for p in self._people if fits(p)]
        if not known:
            return None
        self._female.setdefault(known[-1], is_female)
        return t.SELF if known[-1] == self.user_name else known[-1]


def _before(token: Token, sentence: Sentence, *, only_subjects: bool = False) -> list[str]:
    """The persons whom the sentence names before `token`."""
    found = []
    for name in sentence.names:
        head = sentence.doc[name.start : name.stop].root
        head = head.head if head.dep_ in ("appos", "compound") else head
        if (
            name.type == t.PERSON
            and name.stop <= token.i
            and (not only_subjects or head.dep_ in ("nsubj", "nsubjpass"))
        ):
            found.append(name.text)
    return found
