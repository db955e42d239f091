"""Lines "key: value": what the key states, of whom, and of which values."""

from __future__ import annotations

import pytest

from memories.extraction.extractor import TextExtractor
from tests.extraction.reading import current, statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pets: Mochi (cat), Bruno (poodle)", {"user HAS_PET Mochi", "user HAS_PET Bruno"}),
        ("employer: Ørsted\nline manager: Kirsten Holt", {"user WORKS_AT Ørsted", "Kirsten Holt MANAGES user"}),
        ("Visited: Riga (2018), Vilnius, Minsk (planned)", {"user VISITED Riga", "user VISITED Vilnius"}),
        ("Likes: rye bread, fog.", {"user LIKES rye bread", "user LIKES fog"}),
        ("It rains. Dislikes: small talk.", {"user DISLIKES small talk"}),
        ("Partner: Yusuf\nKids: none", {"user PARTNER_OF Yusuf"}),
        ("Name: Ida Falk\nReports to: Omar Said", {"Ida Falk REPORTS_TO Omar Said"}),
        ("Producer: Malin Ek", {"Malin Ek HAS_ROLE Producer"}),
        ("Our plumber: Joe Ek", {"Joe Ek HAS_ROLE plumber"}),
        ("**Producer**: Malin Ek", {"Malin Ek HAS_ROLE Producer"}),
        ("The settings are these.\n```\nname: deploy\ncompany: Vestas\n```", set()),
        ("Favourite composer: Arvo Pärt", {"user LIKES Arvo Pärt"}),
        ("Deadline: Friday", set()),
        ("Kids: not yet", set()),
        ("Husband's job: roofer", set()),  # another's
        ("Neighbour's dog: Pippin", set()),
        ("Previous employer: Vestas", set()),
        ("Dream car: Alpine A110", set()),
        ("Event location: Tartu", set()),
        ("Present employer: Vestas", {"user WORKS_AT Vestas"}),
        ("Phone: +45 20 30 40 50", set()),  # no thing, place or person
        ("Bike: stolen", set()),
        ("Born: 3 June 1979", set()),
        ("Plumber: Thursday at 8", set()),
        ("Kids: three", set()),
    ],
)  # fmt: skip
def test_a_key_states_a_relation_of_each_value(extractor: TextExtractor, text: str, expected: set[str]) -> None:
    assert current(extractor, text) == expected


def test_a_value_is_parsed_where_the_key_states_nothing(extractor: TextExtractor) -> None:
    (statement,) = statements(extractor, "Caterer: Fatou Diallo lives in Dakar")
    assert [(n.name, n.type) for n in statement.graph.named] == [("Fatou Diallo", "PERSON"), ("Dakar", "LOCATION")]
    assert statement.fact.content == "Caterer: Fatou Diallo lives in Dakar"


def test_a_long_list_gives_a_bounded_number_of_relations(extractor: TextExtractor) -> None:
    assert len(current(extractor, "Likes: " + ", ".join(f"tea{n}" for n in range(5_000)))) == 50


@pytest.mark.parametrize("text", ["User's : Ann", "my: Ann", "Role:  -"])
def test_a_line_without_a_key_or_value_is_kept(extractor: TextExtractor, text: str) -> None:
    assert [s.fact.evidence for s in statements(extractor, text)] == [text]
