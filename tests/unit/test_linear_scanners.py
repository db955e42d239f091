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

from entities import names
from memories import filters, languages, ttl
from memories.api.common import TTL, FutureMoment, QueryFilters
from memories.pipeline import digest, passages
from memories.providers.llm import grounding, prompt, words
from memories.providers.rules import extractor, facts, fields, supersede
from memories.providers.rules.discourse import Discourse
from memories.providers.rules.entities import Name
from memories.providers.sentences import states_something
from memories.retrieval import context, question
from memories.types import Fact, Item, MemoryView
from memproject.web.fields import Metadata, Moment, Text
from memproject.web.moment import AsOf, ValidAt
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
    "memories.decisions.cues",
    "memories.decisions.quantities",
    "memories.decisions.texts",
    "memories.decisions.words",
    "memories.filters",
    "memories.languages",
    "memories.pipeline.recalled",
    "memories.providers.llm.grounding",
    "memories.providers.llm.reading",
    "memories.providers.llm.words",
    "memories.providers.rules.amounts",
    "memories.providers.rules.dates",
    "memories.providers.rules.entities",
    "memories.providers.rules.extractor",
    "memories.providers.rules.facts",
    "memories.providers.rules.fields",
    "memories.providers.rules.supersede",
    "memories.providers.sentences",
    "memories.retrieval.context",
    "memories.retrieval.question",
    "memories.retrieval.temporal",
    "memories.services.verify",
    "memories.ttl",
    "memproject.common.carry",
    "memproject.common.http",
    "memproject.common.ids",
    "memproject.web.fields",
    "memproject.web.idempotency",
    "memproject.web.middleware",
    "memproject.web.moment",
)
PATTERNS = {
    f"{module}.{name}": found
    for module in MODULES
    for name, found in vars(import_module(module)).items()
    if isinstance(found, re.Pattern)
}
# These are held against a whole word or field, never looked for in a text.
WHOLE = {
    "memories.decisions.quantities.MEASURE",
    "memories.providers.llm.words.ORDINAL",
    "memories.providers.rules.entities.CODE",
    "memories.ttl._FORM",
    "memproject.common.ids._PUBLIC",
}


def memory(content: str) -> MemoryView:
    return MemoryView(
        id=uuid.uuid4(), content=content, user_id="u", project="p", agent_id=None, run_id=None, metadata={},
        memory_type="fact", pinned=False, importance=0.5, created_at=NOW, updated_at=NOW, expires_at=None,
        valid_from=NOW, valid_to=None,
    )  # fmt: skip


def checked(field: serializers.Field) -> Callable[[str], object]:
    def run(text: str) -> None:
        with suppress(serializers.ValidationError):
            field.run_validation(text)

    return run


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
    for word in words.tokens(text):
        known.means(f"{word}x")


STORED: dict[str, Callable[[str], object]] = {
    "sentences of a text": lambda text: list(extractor._pieces(text)),
    "states_something": states_something,
    "passages.split": passages.split,
    "digest.of_fact": lambda text: digest.of_fact(Fact(text, text, 0), None),
    "languages.segmented": languages.segmented,
    "context.build": lambda text: context.build([memory(text)], 4_000),
    "fields.Text": checked(Text()),
}
SENT: dict[str, Callable[[str], object]] = {
    "facts.looks_like_code": facts.looks_like_code,
    "fields.field_of": fields.field_of,
    "ttl.parse": parse_ttl,
    "filters.parse": parse_filter,
    "TTL": checked(TTL()),
    "Moment": checked(Moment()),
    "ValidAt": checked(ValidAt()),
    "AsOf": checked(AsOf()),
    "FutureMoment": checked(FutureMoment()),
    "QueryFilters": checked(QueryFilters()),
    "Metadata": lambda text: checked(Metadata())({text: [text]}),  # type: ignore[arg-type]
}
ASKED: dict[str, Callable[[str], object]] = {
    "question.understand": lambda text: question.understand(text, ("Ann", "Bob Smith", "健太"), NOW),
    "languages.segmented": languages.segmented,
    "names.parts of a person": lambda text: names.parts.__wrapped__(text, "PERSON"),
    "names.parts of a place": lambda text: names.parts.__wrapped__(text, "LOCATION"),
    "names of two memories": lambda text: supersede._same(text, f"{text} x"),
}
SHOWN: dict[str, Callable[[str], object]] = {
    "prompt.data": lambda text: prompt.data([Item(text)], None, [], NOW),
    "Quotable.find": find_quote,
    "Words.means": compare_words,
    "a fact's words": grounding._Parts.of,
    "without_dates": lambda text: grounding.Source.of(["x"], [], []).without_dates(text, NOW),
}


@pytest.mark.parametrize("name", STORED)
def test_a_stored_text_takes_linear_time(name: str) -> None:
    assert fault(STORED[name], TEXT, BARE) == ""


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
