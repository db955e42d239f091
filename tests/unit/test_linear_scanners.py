"""Every scanner that reads what callers send is linear: twice a hostile text costs less than three times the time."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace

import pytest
from rest_framework import serializers

from core.http.fields import MetadataField, TextField, TimestampField
from core.http.point_in_time_fields import AsOfField, ValidAtField
from entities import names
from memories import filters, languages, ttl
from memories.api.common import FutureTimestampField, QueryFiltersField, TTLField
from memories.extraction import answers, extractor, greetings, keep_gate, language, plain, segments
from memories.extraction.discourse import Discourse
from memories.extraction.llm import grounding, grounding_words, prompt
from memories.extraction.name_spans import Name
from memories.pipeline import digest, passages
from memories.retrieval import analyze, context
from memories.types import Fact, Item, MemoryRecord
from tests.growth import FRAMES, fault, superlinear

NOW = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
TEXT = 1_000_000  # characters: MAX_MEMORY_SIZE
QUESTION = 10_000  # the longest that is accepted
MODEL = 24_000  # LLM_INPUT_CHARACTERS: a longer write is not shown to a language model
PATTERN = 48_000  # for each of some 70 patterns; a quadratic one takes a second and more at this length
BARE = FRAMES[:1]

# All modules with patterns for what a caller sends.
MODULES = (
    "apikeys.limits",
    "apikeys.tenants",
    "memories.extraction.answers",
    "memories.extraction.greetings",
    "memories.extraction.json_text",
    "memories.extraction.keep_features",
    "memories.extraction.keep_gate",
    "memories.extraction.language",
    "memories.extraction.lines",
    "memories.extraction.segments",
    "memories.extraction.self_names",
    "memories.extraction.sentences",
    "memories.extraction.speakers",
    "memories.extraction.annotate",
    "memories.extraction.dates",
    "memories.extraction.extractor",
    "memories.extraction.name_spans",
    "memories.extraction.plain",
    "memories.decisions.cues",
    "memories.decisions.quantities",
    "memories.decisions.texts",
    "memories.decisions.tokens",
    "memories.filters",
    "memories.languages",
    "memories.pipeline.writes",
    "memories.extraction.llm.grounding",
    "memories.extraction.llm.interpretation",
    "memories.extraction.llm.grounding_words",
    "memories.retrieval.context",
    "memories.retrieval.analyze",
    "memories.retrieval.time_expressions",
    "memories.services.verify",
    "memories.ttl",
    "core.serialization",
    "core.http_client",
    "core.ids",
    "core.http.fields",
    "core.idempotency.decorator",
    "core.http.middleware",
    "core.http.point_in_time_fields",
)
PATTERNS = {
    f"{module}.{name}": found
    for module in MODULES
    for name, found in vars(import_module(module)).items()
    if isinstance(found, re.Pattern)
}
# These are held against a whole word or field or the beginning of a line, never looked for in a text.
WHOLE = {
    "memories.extraction.answers.LAUGHTER",
    "memories.extraction.greetings.LAUGHTER",
    "memories.extraction.keep_features.ASKS",
    "memories.extraction.keep_features.CODE",
    "memories.extraction.keep_features.INVERTED",
    "memories.extraction.keep_gate.REQUEST",
    "memories.extraction.lines.CODE",
    "memories.extraction.segments.STATEMENT",
    "memories.decisions.quantities.MEASURE",
    "memories.extraction.llm.grounding_words.ORDINAL",
    "memories.extraction.name_spans.CODE",
    "memories.extraction.name_spans.YEAR",
    "memories.extraction.plain.PARTICLES",
    "memories.ttl._FORM",
    "core.ids._PUBLIC",
}


def memory(content: str) -> MemoryRecord:
    return MemoryRecord(
        id=uuid.uuid4(), content=content, user_id="u", project="p", agent_id=None, run_id=None, metadata={},
        memory_type="fact", pinned=False, importance=0.5, created_at=NOW, updated_at=NOW, expires_at=None,
        valid_from=NOW, valid_to=None,
    )  # fmt: skip


def checked(field: serializers.Field) -> Callable[[str], object]:
    def run(text: str) -> None:
        with suppress(serializers.ValidationError):
            field.run_validation(text)

    return run


def gate(text: str) -> bool:
    return keep_gate.keeps(text, role="user", before=text, first=True, last=True, count=1)


def parse_ttl(text: str) -> None:
    with suppress(ValueError):
        ttl.parse(text)


def parse_filter(text: str) -> None:
    with suppress(filters.FilterError):
        filters.parse({"AND": [{text: text}, {"created_at": {"gt": text}}, {"agent_id": {"in": [text]}}]})


def find_quote(text: str) -> None:
    grounding.Quotable(text).find(text[len(text) // 2 :])


def compare_words(text: str) -> None:
    known = grounding.Words.of([text])
    known.name(text[:200])
    for word in grounding_words.tokens(text):
        known.means(f"{word}x")


STORED: dict[str, Callable[[str], object]] = {
    "language of a text": language.language,
    "greetings.is_greeting": greetings.is_greeting,
    "keep_gate.keeps": gate,
    "answers.with_question": lambda text: answers.with_question(text[:200], text),
    "pieces of a note": lambda text: list(extractor._pieces([Item(text)], 0, None)),
    "pieces of a message": lambda text: list(extractor._pieces([Item(text, "user")], 0, None)),
    "names of a sentence": plain.named,
    "passages.split": passages.split,
    "digest.of_fact": lambda text: digest.of_fact(Fact(text, text, 0), None),
    "languages.segmented": languages.segmented,
    "context.build_context": lambda text: context.build_context(
        [context.ContextMemory(memory(text))], 4_000, "Where is the harbour?"
    ),
    "context.contents_of": lambda text: context.contents_of(text),
    "TextField": checked(TextField()),
}
SENT: dict[str, Callable[[str], object]] = {
    "ttl.parse": parse_ttl,
    "filters.parse": parse_filter,
    "TTLField": checked(TTLField()),
    "TimestampField": checked(TimestampField()),
    "ValidAtField": checked(ValidAtField()),
    "AsOfField": checked(AsOfField()),
    "FutureTimestampField": checked(FutureTimestampField()),
    "QueryFiltersField": checked(QueryFiltersField()),
    "MetadataField": lambda text: checked(MetadataField())({text: [text]}),  # type: ignore[arg-type]
}
CUT: dict[str, Callable[[str], object]] = {
    "segments of a note": lambda text: list(segments.segments(text, is_note=True)),
    "segments of a message": lambda text: list(segments.segments(text, is_note=False)),
}
ASKED: dict[str, Callable[[str], object]] = {
    "analyze.analyze_text": lambda text: analyze.analyze_text(text, ("Ann", "Bob Smith", "健太"), NOW),
    "languages.segmented": languages.segmented,
    "names.parts of a person": lambda text: names.parts.__wrapped__(text, "PERSON"),
    "names.parts of a place": lambda text: names.parts.__wrapped__(text, "LOCATION"),
}
SHOWN: dict[str, Callable[[str], object]] = {
    "prompt.data": lambda text: prompt.data([Item(text)], None, [], NOW),
    "Quotable.find": find_quote,
    "Words.means": compare_words,
    "a fact's words": grounding._Parts.of,
    "without_dates": lambda text: grounding.EvidenceSource.of(["x"], [], []).without_dates(text, NOW),
}


@pytest.mark.parametrize("name", STORED)
def test_a_stored_text_takes_linear_time(name: str) -> None:
    assert fault(STORED[name], TEXT, BARE) == ""


@pytest.mark.parametrize("name", CUT)
def test_a_text_is_cut_into_segments_in_linear_time(name: str) -> None:
    assert fault(CUT[name], TEXT // 4, BARE) == ""


@pytest.mark.parametrize("name", SENT)
def test_any_other_field_takes_linear_time(name: str) -> None:
    assert fault(SENT[name], TEXT // 10) == ""


@pytest.mark.parametrize("name", ASKED)
def test_a_question_takes_linear_time(name: str) -> None:
    assert fault(ASKED[name], QUESTION) == ""


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_language_model_is_shown_takes_linear_time(name: str) -> None:
    assert fault(SHOWN[name], MODEL, BARE) == ""


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_linear_time(name: str) -> None:
    pattern = PATTERNS[name]
    search = pattern.match if name in WHOLE else lambda text: sum(1 for _ in pattern.finditer(text))
    assert fault(search, PATTERN) == ""


def test_words_that_begin_alike_take_linear_time() -> None:
    def text(count: int) -> str:
        return " ".join(f"began{number:06}" for number in range(count))

    assert superlinear(compare_words, text, 20_000) == ""


def test_a_text_that_names_many_people_takes_linear_time() -> None:
    """The sentences stand in for parsed ones: a parse takes a millisecond, and hides what remembering names takes."""

    def remember(count: int) -> None:
        discourse = Discourse()
        for number in range(count):
            discourse.leave(SimpleNamespace(names=[Name(0, 1, "PERSON", f"Ann {number}")], doc=[]))  # type: ignore[arg-type]

    assert superlinear(remember, int, 64_000) == ""
