"""Whatever comes in: nothing is raised, evidence is the source's own words, spans are valid."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memories.providers.rules.extractor import LONGEST, RulesExtractor
from memories.providers.rules.supersede import Verdict, decide
from memories.providers.rules.types import Extraction
from memories.types import Item

SAID = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)
WORDS = st.sampled_from(
    [
        *(
            "I",
            "my",
            "User",
            "she",
            "they",
            "Emily",
            "Acme",
            "Corp.",
            "Dr.",
            "Paris",
            "Zoë",
            "李雷",
            "sister",
            "dog",
            "of",
        ),
        *(
            "works",
            "lives",
            "moved",
            "named",
            "called",
            "is",
            "was",
            "not",
            "might",
            "at",
            "in",
            "to",
            "on",
            "the",
            "a",
            "an",
        ),
        *("2/8", "May", "31", "2024", "last", "next", "week", "3", "3-2", "1:20", "twice", "and", ",", ".", "!", "?"),
        *('"', "“", "”", "(", ")", "-", ":", "😀", "\n", "\t", "\x00", "```", ";", "==", "\ud800"),
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join))
MOMENTS = st.one_of(st.none(), st.datetimes(timezones=st.just(dt.UTC)))
CAREFUL = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(source: str, found: Extraction) -> None:
    for statement in found.statements:
        assert statement.fact.evidence in source
        assert statement.fact.content.strip()
        assert 0 <= statement.fact.confidence <= 1
        assert 0 <= statement.fact.importance <= 1
        for mention in statement.mentions:
            assert statement.fact.evidence[mention.span.start : mention.span.stop] == mention.name
            assert mention.type in {"PERSON", "ORG", "LOCATION", "PRODUCT", "EVENT", "DATE", "CONCEPT"}
            assert (mention.value is not None) == (mention.type == "DATE")
        for relation in statement.relations:
            assert relation.source
            assert relation.target
            assert relation.source != relation.target


@CAREFUL
@given(text=TEXTS, said_at=MOMENTS)
def test_any_text_is_read(rules: RulesExtractor, text: str, said_at: dt.datetime | None) -> None:
    (found,) = rules.read([Item(text, "user", said_at=said_at)])
    check(text.encode("utf-8", "replace").decode(), found)


@CAREFUL
@given(old=TEXTS, new=TEXTS)
def test_any_two_texts_are_decided(rules: RulesExtractor, old: str, new: str) -> None:
    first, second = rules.read([Item(old, "user", said_at=SAID), Item(new, "user", said_at=SAID)])
    assert decide(first.statements, second.statements) in Verdict


@CAREFUL
@given(texts=st.lists(TEXTS, max_size=5))
def test_items_do_not_touch_each_other(rules: RulesExtractor, texts: list[str]) -> None:
    together = rules.read([Item(text, "user", said_at=SAID) for text in texts])
    apart = [rules.read([Item(text, "user", said_at=SAID)])[0] for text in texts]
    evidence = [[s.fact.evidence for s in found.statements] for found in together]
    assert evidence == [[s.fact.evidence for s in found.statements] for found in apart]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "I like " + ", ".join(f"tea{i}" for i in range(2000)),
        "I know " + "that you know " * 500,
        '"' * 3000,
        "The Foo Of Bar " * 2000,
        "😀" * 5000,
        "我叫李雷，我在谷歌工作。" * 200,
        "\n" * 10_000,
        "```" + "x = 1\n" * 2000,
        "((((" * 2000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_long_and_strange_texts_are_read(rules: RulesExtractor, text: str) -> None:
    (found,) = rules.read([Item(text, "user", said_at=SAID)])
    check(text, found)
    assert all(len(s.fact.evidence) <= LONGEST for s in found.statements)


def test_many_short_items_keep_their_order(rules: RulesExtractor) -> None:
    found = rules.read([Item(f"I like tea number {i}.", "user") for i in range(500)])
    assert [s.fact.position for each in found for s in each.statements] == list(range(500))
