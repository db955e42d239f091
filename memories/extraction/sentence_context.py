"""The context of one sentence for relations: the referents of its words, and which of them fit as the end of a
relation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entities.relation_types import relation_type
from entities.types import RelationMention
from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import name_spans as nm
from memories.extraction import word_classes as lx
from memories.extraction.dates import Dates, moment
from memories.extraction.discourse import Discourse
from memories.extraction.links import Sentence
from memories.extraction.name_spans import Name
from memories.extraction.patterns import Fits

if TYPE_CHECKING:
    from spacy.tokens import Token

CONFIDENT = 0.9  # the confidence of a relation that a sentence states
GUESSED = 0.4  # of an end that only ends what is known
MAX_RELATIONS = 50  # of one sentence: a list of people and a list of places give their product


@dataclass
class SentenceContext:
    """A sentence, and the relations that were found in it. `quoted`: tokens of somebody's quoted words."""

    sentence: Sentence
    discourse: Discourse
    dates: Dates
    quoted: frozenset[int]
    stated: dict[tuple[str, str, str], RelationMention] = field(default_factory=dict)

    def refer(self, tokens: Iterable[Token]) -> list[str]:
        """The names that `tokens` stand for, each once."""
        return list(dict.fromkeys(name for token in tokens for name in self.discourse.refer(token, self.sentence)))

    def subjects(self, verb: Token) -> list[str]:
        """The subjects of a verb; the user where a note leaves the subject out."""
        if subjects := g.subjects(verb):
            return self.refer(subjects)
        return [t.SELF] if g.lacks_subject(verb) and not g.is_question(verb.doc) else []

    def add(
        self,
        sources: Iterable[str],
        kind: str,
        targets: Iterable[str],
        verb: Token | None = None,
        *,
        ended: bool = False,
        confidence: float = CONFIDENT,
    ) -> None:
        """Each source with each target, if neither is known already. A "-" before the type turns the two around."""
        if not (targets := list(targets)):
            return
        start, stop = self.dates.bounds(verb) if verb is not None else (None, None)
        if ended and stop is None and verb is not None and not g.past(verb):
            start, stop = None, start  # "no longer works there since May"
        if kind == "HAS_PET":
            sources = self._keepers(sources)
        of_type = relation_type(kind.lstrip("-"))
        sources = [s for s in sources if of_type.any_source or self._may_be_person(s, is_personal=of_type.person_only)]
        for source, target in ((s, target) for target in targets for s in sources):
            a, b = (target, source) if kind.startswith("-") else (source, target)
            key = a, kind.lstrip("-"), b
            if a != b and len(self.stated) < MAX_RELATIONS:
                self.stated.setdefault(key, RelationMention(*key, {}, moment(start), moment(stop), confidence, ended))

    def _keepers(self, sources: Iterable[str]) -> list[str]:
        """A pet does not keep pets: "a cat named Luna and a dog named Rex" have one keeper."""
        keepers = {s.target: s.source for s in self.stated.values() if s.type == "HAS_PET"}
        return list(dict.fromkeys(keepers.get(source, source) for source in sources))

    def is_person(self, source: str) -> bool:
        return source == t.SELF or any(n.text == source and n.type == t.PERSON for n in self.sentence.names)

    def _may_be_person(self, source: str, *, is_personal: bool) -> bool:
        """Firms and towns don't live, work or like. A type that was only guessed gives way."""
        name = next((n for n in self.sentence.names if n.text == source), None)
        if name is None or name.type == t.PERSON:
            return True
        is_firm = name.label == "ORG" and not is_personal
        if name.confident or is_firm or nm.head_type(source.split()[-1].lower()):
            return name.type not in (t.ORG, t.LOCATION, t.EVENT)
        return name.retyped(t.PERSON)

    # --- targets -------------------------------------------------------------------------------------------------
    def fitting(self, tokens: Iterable[Token], fits: Fits) -> list[str]:
        """The ends of a relation that these words give, each once: names, or nouns if the pattern takes them."""
        return list(dict.fromkeys(name for token in tokens for name in self._fitting(token, fits)))

    def beside(self, noun: Token, words: tuple[str, ...], fits: Fits) -> list[str]:
        """Those that hang on a noun with one of these prepositions: "a nurse at Mercy", "our flat in Oslo"."""
        return self.fitting((target for word, target in g.prepositions(noun) if word in words), fits)

    def _fitting(self, token: Token, fits: Fits) -> Iterator[str]:
        names = [name] if (name := self.sentence.name_at(token)) else self.sentence.links.get(token.i, [])
        if not names and fits in (Fits.NAMED, Fits.THING, Fits.GOODS, Fits.CLUB) and token.dep_ != "conj":
            names = [name] if (name := self.sentence.name_before(token)) else []
        match fits:
            case Fits.PERSON:
                yield from self.refer([token])
            case Fits.NAMED if token.pos_ == "PRON":
                yield from self.refer([token])
            case Fits.ROLE:
                at = token.head.lower_ == "as" or any(
                    w == "at" and x.i in self.sentence.at for w, x in g.prepositions(token)
                )
                is_role = nm.is_role(g.lemma(token)) or (at and token.pos_ == "NOUN")  # "as a tester", "a cook at Noma"
                inside = next((n.text for c in g.children(token, "compound") if (n := self.sentence.name_at(c))), "")
                yield from (
                    [g.role_text(token).removeprefix(inside).strip()]
                    if is_role and not names and g.lemma(token) not in lx.KIN
                    else []
                )
            case Fits.PET:
                is_pet = g.lemma(token) in lx.PETS and token.i not in self.sentence.at
                yield from ([n.text for n in names] or [g.noun_text(token)]) if is_pet else []
            case _ if names:
                yield from [n.text for n in names if self._suits(n, token, fits)]
            case Fits.CLUB:
                is_of = any(x.i in self.sentence.at for w, x in g.prepositions(token) if w in ("of", "at"))
                yield from [g.noun_text(token)] if g.lemma(token) in lx.MEMBERSHIPS and not is_of else []
            case Fits.GOODS if g.lemma(token) not in lx.GOODS:
                return
            case Fits.THING | Fits.GOODS | Fits.LIKED:
                yield from _noun(token, is_liked=fits is Fits.LIKED)

    def _is(self, name: Name, kind: str) -> bool:
        """Whether the name has the type, or gets it: one that was only guessed gives way to a relation's."""
        is_titled = kind != t.PERSON and name.text.split()[0].lower().strip(".") in lx.HONORIFICS  # "Mrs. Jones"
        return name.type == kind or (not name.confident and not is_titled and name.retyped(kind))

    def _suits(self, name: Name, token: Token, fits: Fits) -> bool:
        """Whether a named target fits; a type that was only guessed gives way to the pattern's."""
        words = {x.lower_ for x in self.sentence.doc[name.start : name.stop + 1]}
        is_club = bool({self.sentence.doc[name.stop - 1].lower_, g.lemma(token)} & lx.MEMBERSHIPS)
        the = self.sentence.doc[name.start - 1].lower_ == "the" if name.start else False
        is_club = is_club or (the and g.lemma(token.head) == "join")  # "joined the Falcons"
        is_at = token.head.lower_ in ("at", "for", "with")  # nobody works or studies "at" a town
        match fits:
            case Fits.CLUB:
                is_of = token.head.lower_ in ("in", "for", "to", "of", "on", "with")
                is_in = g.lemma(token.head.head) == "be" and token.head.lower_ == "in"  # "in Fado": a band or a town
                return is_club or (is_of and (name.type == t.ORG if is_in else self._is(name, t.ORG)))
            case Fits.COMPANY:
                is_town = name.type == t.LOCATION and name.label in ("GPE", "LOC")  # "I left Berlin"
                return not is_club and ((is_at and is_town) or (not is_town and self._is(name, t.ORG)))
            case Fits.SCHOOL:
                is_at = is_at or token.head.lower_ in ("from", "of") or (token.dep_ == "dobj" and not name.confident)
                is_school = name.type == t.ORG or (is_at and name.type != t.EVENT)
                return bool(words & lx.STUDY_HEADS) or (is_school and token.head.head.lemma_ != "go")
            case Fits.PLACE:
                return self._is(name, t.LOCATION)
            case Fits.SIGHT:
                return name.type == t.ORG or self._is(name, t.LOCATION)
            case Fits.THING:
                return self._is(name, t.PRODUCT)
            case Fits.GOODS:
                return name.type == t.PRODUCT
            case _:
                return True


def _noun(token: Token, *, is_liked: bool) -> Iterator[str]:
    """A concrete noun, or if `is_liked` any noun and activity that says something."""
    lemma = g.lemma(token)
    if token.tag_ == "VBG" and is_liked:
        yield str(token.doc[token.i : token.right_edge.i + 1].text)
    elif token.pos_ in ("NOUN", "PROPN") and not any(g.lower(d) in ("no", "any", "that", "this") for d in token.lefts):
        is_thing = lemma not in lx.BEINGS and not nm.is_role(lemma)
        is_concrete = lemma not in lx.ABSTRACT and not lemma.endswith(lx.ABSTRACT_ENDINGS)
        if is_thing and (is_concrete or (is_liked and lemma not in lx.VAGUE)):
            yield g.noun_text(token)
