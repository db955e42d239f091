"""Nothing is lost: every segment becomes a statement, with or without annotations."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memories.extraction import annotate
from memories.extraction.extractor import MAX_LENGTH, TextExtractor
from memories.extraction.segments import segments
from memories.statements import Statement
from memories.types import Item
from tests.extraction.reading import SAID, contents, statements
from tests.growth import FRAMES, fault, superlinear

WORDS = st.sampled_from(
    [
        *("I", "i", "im", "I'm", "my", "me", "User", "she", "they", "Emily", "Acme", "Corp.", "Dr.", "Zoë", "李雷"),
        *("sister", "dog", "of", "works", "lives", "moved", "named", "called", "is", "was", "not", "might", "at", "in"),
        *("to", "on", "the", "a", "2/8", "May", "31", "2024", "last", "week", "3-2", "and", "van", "der", "'s", "'d"),
        *(",", ".", "!", "?", '"', "“", "”", "(", ")", "-", ":", "😀", "\n", "\t", "\x00", "```", ";", "==", "\ud800"),
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join))
MOMENTS = st.one_of(st.none(), st.datetimes(timezones=st.just(dt.UTC)))
CAREFUL = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(source: str, found: tuple[Statement, ...]) -> None:
    for statement in found:
        assert statement.fact.evidence in source
        assert statement.fact.content.strip()
        assert 0 <= statement.fact.confidence <= 1
        assert 0 <= statement.fact.importance <= 1
        named = {named.name for named in statement.graph.named}
        for relation in statement.graph.stated:
            assert relation.source != relation.target
            assert {relation.source, relation.target} <= named | {"user"}


@CAREFUL
@given(text=TEXTS, said_at=MOMENTS)
def test_any_note_is_kept_and_annotated(
    extractor: TextExtractor, caplog: pytest.LogCaptureFixture, text: str, said_at: dt.datetime | None
) -> None:
    caplog.clear()
    (found,) = extractor.read([Item(text, None, None, said_at)])
    check(text.encode("utf-8", "replace").decode(), found)
    assert caplog.records == []  # no annotation failed


@CAREFUL
@given(texts=st.lists(TEXTS, max_size=5))
def test_items_do_not_touch_each_other(extractor: TextExtractor, texts: list[str]) -> None:
    together = extractor.read([Item(text, "user", said_at=SAID) for text in texts])
    apart = [extractor.read([Item(text, "user", said_at=SAID)])[0] for text in texts]
    assert [[s.fact.evidence for s in found] for found in together] == [
        [s.fact.evidence for s in found] for found in apart
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Prefers dark mode.",
        "peanut allergy",
        "Deadline: 12 May.",
        "Call me Sam.",
        "Do not call before 10.",
        "I use `pnpm`, not npm.",
        "Ich bin gegen Erdnüsse allergisch.",
        "東京に住んでいます。",
        "أعيش في القاهرة",
        "Could I be wrong about Ada?",
    ],
)
def test_a_note_is_kept_whatever_it_is(extractor: TextExtractor, text: str) -> None:
    (statement,) = statements(extractor, text)
    assert statement.fact.evidence.strip(".") == text.strip(".")


def test_every_segment_of_a_note_is_a_statement(extractor: TextExtractor) -> None:
    text = "Packing list:\n- tent\n- two mugs\n\nAnn drives. Is the stove full?\nGas: 2 cans"
    assert [s.fact.evidence for s in statements(extractor, text)] == [s.text for s in segments(text, is_note=True)]


def test_a_failing_annotation_costs_no_statement(
    extractor: TextExtractor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("I live in Graz")

    monkeypatch.setattr(annotate, "relations", fail)
    (statement,) = statements(extractor, "I live in Graz.")
    assert (statement.fact.content, statement.graph.named) == ("I live in Graz", ())
    assert [record.message for record in caplog.records] == [
        "a statement is kept without annotations: ZeroDivisionError"
    ]


def test_a_message_loses_small_talk_questions_and_code(extractor: TextExtractor) -> None:
    text = "Hi there! I live in Graz. How is the weather?\n```python\nx = 1\n```"
    assert contents(extractor, text, role="user") == ["User lives in Graz"]


def test_a_fact_knows_its_message(extractor: TextExtractor) -> None:
    items = [Item("Hello!", "user"), Item("I live in Graz.", "user", "Ada", SAID, "2024-05-10T12:00:00Z")]
    _, (statement,) = extractor.read(items)
    fact = statement.fact
    assert (fact.position, fact.role, fact.speaker, fact.said_at, fact.client_timestamp) == (
        1,
        "user",
        "Ada",
        SAID,
        "2024-05-10T12:00:00Z",
    )


def test_roles_say_who_may_state_facts(extractor: TextExtractor) -> None:
    items = [Item("I live in Graz.", "assistant"), Item("I live in Oslo.", "user")]
    assert [len(found) for found in extractor.read(items)] == [0, 1]
    assert [len(found) for found in extractor.read(items, frozenset({"assistant"}))] == [1, 0]


def test_a_plan_is_less_sure(extractor: TextExtractor) -> None:
    (plan,), (state,) = statements(extractor, "I might move to York."), statements(extractor, "I live in York.")
    assert (plan.fact.confidence, state.fact.confidence) == (0.6, 0.9)


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
def test_long_and_strange_texts_are_read(extractor: TextExtractor, text: str) -> None:
    found = statements(extractor, text)
    check(text, found)
    assert all(len(s.fact.evidence) <= MAX_LENGTH for s in found if "\n" not in s.fact.evidence)


def test_hostile_texts_are_read_in_linear_time(extractor: TextExtractor) -> None:
    extractor.warm()
    assert fault(lambda text: extractor.read([Item(text, said_at=SAID)]), 4_000, FRAMES[:1]) == ""


def test_one_long_sentence_is_read_in_linear_time(extractor: TextExtractor) -> None:
    def text(count: int) -> str:
        return "I met " + " and ".join(f"Ann{n} on {n % 28 + 1} May {1950 + n % 70}" for n in range(count))

    extractor.warm()
    assert superlinear(lambda said: extractor.read([Item(said, said_at=SAID)]), text, 200) == ""


def test_a_long_name_does_not_take_the_place_of_every_pronoun(extractor: TextExtractor) -> None:
    """Else a text of a megabyte becomes facts of half a gigabyte."""
    name = " ".join(["Annabella"] * 50)
    found = statements(extractor, f"User's name is {name}. He lives in Oslo.")
    assert [s.graph.user_name for s in found] == [None, None]
    assert found[1].fact.content == "He lives in Oslo"
