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
        ("What did the user say to the assistant?", "What did I say to the assistant?", ()),
        ("健太の犬は?", "Iの犬は?", ("健太",)),
        ("", "", ()),
    ],
)
def test_names_become_the_first_person(text: str, spoken: str, speakers: tuple[str, ...]) -> None:
    question = read(text)
    assert (question.text, question.first_person_text, question.speakers) == (text, spoken, speakers)


MAYA = ("Maya Lindqvist", "Mimi")


@pytest.mark.parametrize(
    ("text", "spoken", "names"),
    [
        ("What does Maya do for work?", "What does I do for work?", MAYA),
        ("what does maya lindqvist do?", "what does I do?", MAYA),
        ("What is Maya's job?", "What is my job?", MAYA),
        ("What does Mimi like?", "What does I like?", MAYA),
        ("Wo arbeitet Maya?", "Wo arbeitet I?", MAYA),
        ("Hat Maya Kinder?", "Hat I Kinder?", MAYA),
        ("Was ist Mayas Lieblingsessen?", "Was ist my Lieblingsessen?", MAYA),
        ("Où travaille Maya ?", "Où travaille I ?", MAYA),
        ("Где работает Майя?", "Где работает I?", ("Майя",)),
        ("玛雅在哪里工作?", "I在哪里工作?", ("玛雅",)),
        # another person
        ("What does Maya Chen do for work?", "What does Maya Chen do for work?", MAYA),
        ("Where does Anna Maya live?", "Where does Anna Maya live?", MAYA),
        ("What does Priya do for work?", "What does Priya do for work?", MAYA),
        ("What does Lindqvist do?", "What does Lindqvist do?", MAYA),
        ("Is Joséphine there?", "Is Joséphine there?", ("José",)),
        ("Does Mayan art count?", "Does Mayan art count?", MAYA),
        ("What does Maya do?", "What does Maya do?", ()),
        # names that are common words
        ("Will it rain in May?", "Will it rain in May?", ("Will Smith", "May Lee")),
        ("Where does Will work?", "Where does I work?", ("Will Smith",)),
    ],
)
def test_the_names_of_the_user_become_the_first_person(text: str, spoken: str, names: tuple[str, ...]) -> None:
    question = analyze_text(text, (), NOW, names)
    assert (question.first_person_text, question.speakers) == (spoken, ())


def test_a_user_and_a_speaker_in_one_question_are_two_people() -> None:
    assert analyze_text("Did Maya call Ann?", ("Ann",), NOW, MAYA).speakers == ()
    assert analyze_text("Did Maya call?", ("Maya",), NOW, MAYA).speakers == ("Maya",)


@pytest.mark.parametrize(
    ("text", "known", "spoken"),
    [
        ("What does the user like?", (), "What does I like?"),
        ("What is the user's job?", (), "What is my job?"),
        ("What does my customer want?", (), "What does I want?"),
        ("What is the client’s address?", (), "What is my address?"),
        ("What do they like?", (), "What do I like?"),
        ("Which pets do they have?", (), "Which pets do I have?"),
        # several may be meant
        ("What do they like?", ("Ann", "Bob"), "What do they like?"),
        ("What does my customer want?", ("Ann",), "What does my customer want?"),
        ("What did I promise my customer?", (), "What did I promise my customer?"),
        ("Which are my cats and what do they eat?", (), "Which are my cats and what do they eat?"),
        ("How many users does the user group have?", (), "How many users does the user group have?"),
    ],
)
def test_the_user_is_meant_where_nobody_else_can_be(text: str, known: tuple[str, ...], spoken: str) -> None:
    assert analyze_text(text, known, NOW).first_person_text == spoken


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


@given(st.text(), st.lists(st.text(max_size=8), max_size=5), st.lists(st.text(max_size=8), max_size=5))
def test_any_text_and_any_names_are_read(text: str, names: list[str], user_names: list[str]) -> None:
    question = analyze_text(text, names, NOW, user_names)
    assert question.text == text
    assert set(question.speakers) <= set(names)
    if not names and not user_names:
        assert question.first_person_text == text


@pytest.mark.parametrize(
    "asked", ["What do I know about Maya?", "Tell me about Maya", "Maya?", "Who is Maya?", "Who's Maya Lindqvist?"]
)
def test_a_name_of_the_user_stays_where_another_asks_or_nothing_else_is_asked(asked: str) -> None:
    found = analyze_text(asked, [], NOW, ["Maya Lindqvist"])
    assert found.first_person_text == asked
