"""Who "I", "she" and "they" are, sentence after sentence of one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import lexicon as lx
from memories.extraction import kinds as t
from memories.extraction.links import Sentence

if TYPE_CHECKING:
    from spacy.tokens import Token

SPOUSES = lx.words("wife husband spouse partner girlfriend boyfriend fiancé fiancée fiance fiancee gf bf")
MOST_PEOPLE = 100


class Discourse:
    """Remembers whom a text spoke of. `user_name`: how it calls the user."""

    def __init__(self) -> None:
        self.user_name: str | None = None
        self.notes = False  # the text calls its user "User"
        self.unnamed: tuple[str, list[str]] | None = None  # (noun, owners) of a pet or relative still without a name
        self._people: dict[str, None] = {}  # latest last
        self._female: dict[str, bool] = {}
        self._thing: str | None = None
        self._partner: str | None = None
        self._place: str | None = None

    def only_person(self, *, is_female: bool) -> str | None:
        """The one person whom the sentences before named, if the sex fits; None if there are several."""
        people = [p for p in self._people if p != t.USER]
        if self.notes and self.user_name and not [p for p in people if p != self.user_name]:
            return self.user_name
        if len(people) != 1 or self.notes or self._female.get(people[0], is_female) != is_female:
            return None
        return people[0] if people[0] != self.user_name else None

    def enter(self, sentence: Sentence) -> None:
        """Take in what the sentence says of persons' sex, before its pronouns are asked for."""
        for index, names in sentence.links.items():
            low = g.lower(sentence.doc[index])
            for name in names:
                if low in lx.FEMALE or low in lx.MALE:
                    self._female[name.text] = low in lx.FEMALE
                if low in SPOUSES and any(g.lower(p) in lx.MY for p in g.children(sentence.doc[index], "poss")):
                    self._partner = name.text
        self._partner_by_verb(sentence)

    def _partner_by_verb(self, sentence: Sentence) -> None:
        for token in sentence.doc:
            names = [n for n in sentence.names if n.type == t.PERSON] if g.lemma(token) == "marry" else []
            if names and any(g.lower(x) in lx.FIRST for x in sentence.doc):
                self._partner = names[0].text

    def leave(self, sentence: Sentence) -> None:
        """Remember the sentence's names for the next one."""
        for name in sentence.names:
            if name.type == t.PERSON:
                self._last(name.text)
            elif name.type == t.LOCATION:
                self._place = name.text
            else:
                self._thing = name.text
        # what a sentence is about is what the next one goes on with
        for token in sentence.doc:
            if token.dep_ in ("nsubj", "nsubjpass", "poss") and token.head.dep_ in ("ROOT", "nsubj"):
                about = sentence.name_at(token) or next(iter(sentence.links.get(token.i, ())), None)
                if about is not None and about.type == t.PERSON and about.text in self._people:
                    self._last(about.text)
                    break
                if g.lower(token) == "user":
                    self._last(t.USER)
                    break

    def _last(self, person: str) -> None:
        """Move a person to the end. Only the last MOST_PEOPLE are kept for pronouns."""
        self._people.pop(person, None)
        self._people[person] = None
        if len(self._people) > MOST_PEOPLE:
            del self._people[next(iter(self._people))]

    def refer(self, token: Token, sentence: Sentence) -> list[str]:
        """The names that a noun or pronoun stands for; [] when that isn't safe to say."""
        low = g.lower(token)
        name = sentence.name_at(token)
        if name is not None:
            return [t.USER if name.text == self.user_name else name.text]
        if token.i in sentence.links:
            return [t.USER if n.text == self.user_name else n.text for n in sentence.links[token.i]]
        if low in ("user", "users"):
            return [t.USER]
        if low in ("i", "me", "my", "myself", "mine"):
            return [t.USER]
        if low in ("we", "us", "our", "ours"):
            return [t.USER, self._partner] if self._partner else [t.USER]
        if low in lx.HE or low in lx.SHE:
            found = self._person(token, sentence, female=low in lx.SHE)
            return [found] if found else []
        if low in ("who", "that", "which") and token.dep_ in ("nsubj", "nsubjpass"):
            return self.refer(token.head.head, sentence) if token.head.dep_ == "relcl" else []
        if low in ("both", "each", "all") and token.dep_ in ("nsubj", "appos"):
            return []
        if low in lx.THEY:
            return self._group(token, sentence)
        return []

    def place(self, token: Token, sentence: Sentence) -> str | None:
        """What "there" or "here" means."""
        before = [n.text for n in sentence.names if n.type in (t.LOCATION,) and n.stop <= token.i]
        return before[-1] if before else self._place

    def thing(self, token: Token, sentence: Sentence) -> str | None:
        before = [n.text for n in sentence.names if n.type not in (t.PERSON, t.LOCATION) and n.stop <= token.i]
        return before[0] if before else self._thing

    def _person(self, token: Token, sentence: Sentence, *, female: bool) -> str | None:
        before = [n for n in sentence.names if n.type == t.PERSON and n.stop <= token.i]
        fits = [
            n.text for n in before if self._female.get(n.text, female) == female and not self._same_phrase(n, token)
        ]
        if fits:
            # the subject of the clause before rather than the nearest name
            subjects = [n.text for n in before if n.text in fits and self._is_subject(n, sentence)]
            return subjects[-1] if subjects else fits[0] if len(set(fits)) == 1 else fits[-1]
        if self._user_is_third_person(sentence, token):
            return t.USER
        known = [p for p in self._people if p == t.USER or self._female.get(p, female) == female]
        if known:
            self._female.setdefault(known[-1], female)
            return t.USER if known[-1] in (t.USER, self.user_name) else known[-1]
        return None

    def _user_is_third_person(self, sentence: Sentence, token: Token) -> bool:
        return any(g.lower(x) in ("user", "user's") for x in sentence.doc[: token.i])

    @staticmethod
    def _same_phrase(name: object, token: Token) -> bool:
        """As in "Keisha's sister": the owner isn't the sister; but "his X" never means X itself."""
        start = getattr(name, "start", -1)
        return token.tag_ == "PRP$" and start > token.i

    @staticmethod
    def _is_subject(name: object, sentence: Sentence) -> bool:
        head = sentence.doc[getattr(name, "start", 0) : getattr(name, "stop", 1)].root
        if head.dep_ == "appos":
            head = head.head
        return head.dep_ in ("nsubj", "nsubjpass") or (head.dep_ == "compound" and head.head.dep_ == "nsubj")

    def _group(self, token: Token, sentence: Sentence) -> list[str]:
        """As in "they", after two or more persons named together."""
        before = [n for n in sentence.names if n.type == t.PERSON and n.stop <= token.i]
        if 2 <= len(before) <= 4 and token.tag_ != "PRP$":
            return [n.text for n in before]
        if token.tag_ == "PRP$" and len(before) == 1 and self._user_is_third_person(sentence, token):
            return [t.USER, before[0].text]
        if token.tag_ == "PRP$" and len(before) >= 2:
            return [n.text for n in before[:2]]
        return []
