"""Annotate a statement: names, dates and relations, and its text without context."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from entities.relation_types import relation_type
from entities.types import EntityMention, ExtractedGraph, RelationMention
from memories.extraction import grammar as g
from memories.extraction import key_values, plain, wording
from memories.extraction import kinds as t
from memories.extraction.dates import Dates, day_of
from memories.extraction.discourse import Discourse
from memories.extraction.links import Sentence
from memories.extraction.relations import relations
from memories.extraction.sentence_context import CONFIDENT, SentenceContext
from memories.extraction.speaking import NOT_THE_USER
from memories.statements import Statement
from memories.types import Fact, Item

if TYPE_CHECKING:
    from spacy.tokens import Doc

MAX_NAME_LENGTH = 128  # characters of the user's name, which replaces each "he"; a speaker's name has the same limit
PROFILE = re.compile(r"\b(?:profile|user|me|myself)$", re.IGNORECASE)  # the heading of fields about the user
SPEECH = re.compile(r"[\"“][^\"”]{3,400}[\"”]")


class Annotator:
    """Reads the sentences of one speaker of one text, in order. `naming`: the statement that only says how the user is
    called, with that name."""

    def __init__(self, item: Item, speaker: str | None) -> None:
        self._today = day_of(item.said_at, item.client_timestamp)
        self._me = speaker or (str(item.role).capitalize() if item.role in NOT_THE_USER else None)
        self._discourse = Discourse()
        self._told = False  # whether a statement gave the user's name
        self._card: str | None = None  # whom the fields of a form are about
        self.naming: tuple[Statement, str] | None = None

    def annotated(self, fact: Fact, doc: Doc, *, heading: str = "", is_whole: bool = True) -> Statement:
        """`heading` stands before the content. `is_whole` False: `doc` isn't what was said, and the content stays."""
        sentence, quoted = Sentence(doc), _quoted(doc)
        only_name = self._name_the_user(sentence, is_answer=not is_whole and "your name" in fact.content)
        self._discourse.is_elided = doc[0].text == "User" and not fact.evidence.startswith("User")
        self._discourse.enter(sentence)
        dates = Dates(doc, self._today)
        stated = relations(SentenceContext(sentence, self._discourse, dates, quoted))
        content = fact.content
        if is_whole:
            content = heading + wording.content_of(sentence, self._discourse, self._me or "User", quoted)
        mentions = [EntityMention(n.text, n.type or t.CONCEPT, CONFIDENT, n.qualifier) for n in sentence.names]
        mentions += [EntityMention(d.value, t.DATE, CONFIDENT) for d in dates.found]
        start, stop = dates.validity()
        root = next((token for token in doc if token.dep_ == "ROOT"), doc[0])
        is_plan = g.is_verb(root) and not g.is_question(doc) and not g.claimed(root)
        new = replace(
            fact,
            content=content,
            confidence=0.6 if is_plan else fact.confidence,
            importance=_importance(mentions, stated),
            valid_from=start,
            valid_to=stop,
            dates=dates.relative,
        )
        self._discourse.leave(sentence)
        statement = Statement(new, self._graph(mentions, stated))
        if only_name and self._discourse.notes and self._discourse.user_name:
            self.naming = (statement, self._discourse.user_name)
        return statement

    def field(self, fact: Fact, found: key_values.KeyValueLine | None, doc: Doc | None, heading: str) -> Statement:
        """A line "key: value". `found` None: the key states no relation. `doc`: the parse of the value. The relation is
        of the person whom an earlier field named, else of the user."""
        is_profile = PROFILE.search(heading) is not None
        is_unclear = found is not None and self._card is None and not is_profile and bool(heading or not found.is_clear)
        if found is None or is_unclear or not found.values:
            if doc is not None:
                return self.annotated(fact, doc, is_whole=False)
            return Statement(fact, ExtractedGraph(plain.named(fact.evidence)))
        whose = self._card or t.SELF
        mentions, stated = self._of_field(found, doc), found.relations(whose, CONFIDENT)
        if not found.kind and not found.role:
            self._card = t.SELF if is_profile else found.value
            self._discourse.user_name = found.value[:MAX_NAME_LENGTH] if is_profile else self._discourse.user_name
        if found.kind and not heading and self._card not in (None, t.SELF):
            fact = replace(fact, content=f"{self._card}: {fact.content}")
        return Statement(replace(fact, importance=_importance(mentions, stated)), self._graph(mentions, stated))

    def _of_field(self, found: key_values.KeyValueLine, doc: Doc | None) -> list[EntityMention]:
        """The names and dates of a field: its values first."""
        if found.employer:
            return [EntityMention(found.employer, t.ORG, CONFIDENT)]
        others = self._read(doc) if doc is not None else []
        if found.of_type == t.CONCEPT:  # without a sentence around it a product looks like a person
            value_type = t.PRODUCT if found.kind == "OWNS" else t.CONCEPT
            return [replace(m, type=value_type) if m.type == t.PERSON else m for m in others]
        mentions = [EntityMention(value, found.of_type, CONFIDENT) for value in found.values]
        return mentions + [m for m in others if not any(m.name in v or v in m.name for v in found.values)]

    def _read(self, doc: Doc) -> list[EntityMention]:
        """The names and dates of a parsed text."""
        names = [EntityMention(n.text, n.type or t.CONCEPT, CONFIDENT) for n in Sentence(doc).names]
        return names + [EntityMention(d.value, t.DATE, CONFIDENT) for d in Dates(doc, self._today).found]

    def _name_the_user(self, sentence: Sentence, *, is_answer: bool) -> bool:
        """As in "User's name is John", "my name is Ana", "call me Sam": → whether the sentence says only that."""
        doc = sentence.doc
        if any(g.lower(token) == "user" for token in doc[:3]):
            self._discourse.notes = True
        for name in sentence.names:
            before = [g.lower(token) for token in doc[max(0, name.start - 4) : name.start]]
            whose = before[-4:-2] if before[-2:-1] == ["name"] else []
            is_called = before[-2:] in (["call", "me"], ["called", "me"]) or (is_answer and len(sentence.names) == 1)
            if not is_called and not (before[-1:] in (["is"], ["'s"], ["’s"]) and set(whose) & {"my", "user"}):
                continue
            if len(name.text) <= MAX_NAME_LENGTH:
                name.type, name.confident = t.PERSON, True
                self._discourse.user_name = name.text
                return len(doc) - name.stop <= 1
        return False

    def _graph(self, mentions: list[EntityMention], stated: list[RelationMention]) -> ExtractedGraph:
        own = (self._discourse.user_name or "").casefold() if self._me is None else ""

        def called(name: str) -> str:
            if name == t.SELF:
                return self._me or t.SELF
            return t.SELF if own and name.casefold() == own else name

        if self._me in {str(role).capitalize() for role in NOT_THE_USER}:
            stated = [s for s in stated if t.SELF not in (s.source, s.target)]  # what an assistant is, is no entity
        stated = [replace(s, source=called(s.source), target=called(s.target)) for s in stated]
        named = _in_order([replace(m, name=called(m.name)) for m in mentions], stated)
        user_name = self._discourse.user_name if self._me is None and not self._told else None
        self._told = self._told or user_name is not None
        return ExtractedGraph(named, tuple(stated), user_name)


def _in_order(mentions: list[EntityMention], stated: Iterable[RelationMention]) -> tuple[EntityMention, ...]:
    """The ends of relations beside the names of the text; the one whom it is about comes first."""
    known = {name.name.casefold() for name in mentions}
    whose: list[EntityMention] = []
    what: list[EntityMention] = []
    for relation in stated:
        for name, side in ((relation.source, whose), (relation.target, what)):
            if name.casefold() not in known:
                known.add(name.casefold())
                side.append(EntityMention(name, _type_of(name, relation), CONFIDENT))
    return tuple(dict.fromkeys((*whose, *mentions, *what)))


def _type_of(name: str, relation: RelationMention) -> str:
    if relation.type == "HAS_PET" and name == relation.target and name.islower():
        return t.CONCEPT  # "a dog": no name, and nobody
    return t.PERSON if name in (t.SELF, relation.source) else relation_type(relation.type).target_type


def _quoted(doc: Doc) -> frozenset[int]:
    """Tokens of somebody's quoted words: an "I" there isn't the speaker."""
    inside: set[int] = set()
    for match in SPEECH.finditer(doc.text):
        span = doc.char_span(match.start(), match.end(), alignment_mode="contract")
        if span is not None and any(token.tag_ in ("PRP", "VBP", "VBZ", "VBD", "MD") for token in span):
            inside.update(token.i for token in span)
    return frozenset(inside)


def _importance(mentions: list[EntityMention], stated: list[RelationMention]) -> float:
    """A state of the user's or of a named person matters more than an event, an event more than a remark."""
    if any(not s.ended and s.type != "VISITED" for s in stated):
        return 0.8
    return 0.6 if mentions or stated else 0.5
