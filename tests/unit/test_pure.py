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
from memories.retrieval import context, render
from memories.statements import ExistingMemory, Proposal, Statement
from memories.types import Decision, Fact, MemoryRecord

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


@given(st.lists(texts.filter(str.strip), max_size=20), st.integers(100, 1000))
def test_the_context_keeps_its_budget(contents: list[str], budget: int) -> None:
    built = render.build_context([memory(c) for c in contents], budget)
    text, used = built.text, built.tokens
    assert used <= budget
    assert render.tokens(text) <= used


def test_a_line_never_comes_twice_nor_nearly() -> None:
    said = ["I live in Oslo", "I live in Oslo.", "Really?", "I live, in Oslo!", "I have 2 dogs", "I have 3 dogs"]
    memories = [memory(text) for text in said]
    built = render.build_context(memories, 100)
    assert built.text == "I live in Oslo.\nReally?\nI have 2 dogs.\nI have 3 dogs."
    assert built.repeats == (memories[1].id, memories[3].id)
    assert built.over_budget == ()


def test_what_does_not_fit_is_named_and_shorter_lines_still_come() -> None:
    memories = [memory("a" * 300), memory("b" * 300), memory("short")]
    built = render.build_context(memories, 100)
    assert built.text == "a" * 300 + ".\nshort."
    assert (built.over_budget, built.tokens) == ((memories[1].id,), 80)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("four", 1), ("fiver", 2), ("東京タワー", 3), ("привет", 4)])
def test_tokens_are_estimated(text: str, count: int) -> None:
    assert render.tokens(text) == count


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
