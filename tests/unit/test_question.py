"""What a question names: speakers, in the first person, and the voice that is asked for."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.retrieval.analyze import analyze_text
from memories.retrieval.types import Question

NOW = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
KNOWN = ("Caroline", "Melanie Smith", "user", "assistant", "Ann", "健太")


def read(text: str) -> Question:
    return analyze_text(text, KNOWN, NOW)


@pytest.mark.parametrize(
    ("text", "spoken", "speakers"),
    [
        ("What did Caroline paint?", "What did I paint?", ("Caroline",)),
        ("What is Caroline's job?", "What is my job?", ("Caroline",)),
        ("What is Caroline’s job?", "What is my job?", ("Caroline",)),
        ("what is caroline's job?", "what is my job?", ("Caroline",)),
        ("Where does Melanie live?", "Where does I live?", ("Melanie Smith",)),
        ("Where does Melanie Smith live?", "Where does I live?", ("Melanie Smith",)),
        ("Did Caroline call Melanie?", "Did I call I?", ()),
        ("Is Joanna here?", "Is Joanna here?", ()),
        ("What did the user say to the assistant?", "What did the user say to the assistant?", ()),
        ("健太の犬は?", "Iの犬は?", ("健太",)),
        ("", "", ()),
    ],
)
def test_names_become_the_first_person(text: str, spoken: str, speakers: tuple[str, ...]) -> None:
    question = read(text)
    assert (question.text, question.first_person_text, question.speakers) == (text, spoken, speakers)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("You told me about a tea house", True),
        ("Remind me of the recipe", True),
        ("In our previous conversation, which book was it?", True),
        ("What did I tell you?", False),
        ("Do you like tea?", False),
    ],
)
def test_what_an_assistant_said_is_asked_for(text: str, told: bool) -> None:
    assert read(text).asks_about_assistant is told


def test_times_are_read() -> None:
    (window,) = read("Where was Ann yesterday?").windows
    assert window.words == "yesterday"


@given(st.text(), st.lists(st.text(max_size=8), max_size=5))
def test_any_text_and_any_names_are_read(text: str, names: list[str]) -> None:
    question = analyze_text(text, names, NOW)
    assert question.text == text
    assert set(question.speakers) <= set(names)
    if not names:
        assert question.first_person_text == text
