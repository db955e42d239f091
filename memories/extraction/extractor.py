"""Items in, statements out: each segment becomes a statement, and a parse annotates it.

A segment that can't be parsed or annotated is kept as it was said.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from entities.types import ExtractedGraph
from memories.extraction import answers, keep_gate, key_values, language, leaning, parser, plain, self_names, wording
from memories.extraction.annotate import Annotator
from memories.extraction.patterns import PAST, THIRD_PERSON
from memories.extraction.segments import Segment, SegmentKind, segments
from memories.extraction.speaking import NOT_THE_USER, may_state
from memories.statements import Statement
from memories.types import Fact, Item

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

log = logging.getLogger(__name__)

MAX_LENGTH = 1_000  # characters that are parsed of a segment; a longer "sentence" is no prose
BATCH_SIZE = 32
CONTRACTION = re.compile(r"(?i:i['’](?:m|ve|d|ll)|ive)\b|[iI]m (?=[a-z]+\b)")
MINE = re.compile(r"\b(?:i|me|my|mine|we|us|our|user)\b", re.IGNORECASE)
STATE = re.compile(
    r"(?:(?:still|just|now|not|currently|recently|happily) )?"
    r"(?:born|employed|married|engaged|based|fond|keen|big on|into|obsessed|allergic|a fan|on the payroll|"
    r"in charge|originally from) ",
    re.IGNORECASE,
)
ADVERBS = frozenset(("finally", "just", "recently", "also", "then", "currently", "still"))
BACK = re.compile(r"(?:just )?back from ", re.IGNORECASE)
FIRST_PERSON = re.compile(
    r"(?:love|hate|adore|loathe|detest|dislike|own|can['’]?t (?:stand|bear)|live (?:in|near)|work (?:at|for|as)) ",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Piece:
    """One segment of an item that is kept. `answer`: a short answer with the question that it answers."""

    item: Item
    position: int
    segment: Segment
    answer: str | None = None

    @property
    def speaker(self) -> str | None:
        return self.segment.speaker or self.item.speaker

    @property
    def line(self) -> str:
        """The segment in one line: a parser takes two blanks for a word."""
        return " ".join(self.segment.text.split())

    @property
    def is_parsed(self) -> bool:
        """Whether a parser reads it: no code, and no text that is too long."""
        return self.segment.kind is not SegmentKind.CODE and len(self.segment.text) <= MAX_LENGTH

    @cached_property
    def field(self) -> key_values.KeyValueLine | None:
        """The line as "key: value", if its key states a relation."""
        is_text = self.answer is None and self.segment.kind is not SegmentKind.CODE
        return key_values.read(self.line) if is_text else None


@dataclass
class _Reading:
    """The statements of one item so far, and what its sentences know of each other, by speaker."""

    statements: list[Statement] = field(default_factory=list)
    annotators: dict[str | None, Annotator] = field(default_factory=dict)

    def annotator(self, piece: Piece) -> Annotator:
        return self.annotators.setdefault(piece.speaker, Annotator(piece.item, piece.speaker))


class TextExtractor:
    """`model_name` and `directory` as for `parser.load`; nothing is loaded before the first text.

    Without a model name no text is parsed: the statements are the same, with names and dates but no relations.
    """

    def __init__(self, model_name: str, directory: Path) -> None:
        self._model_name, self._directory = model_name, directory

    @property
    def name(self) -> str:
        return "rules" if self._model_name else "sentences"

    def unparsed(self) -> TextExtractor:
        """The same without a parser, for when its files are missing."""
        return TextExtractor("", self._directory)

    def warm(self) -> None:
        """Load the pipeline now. Raises ProviderUnavailable or ProviderRefused."""
        if self._model_name:
            parser.load(self._model_name, self._directory)

    def read(self, items: Sequence[Item], roles: frozenset[str] | None = None) -> tuple[tuple[Statement, ...], ...]:
        """The statements of each item, in order; an item that may not state anything gives none.

        `roles` are those who may state facts; None: the user, and speakers with a name. An item without a role is a
        note, of which every segment is kept. Raises ProviderUnavailable or ProviderRefused.
        """
        nlp = parser.load(self._model_name, self._directory) if self._model_name else None
        pieces = [piece for position in range(len(items)) for piece in _pieces(items, position, roles)]
        readings = [_Reading() for _ in items]
        if nlp is None:
            _annotate(readings, ((piece, None) for piece in pieces))
        else:
            # Without a zone the vocabulary keeps every word that was ever read; a pipeline has one zone at a time.
            with parser.reading, nlp.memory_zone():
                _annotate(readings, _parsed(nlp, pieces))
        return tuple(_folded(reading) for reading in readings)


def from_settings() -> TextExtractor:
    """As configured by SPACY_MODEL and EMBEDDING_MODEL_DIR."""
    return TextExtractor(settings.SPACY_MODEL, Path(settings.EMBEDDING_MODEL_DIR))


def _annotate(readings: Sequence[_Reading], parsed: Iterable[tuple[Piece, Doc | None]]) -> None:
    first: Piece | None = None  # of the sentences that are kept together
    for piece, doc in parsed:
        reading = readings[piece.position]
        statement = _statement(piece, doc, reading.annotator(piece))
        if (
            first is not None
            and first.position == piece.position
            and _belongs(piece, first, reading.statements[-1])
            and leaning.leans(statement.fact.content, is_english=doc is not None, is_clause=_has_subject(doc))
        ):
            reading.statements[-1] = _together(first, piece, reading.statements[-1], statement)
        else:
            reading.statements.append(statement)
            first = piece


def _has_subject(doc: Doc | None) -> bool:
    return doc is not None and any(token.dep_ in ("nsubj", "nsubjpass", "expl") for token in doc)


def _belongs(piece: Piece, first: Piece, before: Statement) -> bool:
    """Whether a sentence of a note may stay with the ones before it: right behind them, and not too long together."""
    segment, begin = piece.segment, first.segment
    if piece.item.role is not None or not segment.kind is begin.kind is SegmentKind.PROSE:
        return False
    if (segment.heading, segment.speaker) != (begin.heading, begin.speaker):
        return False
    between = piece.item.content[begin.start + len(before.fact.evidence) : segment.start]
    return "\n" not in between and segment.stop - begin.start <= leaning.MAX_JOINED


def _together(first: Piece, last: Piece, before: Statement, statement: Statement) -> Statement:
    old, new = before.fact, statement.fact
    evidence = _clean(first.item.content[first.segment.start : last.segment.stop])
    mark = "" if old.evidence[: len(evidence)][-1:] in "!?…。！？" else "."
    content = f"{old.content}{mark} {new.content}"
    importance = max(old.importance, new.importance)
    dates = tuple(dict((*new.dates, *old.dates)).items())
    fact = replace(old, content=content, evidence=evidence, importance=importance, dates=dates)
    known, more = before.graph, statement.graph
    named = tuple(dict.fromkeys((*known.named, *more.named)))
    graph = ExtractedGraph(named, (*known.stated, *more.stated), known.user_name or more.user_name)
    return replace(before, fact=fact, graph=graph)


def _pieces(items: Sequence[Item], position: int, roles: frozenset[str] | None) -> Iterator[Piece]:
    """The segments of an item that are kept."""
    item = items[position]
    if not may_state(item, roles):
        return
    found = list(segments(_clean(item.content), is_note=item.role is None))
    if item.role is None:
        if any(segment.kind is not SegmentKind.CODE for segment in found):  # a note that is code alone stays as it is
            yield from (Piece(item, position, s) for s in found if not keep_gate.states_nothing(s.text))
        return
    question, before = _question_before(items, position), ""
    for number, segment in enumerate(found):
        answer = answers.with_question(segment.text, question) if question and number == 0 else None
        if answer is not None or (
            segment.kind is not SegmentKind.CODE and _is_kept(segment, item.role, before, number, found)
        ):
            yield Piece(item, position, segment, answer)
        before = segment.text


def _clean(text: str) -> str:
    """A lone surrogate is no character."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_kept(segment: Segment, role: str, before: str, number: int, found: Sequence[Segment]) -> bool:
    place = {"first": number == 0, "last": number == len(found) - 1}
    return keep_gate.keeps(segment.text, role=role, before=before, count=len(found), **place)


def _question_before(items: Sequence[Item], position: int) -> str:
    """The assistant's message just before that of a user."""
    before = items[position - 1] if position else None
    return before.content if before is not None and before.role == "assistant" else ""


def _parsed(nlp: Language, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, Doc | None]]:
    """Each piece with its parse; without one if it is no English prose."""
    texts = [_parsed_text(piece) for piece in pieces]
    docs = iter(nlp.pipe((text for text in texts if text), batch_size=BATCH_SIZE))
    for piece, text in zip(pieces, texts, strict=True):
        yield piece, next(docs) if text else None


def _parsed_text(piece: Piece) -> str:
    """The text of a piece for the parser, of a field its value; "" if it is not English."""
    line = piece.line
    if not piece.is_parsed:
        return ""
    key = key_values.KEY.match(line)
    if key is not None and (piece.segment.kind is SegmentKind.FIELD or piece.field is not None):
        return line[key.end() :] if _is_english(line) or _is_english(key[1]) else ""
    return _with_subject(line) if piece.segment.kind is not SegmentKind.FIELD and _is_english(line) else ""


def _is_english(text: str) -> bool:
    """Names of other languages mislead an identifier, and "im late" is short for "I'm late"."""
    if CONTRACTION.match(text) is not None or language.is_english(text):
        return True
    first, *others = text.split()
    rest = [word for word in others if not word[0].isupper()]
    return len(rest) < len(others) and len(rest) > 1 and language.is_english(" ".join([first, *rest]))


def _with_subject(text: str) -> str:
    """A note that leaves its subject out ("Works at Acme") with one: the parser would take the verb for a noun."""
    rest = text[0].lower() + text[1:]
    first = next((word for word in rest.lower().split()[:2] if word not in ADVERBS), "")
    if BACK.match(text):
        return BACK.sub("User returned from ", text)
    if STATE.match(text):
        return f"User is {rest}"
    if FIRST_PERSON.match(text) and not MINE.search(text):
        return f"I {rest}"
    return f"User {rest}" if first in THIRD_PERSON or (first in PAST and not MINE.search(text)) else text


def _statement(piece: Piece, doc: Doc | None, annotator: Annotator) -> Statement:
    """A statement with its annotations; without them where that fails, since no text may be lost by it."""
    segment, item = piece.segment, piece.item
    heading = f"{segment.heading}: " if segment.heading and segment.kind is not SegmentKind.PROSE else ""
    fact = Fact(
        piece.answer or heading + wording.bare(segment.text),
        segment.text,
        piece.position,
        item.role,
        piece.speaker,
        item.said_at,
        item.client_timestamp,
        confidence=0.9,
    )
    try:
        if segment.kind is SegmentKind.FIELD or piece.field is not None:
            return annotator.field(fact, piece.field, doc, segment.heading)
        if doc is not None:
            is_whole = piece.answer is None and doc.text == piece.line
            return annotator.annotated(fact, doc, heading=heading, is_whole=is_whole)
        return Statement(fact, _plain_graph(piece))
    except Exception as error:
        log.warning("a statement is kept without annotations: %s", type(error).__name__)
        return Statement(fact)


def _plain_graph(piece: Piece) -> ExtractedGraph:
    """The names of a segment that was not parsed, and the name that a user gives there."""
    named, text = plain.named(piece.segment.text), piece.segment.text
    is_user = piece.speaker is None and piece.item.role not in NOT_THE_USER
    name = self_names.own_name(text) if is_user else None
    return ExtractedGraph(tuple(mention for mention in named if mention.name != name), (), name)


def _folded(reading: _Reading) -> tuple[Statement, ...]:
    """A first sentence that only says how a note calls its user goes into the next one that carries the name."""
    statements = reading.statements
    naming = next((a.naming for a in reading.annotators.values() if a.naming is not None), None)
    if naming is None or len(statements) < 2 or statements[0] is not naming[0]:
        return tuple(statements)
    _first, name = naming
    second = statements[1]
    if name not in second.fact.content:
        return tuple(statements)
    return (replace(second, graph=replace(second.graph, user_name=name)), *statements[2:])
