"""How a statement reads alone: the speaker's words, changed only where that is sure."""

from __future__ import annotations

import pytest

from memories.extraction.extractor import TextExtractor
from memories.types import Item
from tests.extraction.reading import contents, statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I work at Bosch.", "User works at Bosch"),
        ("I'm a midwife.", "User is a midwife"),
        ("I’m a midwife.", "User is a midwife"),
        ("im allergic to nuts", "User is allergic to nuts"),
        ("I've been married to Ruth since 2011.", "User has been married to Ruth since 2011"),
        ("I'd moved out before May.", "User had moved out before May"),
        ("I'd like a window seat.", "User would like a window seat"),
        ("I'll call Ida.", "User will call Ida"),
        ("I don't eat meat.", "User doesn't eat meat"),
        ("I wasn't there.", "User wasn't there"),
        ("I quit my job at Equinor.", "User quit their job at Equinor"),
        ("I fly to Oslo and carry my bike.", "User flies to Oslo and carries their bike"),
        ("I told Ana that my car broke.", "User told Ana that User's car broke"),
        ("Priya lent me 50 euros.", "Priya lent User 50 euros"),
        ("My sister Nora lives in Denver.", "User's sister Nora lives in Denver"),
        ("Zoë and I are neighbours.", "Zoë and User are neighbours"),
        ("Vera works at Bosch.", "Vera works at Bosch"),
        ("Call me Sam.", "Call User Sam"),
        ("Use tabs, not spaces.", "Use tabs, not spaces"),
    ],
)
def test_the_first_person_becomes_the_user(extractor: TextExtractor, text: str, expected: str) -> None:
    (statement,) = statements(extractor, text)
    assert (statement.fact.content, statement.fact.evidence) == (expected, text)


@pytest.mark.parametrize(
    "text",
    [
        "Am I allergic to nuts?",
        "Never have I seen such a mess",
        "Ich wohne in Graz und arbeite bei Siemens",
        "I Sverige bor jag i Lund",
        "我对花生过敏。",
        "We use Postgres for the orders service",
        'Paula said "I love my garden"',
        "{'i': 1}",
    ],
)
def test_what_is_not_sure_stays(extractor: TextExtractor, text: str) -> None:
    assert contents(extractor, text) == [text]


def test_the_first_person_becomes_the_speaker_by_name(extractor: TextExtractor) -> None:
    assert contents(extractor, "I live in Kumasi with my son.", speaker="Kofi") == [
        "Kofi lives in Kumasi with their son"
    ]


def test_a_pronoun_takes_the_one_name_before_it(extractor: TextExtractor) -> None:
    assert contents(extractor, "My sister Nora is a doctor. She lives in Denver.")[1] == "Nora lives in Denver"
    for text in ("My sister Nora is a doctor. He lives in Denver.", "Nora met Ida. She lives in Denver."):
        assert contents(extractor, text) == [text.removesuffix(".").replace("My", "User's")]


def test_a_fragment_stays_with_the_sentence_before_it(extractor: TextExtractor) -> None:
    assert contents(extractor, "The green suitcase did not arrive. Claim number 771.") == [
        "The green suitcase did not arrive. Claim number 771"
    ]
    assert contents(extractor, "Ama lives in Accra. Ama likes cats.") == ["Ama lives in Accra", "Ama likes cats"]


def test_the_name_of_the_user_goes_into_the_sentence_that_carries_it(extractor: TextExtractor) -> None:
    (statement,) = statements(extractor, "User's name is Ama. She works at Kente Labs.")
    assert statement.fact.content == "Ama works at Kente Labs"
    assert statement.graph.user_name == "Ama"
    assert contents(extractor, "User's name is Ama.") == ["User's name is Ama"]
    assert contents(extractor, "User's name is Ama. Tea is cheap.") == ["User's name is Ama", "Tea is cheap"]


def test_a_list_item_has_its_heading(extractor: TextExtractor) -> None:
    assert contents(extractor, "Trip to Oslo:\n- I booked the hotel\n- train at 9") == [
        "Trip to Oslo: User booked the hotel",
        "Trip to Oslo: train at 9",
    ]


def test_a_short_answer_keeps_its_question(extractor: TextExtractor) -> None:
    items = [Item("What is your name?", "assistant"), Item("Oksana", "user")]
    _, (statement,) = extractor.read(items)
    assert (statement.fact.content, statement.fact.evidence) == ("What is your name? Oksana", "Oksana")
    assert statement.graph.user_name == "Oksana"
