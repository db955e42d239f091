"""Convert a model's response to an extraction result: grounded parts are kept, others are counted. Pure except for
JSON; the result refers only to offered memories."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from entities.types import SELF, EntityMention, ExtractedGraph, RelationMention
from memories.extraction.llm import schema
from memories.extraction.llm.grounding import EvidenceSource, Quotable, Words
from memories.extraction.llm.grounding_words import USER as FIRST_PERSON
from memories.extraction.llm.grounding_words import tokens
from memories.extraction.speaking import may_state
from memories.statements import ExistingMemory, ExtractionResult, Proposal, Statement
from memories.types import Decision, Fact, Item, Span

MAX_FACTS = 50
MAX_CHARACTERS = 1_000  # of a fact
MAX_PARTS = 30  # entities of a fact, and relations
MAX_PROPERTIES = 5
NAME_CHARACTERS = 200
REASON_CHARACTERS = 200
PROPERTY = re.compile(r"[a-z][a-z_]{0,31}")
DECISIONS = {"duplicate": Decision.NOOP, "update": Decision.UPDATE, "end": Decision.DELETE}


def interpret(
    answer: str,
    items: Sequence[Item],
    roles: frozenset[str] | None,
    known: Sequence[ExistingMemory],
    moment: dt.datetime,
    by: str,
) -> ExtractionResult:
    """The result of `answer` about `items`. `known[i]` was offered as number i + 1. Raises BrokenAnswer."""
    refused = schema.Refused()
    facts, user_name = schema.read(answer, refused)
    judge = _Judge(items, roles, known, moment, refused)
    name = judge.user_name(user_name)
    return ExtractionResult(tuple(judge.statements(facts, name)), by, dict(+refused))


@dataclass
class _Judge:
    items: Sequence[Item]
    roles: frozenset[str] | None
    known: Sequence[ExistingMemory]
    moment: dt.datetime
    refused: schema.Refused
    _source: EvidenceSource = field(init=False)
    _texts: dict[int, Quotable] = field(init=False)

    def __post_init__(self) -> None:
        self._source = EvidenceSource.of(
            [item.content for item in self.items],
            [item.speaker for item in self.items if item.speaker],
            [memory.content for memory in self.known],
        )
        self._texts = {number: Quotable(item.content) for number, item in enumerate(self.items)}

    def user_name(self, name: str | None) -> str | None:
        if name is None or not 0 < len(name.strip()) <= NAME_CHARACTERS or _is_user(name):
            return None
        if not self._source.said.name(name):
            self.refused["ungrounded user name"] += 1
            return None
        return name.strip()

    def statements(self, facts: Sequence[schema.AnswerFact], user_name: str | None) -> Iterator[Statement]:
        seen: set[str] = set()
        self.refused["too many"] += max(len(facts) - MAX_FACTS, 0)
        for found in facts[:MAX_FACTS]:
            statement = self._statement(found, user_name)
            if statement is None:
                continue
            words = " ".join(tokens(statement.fact.content))
            if words in seen:
                self.refused["repeated"] += 1
            else:
                seen.add(words)
                yield statement

    def _statement(self, found: schema.AnswerFact, user_name: str | None) -> Statement | None:
        place = self._place(found)
        if isinstance(place, str):
            self.refused[place] += 1
            return None
        number, span = place
        item = self.items[number]
        said_at = item.said_at or self.moment
        if not self._source.grounds(found.content, said_at):
            self.refused["ungrounded"] += 1
            return None
        fact = Fact(
            found.content,
            item.content[span.start : span.stop],
            number,
            item.role,
            item.speaker,
            item.said_at,
            item.client_timestamp,
            confidence=found.confidence,
            importance=found.importance,
        )
        return Statement(fact, self._graph(found, said_at, user_name), self._proposal(found))

    def _place(self, found: schema.AnswerFact) -> tuple[int, Span] | str:
        """The message and the position of the fact, or the reason for its rejection. A wrong message number is
        corrected."""
        if not found.content:
            return "malformed fact"
        if len(found.content) > MAX_CHARACTERS:
            return "too long"
        places = {n: span for n, text in self._texts.items() if (span := text.find(found.evidence)) is not None}
        if not places:
            return "ungrounded"
        allowed = [number for number in places if may_state(self.items[number], self.roles)]
        if not allowed:
            return "other speaker"
        number = found.message if found.message in allowed else allowed[0]
        return number, places[number]

    def _proposal(self, found: schema.AnswerFact) -> Proposal | None:
        """None if the model's decision cannot be used; then the fact is decided like any other."""
        if found.decision is None:
            return None
        reason = " ".join(found.reason.split())[:REASON_CHARACTERS]
        if found.decision == "add":
            return Proposal(Decision.ADD, None, reason, found.confidence)
        target = self._target(found.candidate)
        if target is None:
            self.refused["unknown candidate"] += 1
            return None
        return Proposal(DECISIONS[found.decision], target, reason, found.confidence)

    def _target(self, candidate: int | None) -> uuid.UUID | None:
        """The memory that was offered with this number."""
        if candidate is None or not 1 <= candidate <= len(self.known):
            return None
        return self.known[candidate - 1].id

    def _graph(self, found: schema.AnswerFact, said_at: dt.datetime, user_name: str | None) -> ExtractedGraph:
        about = _About(self._source, found.content, said_at)
        named: dict[str, EntityMention] = {}
        for entity in found.entities[:MAX_PARTS]:
            name = about.name(entity.name)
            if name is None:
                self.refused["ungrounded entity"] += 1
            else:
                named.setdefault(name.casefold(), EntityMention(name, entity.type, found.confidence))
        stated = []
        for relation in found.relations[:MAX_PARTS]:
            holds = about.relation(relation, found)
            if holds is None:
                self.refused["ungrounded relation"] += 1
            else:
                stated.append(holds)
        return ExtractedGraph(tuple(named.values()), tuple(stated), user_name)


@dataclass
class _About:
    """The entities of one fact, as far as it names them."""

    source: EvidenceSource
    content: str
    said_at: dt.datetime
    _words: Words = field(init=False)

    def __post_init__(self) -> None:
        self._words = Words.of([self.content])

    def name(self, name: str) -> str | None:
        """The name of an entity, if the source mentions it."""
        name = " ".join(name.split())
        if _is_user(name):
            return SELF
        if not 0 < len(name) <= NAME_CHARACTERS or not self.source.names(name, self.content, self.said_at):
            return None
        return name

    def relation(self, found: schema.AnswerRelation, fact: schema.AnswerFact) -> RelationMention | None:
        source, target = self._end(found.source), self._end(found.target)
        if source is None or target is None or source.casefold() == target.casefold():
            return None
        zone = self.said_at.tzinfo or dt.UTC
        since = found.valid_from or (None if found.ended else fact.valid_from)
        return RelationMention(
            source,
            found.type,
            target,
            dict(self._properties(found)),
            schema.moment_of(since, zone),
            schema.moment_of(found.valid_to, zone),
            fact.confidence,
            found.ended,
        )

    def _end(self, name: str) -> str | None:
        """A name, or a common noun of the fact."""
        known = self.name(name)
        if known is None and 0 < len(name) <= NAME_CHARACTERS and self._says(name):
            return " ".join(name.split())
        return known

    def _properties(self, found: schema.AnswerRelation) -> Iterator[tuple[str, str]]:
        for part in found.properties[:MAX_PROPERTIES]:
            if PROPERTY.fullmatch(part.name) and len(part.value) <= NAME_CHARACTERS and self._says(part.value):
                yield part.name, part.value

    def _says(self, words: str) -> bool:
        row = tokens(words)
        return bool(row) and all(self._words.has(word) for word in row)


def _is_user(name: str) -> bool:
    return name.strip().casefold().removeprefix("the ") in FIRST_PERSON
