"""What a language model says and is not believed, part by part; and what is no answer at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from entities.relation_types import RELATION_TYPES
from entities.types import ENTITY_TYPES
from memories.extraction.llm import extractor_registry
from memories.extraction.llm.base import BrokenAnswer, ModelFailed, ModelRefused, ModelUnavailable
from memories.extraction.llm.interpretation import MAX_CHARACTERS, MAX_FACTS, interpret
from memories.extraction.llm.model_extractor import ModelExtractor
from memories.types import Decision, Item
from tests.extraction.llm_cases import IDS, JOHN, KNOWN, NOW, TEXT, WORKS, contents, read
from tests.llm_server import MODEL, Declines, Dies, Fails, Hangs, LLMServer, Says, answer, fact


# --- what is refused, part by part -----------------------------------------------------------------------------------
@pytest.mark.parametrize("candidate", [0, 3, -1, 10**30, 1.5, "one", str(IDS[0]), None, True, [1], {"id": 1}])
@pytest.mark.parametrize("decision", ["duplicate", "update", "end"])
def test_a_candidate_that_was_not_offered_cannot_be_touched(
    llm: LLMServer, reader: ModelExtractor, decision: str, candidate: object
) -> None:
    llm.script = [Says(answer({**JOHN, "decision": decision, "candidate": candidate}))]
    found = read(reader, TEXT)
    assert contents(found) == ["John works at Google as a senior engineer"]
    assert found.statements[0].proposal is None
    assert found.refused == {"unknown candidate": 1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"evidence": "He works at Microsoft"}, "ungrounded"),
        ({"evidence": ""}, "ungrounded"),
        ({"content": "John plays the violin in Paris"}, "ungrounded"),
        ({"content": "John works at Google since 2011"}, "ungrounded"),
        ({"content": ""}, "malformed fact"),
        ({"content": None}, "malformed fact"),
        ({"content": 7}, "malformed fact"),
        ({"content": "Google " * 200}, "too long"),
    ],
)
def test_a_fact_that_does_not_hold_is_left_out(
    llm: LLMServer, reader: ModelExtractor, change: dict[str, object], reason: str
) -> None:
    name = fact("User's name is John", "User's name is John")
    llm.script = [Says(answer({**JOHN, **change}, name))]
    found = read(reader, TEXT)
    assert contents(found) == ["User's name is John"]
    assert found.refused == {reason: 1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"decision": "forget"}, "unknown decision"),
        ({"valid_from": "last summer"}, "unknown time"),
        ({"valid_from": "0000-01-01"}, "unknown time"),
        ({"entities": "John"}, "malformed entity"),
        ({"entities": [{"name": "John", "type": "ALIEN"}]}, "malformed entity"),
        ({"entities": [{"type": "PERSON"}]}, "malformed entity"),
        ({"entities": [{"name": "Microsoft", "type": "ORG"}]}, "ungrounded entity"),
        ({"entities": [{"name": "Goo", "type": "ORG"}]}, "ungrounded entity"),
        ({"entities": [{"name": "  ", "type": "ORG"}]}, "ungrounded entity"),
        ({"relations": [{**WORKS, "type": "EMPLOYS"}]}, "malformed relation"),
        ({"relations": [{**WORKS, "target": "Microsoft"}]}, "ungrounded relation"),
        ({"relations": [{**WORKS, "target": "john"}]}, "ungrounded relation"),
        ({"relations": [{**WORKS, "target": None}]}, "ungrounded relation"),
        ({"relations": [7]}, "malformed relation"),
    ],
)
def test_a_part_that_does_not_hold_costs_only_itself(
    llm: LLMServer, reader: ModelExtractor, change: dict[str, object], reason: str
) -> None:
    llm.script = [Says(answer({**JOHN, **change}))]
    found = read(reader, TEXT)
    assert contents(found) == ["John works at Google as a senior engineer"]
    assert found.refused == {reason: 1}


def test_a_name_of_the_user_must_have_been_said(llm: LLMServer, reader: ModelExtractor) -> None:
    llm.script = [Says(answer(JOHN, user_name="Root"))]
    found = read(reader, TEXT)
    assert found.statements[0].graph.user_name is None
    assert found.refused == {"ungrounded user name": 1}


def test_a_fact_belongs_to_the_message_that_states_it(llm: LLMServer, reader: ModelExtractor) -> None:
    tea, boat = fact("User likes tea", "I like tea", message=0), fact("User owns a boat", "own a boat", message=2)
    llm.script = [Says(answer(tea, boat))]
    items = [Item("Hello", "user"), Item("I like tea", "user"), Item("You own a boat?", "assistant")]
    found = read(reader, *items)
    assert [(s.fact.content, s.fact.position) for s in found.statements] == [("User likes tea", 1)]
    assert found.refused == {"other speaker": 1}


def test_more_facts_than_a_write_can_hold_are_counted(llm: LLMServer, reader: ModelExtractor) -> None:
    text = " ".join(f"I own a boat{n}x." for n in range(MAX_FACTS + 5))
    facts = [fact(f"User owns a boat{n}x", f"I own a boat{n}x") for n in range(MAX_FACTS + 5)]
    llm.script = [Says(answer(*facts))]
    found = read(reader, text)
    assert (len(found.statements), found.refused) == (MAX_FACTS, {"too many": 5})


def test_a_fact_given_twice_is_one(llm: LLMServer, reader: ModelExtractor) -> None:
    llm.script = [Says(answer(JOHN, {**JOHN, "content": "John works at Google, as a senior engineer!"}))]
    found = read(reader, TEXT)
    assert (len(found.statements), found.refused) == (1, {"repeated": 1})


# --- no reading at all -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "said",
    ["", "I can't do that.", '{"facts": [', "{}", "[]", '{"facts": null}', '{"facts": 7}', "null", "[" * 9999, "{1}"],
    ids=lambda said: said[:20],
)
def test_an_answer_that_cannot_be_read_is_retryable(llm: LLMServer, either: ModelExtractor, said: str) -> None:
    llm.script = [Says(said)]
    with pytest.raises(BrokenAnswer) as caught:
        read(either, "I like tea")
    assert (caught.value.retryable, caught.value.code) == (True, "unavailable")
    assert "tea" not in str(caught.value)
    assert len(llm.calls) == 1


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Fails(429, {"Retry-After": "7"}), ModelUnavailable),
        (Fails(500), ModelUnavailable),
        (Dies(), ModelUnavailable),
        (Hangs(), ModelUnavailable),
        (Fails(401), ModelRefused),
        (Declines(), ModelFailed),
    ],
)
@pytest.mark.parametrize("provider", ["openai_compatible", "ollama"])
def test_after_a_failure_the_same_write_is_read(
    llm: LLMServer, provider: str, step: Any, error: type[ModelFailed]
) -> None:
    with override_settings(**{**llm.settings(provider), "LLM_TIMEOUT_SECONDS": 0.3}):
        model = extractor_registry.model_extractor()
        assert model is not None
        llm.script = [step]
        with pytest.raises(error):
            read(model, TEXT)
    with override_settings(**llm.settings(provider)):
        model = extractor_registry.model_extractor()
        assert model is not None
        llm.script = [Says(answer(JOHN))]
        assert contents(read(model, TEXT)) == ["John works at Google as a senior engineer"]
    assert len(llm.calls) == 2


# --- any answer whatever ---------------------------------------------------------------------------------------------
WORDS = st.sampled_from(
    (
        *("John", "Google", "John works at Google as a senior engineer", "He works at Google", "user", "PERSON", "I"),
        *("WORKS_AT", "add", "update", "end", "2024-05", "1", "role", "", "Microsoft", "\u0130", "2024-06-12"),
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def part(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: values | VALUES for name, values in fields.items()})


ENTITIES = part(name=WORDS, type=st.sampled_from(ENTITY_TYPES))
RELATIONS = part(
    source=WORDS, type=st.sampled_from(list(RELATION_TYPES)), target=WORDS, valid_from=WORDS, valid_to=WORDS,
    properties=st.lists(part(name=WORDS, value=WORDS), max_size=2), ended=st.booleans(),
)  # fmt: skip
FACTS = st.fixed_dictionaries(
    {"content": WORDS, "evidence": WORDS},
    optional={
        "message": st.integers(-1, 3) | VALUES,
        "importance": st.floats() | VALUES,
        "confidence": st.floats() | VALUES,
        "decision": st.sampled_from(["add", "duplicate", "update", "end"]) | VALUES,
        "candidate": st.integers(-1, 4) | VALUES,
        "valid_from": WORDS | VALUES,
        "entities": st.lists(ENTITIES, max_size=3) | VALUES,
        "relations": st.lists(RELATIONS, max_size=3) | VALUES,
    },
)
ANSWERS = (
    st.fixed_dictionaries({"facts": st.lists(FACTS | VALUES, max_size=4)}, optional={"user_name": WORDS | VALUES})
    | VALUES
)


@given(ANSWERS.map(json.dumps) | st.text(max_size=80))
def test_no_answer_does_harm(said: str) -> None:
    """Whatever comes back: a reading, or the error that the row understands; and nothing is touched but what was
    offered, nothing said but what stands in the text."""
    items = [Item("Hello", "assistant"), Item(TEXT, "user", None, NOW)]
    try:
        found = interpret(said, items, None, KNOWN, NOW, MODEL)
    except BrokenAnswer:
        return
    assert all(count > 0 for count in found.refused.values())
    for statement in found.statements:
        made = statement.fact
        assert made.evidence in TEXT
        assert made.position == 1
        assert 0 < len(made.content) <= MAX_CHARACTERS
        assert 0 <= made.confidence <= 1
        assert 0 <= made.importance <= 1
        assert "Microsoft" not in made.content
        proposal = statement.proposal
        assert proposal is None or (proposal.target is None) == (proposal.decision is Decision.ADD)
        assert proposal is None or proposal.target in (None, IDS[0], IDS[1])
        assert all(one.type in ENTITY_TYPES and one.name != "Microsoft" for one in statement.graph.named)
        for stated in statement.graph.stated:
            assert stated.type in RELATION_TYPES
            assert "Microsoft" not in (stated.source, stated.target)
            assert all(when is None or when.tzinfo is not None for when in (stated.valid_from, stated.valid_to))
