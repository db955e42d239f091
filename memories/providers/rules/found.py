"""Collecting the relations of one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules.dates import Dates
from memories.providers.rules.discourse import Discourse
from memories.providers.rules.naming import Sentence
from memories.providers.rules.types import Relation

if TYPE_CHECKING:
    from spacy.tokens import Token

# What may be over and still be said: it happened once.
ONCE = frozenset({"STUDIED_AT", "VISITED", "BORN_IN", "MOVED_TO", "CREATED"})


@dataclass
class Reading:
    """One sentence under the rules: what they may ask, and what they have found."""

    sentence: Sentence
    discourse: Discourse
    dates: Dates
    speech: frozenset[int] = frozenset()  # tokens of somebody's quoted words
    sayers: list[str] = field(default_factory=list)  # whose they are: "I" in there
    found: list[Relation] = field(default_factory=list)

    def who(self, tokens: Iterable[Token]) -> list[str]:
        """The names of persons and things that `tokens` stand for, each once."""
        names: list[str] = []
        for token in tokens:
            if token.i in self.speech and g.lower(token) in lx.FIRST:
                names += self.sayers
                continue
            for name in self.discourse.refer(token, self.sentence):
                if name not in names:
                    names.append(name)
        return names

    def doers(self, verb: Token) -> list[str]:
        """Whose act it is; the user's where a note leaves the subject out."""
        subjects = g.subjects(verb)
        if subjects:
            return self.who(subjects)
        return [self.discourse.user] if g.has_left_out_subject(verb) else []

    def what(self, token: Token) -> str | None:
        """A thing by its name, or by its noun where it has none."""
        name = self.sentence.name_at(token)
        if name is not None:
            return name.text
        if token.i in self.sentence.links:
            return self.sentence.links[token.i][0].text
        if token.pos_ not in g.NOUNS and token.tag_ != "VBG":
            return None
        if g.lemma(token) in (
            "pack",
            "pair",
            "set",
            "box",
            "bottle",
            "bag",
            "bunch",
            "collection",
            "piece",
            "copy",
            "couple",
        ):
            inner = [o for word, _, o in g.prepositions(token) if word == "of"]
            if inner:
                return self.what(inner[0])
        return g.noun_text(token)

    def add(
        self,
        sources: Iterable[str | None],
        kind: str,
        targets: Iterable[str | None],
        verb: Token | None = None,
        *,
        negated: bool = False,
        hedged: bool = False,
        past: bool = False,
        role: str | None = None,
    ) -> None:
        """Every source with every target. `verb` tells how it is stated; a question states nothing."""
        if verb is not None:
            if g.asked(verb):
                return
            negated = negated or g.negated(verb)
            hedged = hedged or g.hedged(verb) or g.future(verb)
        start, stop = self.dates.bounds(verb) if verb is not None else (None, None)
        reverse = kind.startswith("-")
        for source in sources:
            for target in targets:
                if not source or not target or source == target:
                    continue
                a, b = (target, source) if reverse else (source, target)
                relation = Relation(
                    a,
                    kind.lstrip("-"),
                    b,
                    {"role": role} if role else {},
                    None if negated else start,
                    start if negated else stop,
                    negated,
                    hedged,
                    past,
                )
                if not any(
                    (r.source, r.type, r.target, r.negated) == (a, relation.type, b, negated) for r in self.found
                ):
                    self.found.append(relation)
