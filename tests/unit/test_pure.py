"""Properties of the pure parts: passages, digests, reconcile, context, spans of time."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories import ttl
from memories.pipeline import digest
from memories.pipeline.passages import split
from memories.pipeline.reconcile import reconcile
from memories.retrieval import context
from memories.statements import ExistingMemory, Proposal, Statement
from memories.types import Decision, Fact, MemoryRecord, Span

MOMENTS = [dt.datetime(2024, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)]
ACCEPTED = MOMENTS[1]

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))


@given(texts, st.integers(2, 50))
def test_passages_cover_a_text_without_gap_or_overlap(text: str, most: int) -> None:
    spans = split(text, most)
    assert "".join(text[s.start : s.stop] for s in spans) == text
    assert all(0 <= s.stop - s.start <= most for s in spans)
    assert all(a.stop == b.start for a, b in itertools.pairwise(spans))


def test_passages_are_cut_where_words_end() -> None:
    text = "one two three four five six"
    assert [text[s.start : s.stop] for s in split(text, 10)] == ["one two ", "three ", "four five ", "six"]


facts = st.builds(
    Fact,
    content=texts,
    evidence=st.just(""),
    position=st.integers(0, 3),
    speaker=st.none() | st.sampled_from(["Ann", "Bob"]),
    client_timestamp=st.none() | st.sampled_from(["2024-01-01", "2024-01-02"]),
    verbatim=st.booleans(),
)


@given(texts)
def test_white_space_and_unicode_forms_make_no_other_fact(text: str) -> None:
    assert digest.of_text(text) == digest.of_text("  " + digest.normal(text).replace(" ", "\n\t") + " ")


@given(facts, facts)
def test_turns_are_the_same_only_in_every_part(one: Fact, other: Fact) -> None:
    same = digest.of_fact(one, "s") == digest.of_fact(other, "s")
    texts_agree = digest.normal(one.content) == digest.normal(other.content)
    if one.verbatim and other.verbatim:
        expected = texts_agree and (one.speaker, one.client_timestamp, one.position) == (
            other.speaker,
            other.client_timestamp,
            other.position,
        )
    else:
        expected = texts_agree and one.verbatim == other.verbatim
    assert same == expected


@given(facts, st.none() | st.uuids())
def test_a_text_that_is_live_is_not_added_again(fact: Fact, existing: uuid.UUID | None) -> None:
    key = digest.of_fact(fact, None)
    operation = reconcile(Statement(fact), key, MOMENTS[0], existing_id=existing)
    assert (operation.fact, operation.digest, operation.existing_id) == (fact, key, existing)
    assert operation.decision is (Decision.ADD if existing is None else Decision.NOOP)


OLD = [ExistingMemory(uuid.UUID(int=number), f"old {number}", moment) for number, moment in enumerate(MOMENTS)]


@given(st.data(), facts, st.sampled_from(MOMENTS))
def test_a_proposal_counts_only_about_a_memory_that_was_compared_and_is_older(
    data: st.DataObject, fact: Fact, accepted_at: dt.datetime
) -> None:
    proposals = st.none() | st.builds(
        Proposal, st.sampled_from(Decision), st.none() | st.sampled_from([*(k.id for k in OLD), uuid.UUID(int=99)])
    )
    said = replace(fact, said_at=data.draw(st.none() | st.sampled_from(MOMENTS)))
    statement = Statement(said, proposal=data.draw(proposals))
    compared = data.draw(st.sets(st.sampled_from(OLD)))
    operation = reconcile(statement, b"", said.said_at or accepted_at, compared=compared)
    assert (operation.replaces is not None) == (operation.decision in (Decision.UPDATE, Decision.DELETE))
    touched = operation.replaces or operation.existing_id
    if touched is None:
        assert operation.decision is Decision.ADD
    else:
        old = next(known for known in compared if known.id == touched)
        assert statement.proposal is not None
        assert (operation.decision, touched) == (statement.proposal.decision, statement.proposal.target)
        assert (said.said_at or accepted_at) >= old.said_at
        assert not said.verbatim


def memory(content: str) -> MemoryRecord:
    moment = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
    return MemoryRecord(
        uuid.uuid4(), content, "u", "p", None, None, {}, "fact", False, 0.5, moment, moment, None, moment, None
    )


def built(contents: list[str], budget: int, question: str = "") -> context.RecallContext:
    return context.build_context([context.ContextMemory(memory(c)) for c in contents], budget, question)


@given(st.lists(texts.filter(str.strip), max_size=20), st.integers(100, 1000), texts)
def test_the_context_keeps_its_budget_and_has_the_first_hit(contents: list[str], budget: int, question: str) -> None:
    found = built(contents, budget, question)
    assert found.tokens <= budget
    assert context.tokens(found.text) <= found.tokens
    assert bool(found.text) == bool(contents)
    assert found.omitted == len(found.over_budget) + len(found.repeats) < max(1, len(contents))


def test_a_line_never_comes_twice() -> None:
    said = ["I live in Oslo", "I live in Oslo.", "Really?", "i  live,\nin “Oslo”!", "I have 2 dogs", "I have 3 dogs"]
    memories = [memory(text) for text in said]
    found = context.build_context([context.ContextMemory(each) for each in memories], 100)
    assert found.text == "I live in Oslo.\nReally?\nI have 2 dogs.\nI have 3 dogs."
    assert (found.repeats, found.over_budget, found.omitted) == ((memories[1].id, memories[3].id), (), 2)


LONG = "on the second floor of the old house behind the station in the northern part of the town"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"The doctor said that I may take the pills {LONG}", f"The doctor said that I may not take the pills {LONG}"),
        (f"Ann pays 3.5 % {LONG}", f"Ann pays 35 % {LONG}"),
        (f"Ann pays $5 {LONG}", f"Ann pays €5 {LONG}"),
        (f"It was -5 degrees {LONG}", f"It was 5 degrees {LONG}"),
        (f"The house of Ann Berg is {LONG}", f"The house of Ann Borg is {LONG}"),
        (f"Ann gave Bob the keys {LONG}", f"Bob gave Ann the keys {LONG}"),
        (f"Ann lives {LONG}.", f"Ann lives {LONG}?"),
        (f"Ich darf die Tabletten nehmen {LONG}", f"Ich darf die Tabletten nicht nehmen {LONG}"),
        (f"Die Masse ist bekannt {LONG}", f"Die Maße ist bekannt {LONG}"),
        ("我可以在晚上睡觉前吃药", "我不可以在晚上睡觉前吃药"),
        ("मेरी बेटी का नाम रवि है", "मेरी बेटी का नाम रवी है"),
        ("ฉันกินยาได้ก่อนนอนตอนเย็น", "ฉันกินยาไม่ได้ก่อนนอนตอนเย็น"),
        ("Мне можно пить кофе по вечерам", "Мне нельзя пить кофе по вечерам"),
        ("Her blood type is A+", "Her blood type is A-"),
    ],
)
def test_lines_that_differ_in_a_word_a_number_or_a_sign_both_come(one: str, other: str) -> None:
    found = built([one, other], 1_000)
    assert found.omitted == 0
    assert len(found.text.splitlines()) == 2


def test_what_does_not_fit_is_named_and_shorter_lines_still_come() -> None:
    memories = [memory("a" * 300), memory("b" * 300), memory("short")]
    found = context.build_context([context.ContextMemory(each) for each in memories], 100)
    assert found.text == "a" * 300 + ".\nshort."
    assert (found.over_budget, found.tokens, found.omitted) == ((memories[1].id,), 80, 1)


def test_a_memory_that_is_too_long_is_cut_to_the_sentences_that_were_asked_for() -> None:
    filler = "The weather was fine that day and nothing much happened. "
    text = filler * 20 + "The treasure lies under the zebra. " + filler * 20 + "Ann hid the treasure. " + filler * 5
    found = built([text, "Bob repairs bicycles"], 100, "Where is the treasure that Ann hid?")
    assert found.text == ("[…] The treasure lies under the zebra. […] Ann hid the treasure. […]\nBob repairs bicycles.")
    assert (len(found.shortened), found.omitted) == (1, 0)


def test_the_best_passages_of_a_long_memory_come_in_order() -> None:
    parts = [f"Part {number} tells a little of the story. " for number in range(30)]
    text = "".join(parts)
    spans = [Span(text.index(part), text.index(part) + len(part)) for part in parts]
    one = context.ContextMemory(memory(text), (spans[20], spans[3], spans[4]))
    found = context.build_context([one], 100)
    assert found.text == (
        "[…] Part 3 tells a little of the story. Part 4 tells a little of the story. […] "
        "Part 20 tells a little of the story. […]"
    )


def test_a_long_text_without_sentences_is_cut_around_a_word_of_the_question() -> None:
    text = "lorem ipsum " * 400 + "zebra statue " + "dolor sit " * 400
    found = built([text], 100, "Where is the zebra?")
    assert "zebra statue" in found.text
    assert (found.text[:4], found.text[-4:]) == ("[…] ", " […]")
    assert found.tokens <= 100


@pytest.mark.parametrize(
    ("content", "dates", "shown"),
    [
        ("Yesterday User adopted a puppy", {"Yesterday": "2026-04-21"}, "Yesterday (2026-04-21) User adopted a puppy."),
        ("I adopted it yesterday!", {"Yesterday": "2026-04-21"}, "I adopted it yesterday (2026-04-21)!"),
        (
            "It rained the day before yesterday, not yesterday",
            {"yesterday": "2026-04-21", "the day before yesterday": "2026-04-20"},
            "It rained the day before yesterday (2026-04-20), not yesterday (2026-04-21).",
        ),
        ("Beatles sang Yesterdays", {"yesterday": "2026-04-21"}, "Beatles sang Yesterdays."),
    ],
)
def test_a_relative_time_has_its_date_behind_it(content: str, dates: dict[str, str], shown: str) -> None:
    assert context.line(context.ContextMemory(replace(memory(content), dates=dates))) == shown


@pytest.mark.parametrize(
    ("offset", "day"),
    [("", "2024-05-01"), ("-05:00", "2024-04-30"), ("+05:30", "2024-05-01"), ("-00:30", "2024-04-30")],
)
def test_the_day_of_a_turn_is_the_speakers(offset: str, day: str) -> None:
    said = replace(memory("Hello"), memory_type="turn", speaker="Ann", said_at=memory("").valid_from, utc_offset=offset)
    assert context.line(context.ContextMemory(said)) == f"[{day}] Ann: Hello"


def test_competing_facts_have_their_days() -> None:
    old, new = memory("User lives in Gent"), memory("User lives in Namur")
    entries = [
        context.ContextMemory(new, is_dated=True),
        context.ContextMemory(old, is_dated=True, is_outdated=True),
    ]
    assert context.build_context(entries, 100).text == (
        "[2024-05-01] User lives in Namur.\n[2024-05-01, possibly outdated] User lives in Gent."
    )


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("I like tea", ("I like tea",)),
        ("[2026-04-22] Ann: I like tea", ("I like tea", "Ann: I like tea")),
        ("[2026-04-22, possibly outdated] I like tea.", ("I like tea.",)),
        ("I met Ann yesterday (2026-04-21).", ("I met Ann yesterday (2026-04-21).", "I met Ann yesterday.")),
        ("Ann was born in Oslo (1990)", ("Ann was born in Oslo (1990)",)),
    ],
)
def test_a_line_that_is_sent_back_names_its_memory(text: str, contents: tuple[str, ...]) -> None:
    assert context.contents_of(text) == contents


@pytest.mark.parametrize(("text", "count"), [("", 0), ("four", 1), ("fiver", 2), ("東京タワー", 3), ("привет", 4)])
def test_tokens_are_estimated(text: str, count: int) -> None:
    assert context.tokens(text) == count


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30d", dt.timedelta(days=30)),
        ("1.5h", dt.timedelta(minutes=90)),
        ("90 s", dt.timedelta(seconds=90)),
        ("10min", dt.timedelta(minutes=10)),
        ("2 Weeks", dt.timedelta(weeks=2)),
        ("1mo", dt.timedelta(days=30)),
        ("1 year", dt.timedelta(days=365)),
    ],
)
def test_spans_of_time(text: str, span: dt.timedelta) -> None:
    assert ttl.parse(text) == span


@pytest.mark.parametrize("text", ["", "5", "m", "5m", "0d", "-1d", "1e3d", "d5", "5 fortnights", "inf d", "٣d", "101y"])
def test_what_is_no_span_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        ttl.parse(text)
