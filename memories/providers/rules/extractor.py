"""The rules put together: items in, statements out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from memories.providers import sentences as sn
from memories.providers.rules import amounts, facts, fields, model, nominal, verbs
from memories.providers.rules import grammar as g
from memories.providers.rules import types as t
from memories.providers.rules.dates import Dates
from memories.providers.rules.discourse import Discourse
from memories.providers.rules.found import Reading
from memories.providers.rules.naming import Sentence
from memories.types import Fact, Item, Span

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

LONGEST = 1_000  # characters of one sentence; a longer "sentence" is no prose and is cut at a space
LONGEST_NAME = 128  # characters of the user's name, which replaces each "I"; a speaker's name has the same limit
BATCH = 32
SAYING = frozenset({"say", "tell", "write", "reply", "answer", "ask", "add", "mention", "shout", "text", "claim"})
SPEECH = re.compile(r"[\"“][^\"”]{3,400}[\"”]")


@dataclass(frozen=True)
class _Piece:
    """One sentence of item `position`."""

    position: int
    text: str


class RulesExtractor:
    """`model_name` and `directory` as for `model.load`; nothing is loaded before the first text."""

    name = "rules"

    def __init__(self, model_name: str, directory: Path) -> None:
        self._model_name, self._directory = model_name, directory

    def warm(self) -> None:
        """Load the pipeline now. Raises ProviderUnavailable or ProviderRefused."""
        model.load(self._model_name, self._directory)

    def extract(self, items: Sequence[Item], roles: frozenset[str] | None = None) -> tuple[t.Statement, ...]:
        """The statements of `items` in order. `roles` are those who may state facts; None: the user, and whoever is
        named."""
        return tuple(s for extraction in self.read(items, roles) for s in extraction.statements)

    def read(self, items: Sequence[Item], roles: frozenset[str] | None = None) -> tuple[t.Extraction, ...]:
        """One extraction for each item, in order; an item that may not speak gives an empty one. Raises
        ProviderUnavailable or ProviderRefused."""
        nlp = model.load(self._model_name, self._directory)
        # Without a zone the vocabulary keeps every word that was ever read; a pipeline has one zone at a time.
        with model.reading, nlp.memory_zone():
            return tuple(self._read(nlp, items, roles))

    def _read(self, nlp: Language, items: Sequence[Item], roles: frozenset[str] | None) -> Iterator[t.Extraction]:
        pieces = (
            _Piece(position, text)
            for position, item in enumerate(items)
            if sn.may_state(item, roles)
            for text in _pieces(item.content)
        )
        current: _Text | None = None
        at = 0
        for doc, piece in _parsed(nlp, pieces):
            if current is None or current.position != piece.position:
                while at < piece.position:
                    yield current.done() if current is not None and current.position == at else t.Extraction()
                    at += 1
                current = _Text(piece.position, items[piece.position])
            current.read(doc)
        while at < len(items):
            yield current.done() if current is not None and current.position == at else t.Extraction()
            at += 1


def _parsed(nlp: Language, pieces: Iterator[_Piece]) -> Iterator[tuple[Doc, _Piece]]:
    return nlp.pipe(((piece.text, piece) for piece in pieces), as_tuples=True, batch_size=BATCH)


def _pieces(content: str) -> Iterator[str]:
    content = content.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no character
    for sentence in sn.sentences(sn.CODE.sub("\n", content)):
        yield from filter(_says_something, _cut(sentence))


def _cut(sentence: str) -> Iterator[str]:
    """Parts of at most LONGEST characters, cut at a space where there is one."""
    start = 0
    while len(sentence) - start > LONGEST:
        cut = sentence.rfind(" ", start + 1, start + LONGEST)
        stop = cut if cut > 0 else start + LONGEST
        yield sentence[start:stop].strip()
        while sentence[stop].isspace():
            stop += 1
        start = stop
    yield sentence[start:]


def _says_something(piece: str) -> bool:
    """Punctuation alone states nothing, and takes the pipeline longest: each character is a token."""
    return any(map(str.isalnum, piece))


def from_settings() -> RulesExtractor | None:
    """As configured by SPACY_MODEL and EMBEDDING_MODEL_DIR; None where the rules are switched off."""
    if not settings.SPACY_MODEL:
        return None
    return RulesExtractor(settings.SPACY_MODEL, Path(settings.EMBEDDING_MODEL_DIR))


class _Text:
    """One item, sentence after sentence."""

    def __init__(self, position: int, item: Item) -> None:
        self.position, self.item = position, item
        self.discourse = Discourse()
        self.statements: list[t.Statement] = []
        self.mentions: list[t.Mention] = []
        self.naming: list[t.Statement] = []  # what only says how the user is called

    def read(self, doc: Doc) -> None:
        if facts.looks_like_code(doc.text):
            return
        if (field := fields.field_of(doc.text)) is not None:
            self._field(doc.text, field)
            return
        sentence = Sentence(doc)
        named = self._name_the_user(sentence)
        self.discourse.enter(sentence)
        dates = Dates(doc, self.item.said_at)
        speech = _speech(doc)
        reading = Reading(sentence, self.discourse, dates, speech)
        reading.sayers = _sayers(reading) if speech else []
        nominal.read(reading)
        verbs.read(reading)
        found = reading.found
        mentions = _mentions(sentence, dates)
        self.mentions += mentions
        if found or facts.states(sentence) or any(r.holds for r in found):
            statement = self._statement(sentence, mentions, found, dates)
            if named:
                content = f"{self.item.speaker or 'User'}'s name is {self.discourse.user_name}"
                self.naming.append(replace(statement, fact=replace(statement.fact, content=content)))
            else:
                self.statements.append(statement)
        self.discourse.leave(sentence)

    def done(self) -> t.Extraction:
        """A sentence that only names the user is kept where nothing else carries the name."""
        name = re.compile(rf"\b{re.escape(self.discourse.user_name or '')}\b")
        carried = any(name.search(s.fact.content) for s in self.statements)
        statements = self.statements if carried or not self.naming else self.naming + self.statements
        return t.Extraction(tuple(statements), _once(self.mentions), self.discourse.user_name)

    def _statement(
        self, sentence: Sentence, mentions: list[t.Mention], found: list[t.Relation], dates: Dates
    ) -> t.Statement:
        doc = sentence.doc
        root = next((token for token in doc if token.dep_ == "ROOT"), doc[0])
        hedged = g.is_verb(root) and (g.hedged(root) or g.future(root))
        fact = Fact(
            facts.content_of(sentence, self.discourse, self.item.speaker),
            doc.text,
            self.position,
            self.item.role,
            self.item.speaker,
            self.item.said_at,
            self.item.stamp,
            confidence=0.6 if hedged else 0.9,
            importance=_importance(mentions, found),
        )
        return t.Statement(
            fact,
            tuple(mentions),
            tuple(found),
            amounts.of(doc),
            amounts.attributes(sentence, self.discourse, dates),
            amounts.content_words(doc),
            amounts.subject_of(sentence, self.discourse),
            hedged,
            g.is_verb(root) and g.negated(root),
            amounts.labels(doc, _tokens_of(doc, dates)),
        )

    def _name_the_user(self, sentence: Sentence) -> bool:
        """As in "User's name is John", "my name is Ana": → whether the sentence says only that."""
        doc = sentence.doc
        if any(g.lower(token) == "user" for token in doc[:3]):
            self.discourse.notes = True
        for token in doc:
            if g.lower(token) != "name" or token.dep_ != "nsubj" or g.lemma(token.head) != "be":
                continue
            owner = g.kids(token, "poss")
            if not owner or g.lower(owner[0]) not in ("my", "user"):
                continue
            for name in sentence.names:
                if 0 < name.start - token.head.i <= 2 and len(name.text) <= LONGEST_NAME:
                    name.type, name.sure = t.PERSON, True
                    self.discourse.user_name = name.text
                    return len(doc) - name.stop <= 1
        return False

    def _field(self, line: str, field: fields.Field) -> None:
        mentions = [
            t.Mention(name, fields.TYPES[field.kind], Span(start, start + len(name)))
            for name, start in field.parts
            if field.kind in fields.TYPES
        ]
        self.mentions += mentions
        if field.kind == fields.NAME:
            self.discourse.user_name, self.discourse.notes = field.parts[0][0], True
            relations: list[t.Relation] = []
        else:
            relations = [t.Relation(self.discourse.user, field.kind, field.parts[0][0])]
            if len(field.parts) > 1:
                relations.append(t.Relation(field.parts[0][0], "PART_OF", field.parts[1][0]))
        user = self.discourse.user_name or self.item.speaker or "User"
        label = line.strip().lstrip("-*• ").strip()
        content = label if field.kind == fields.NAME else f"{user}'s {label[0].lower()}{label[1:]}"
        fact = Fact(
            content,
            line,
            self.position,
            self.item.role,
            self.item.speaker,
            self.item.said_at,
            self.item.stamp,
            confidence=0.9,
            importance=0.7,
        )
        self.statements.append(t.Statement(fact, tuple(mentions), tuple(relations), subject=self.discourse.user))


def _speech(doc: Doc) -> frozenset[int]:
    """Tokens of somebody's quoted words: where an "I" isn't the user."""
    inside: set[int] = set()
    for match in SPEECH.finditer(doc.text):
        span = doc.char_span(match.start(), match.end(), alignment_mode="contract")
        if span is not None and any(token.tag_ in ("PRP", "VBP", "VBZ", "VBD", "MD") for token in span):
            inside.update(token.i for token in span)
    return frozenset(inside)


def _tokens_of(doc: Doc, dates: Dates) -> set[int]:
    spans = (doc.char_span(d.start, d.stop, alignment_mode="expand") for d in dates.found)
    return {token.i for span in spans if span is not None for token in span}


def _sayers(reading: Reading) -> list[str]:
    """Who said what stands between the quotation marks; nobody when it isn't told by name."""
    for token in reading.sentence.doc:
        if token.i not in reading.speech and g.lemma(token) in SAYING:
            return reading.doers(token)
    return []


def _mentions(sentence: Sentence, dates: Dates) -> list[t.Mention]:
    doc = sentence.doc
    found = []
    for name in sentence.names:
        start = doc.text.find(name.text, max(doc[name.start].idx - 1, 0))
        if start >= 0:
            found.append(t.Mention(name.text, name.type or t.CONCEPT, Span(start, start + len(name.text))))
    found += [t.Mention(doc.text[d.start : d.stop], t.DATE, Span(d.start, d.stop), d.value) for d in dates.found]
    return sorted(found, key=lambda m: m.span.start)


def _once(mentions: list[t.Mention]) -> tuple[t.Mention, ...]:
    seen: dict[str, t.Mention] = {}
    for mention in mentions:
        seen.setdefault((mention.value or mention.name).casefold(), mention)
    return tuple(seen.values())


def _importance(mentions: list[t.Mention], relations: list[t.Relation]) -> float:
    """A state of the user's or of a named person matters more than an event, an event more than a remark."""
    if any(r.holds and r.type != "VISITED" for r in relations):
        return 0.8
    return 0.6 if mentions or relations else 0.5
