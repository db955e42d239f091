"""The names, types and dates of statements."""

from __future__ import annotations

import datetime as dt

import pytest

from memories.extraction.extractor import TextExtractor
from memories.types import Item
from tests.extraction.reading import SAID, statements


def dates(
    extractor: TextExtractor, text: str, said_at: dt.datetime | None = SAID, client_timestamp: str | None = None
) -> list[str]:
    (found,) = extractor.read([Item(text, None, None, said_at, client_timestamp)])
    return [named.name for s in found for named in s.graph.named if named.type == "DATE"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nora lives in Denver.", [("Nora", "PERSON"), ("Denver", "LOCATION")]),
        ("Nora adores a band called Copper Moth.", [("Nora", "PERSON"), ("Copper Moth", "ORG")]),
        (
            "Nadia van den Heuvel called Ludwig van der Berg yesterday evening.",
            [("Nadia van den Heuvel", "PERSON"), ("Ludwig van der Berg", "PERSON"), ("2024-05-09", "DATE")],
        ),
        ("Bo studied at the University of Ghent.", [("Bo", "PERSON"), ("University of Ghent", "ORG")]),
        ("Bo saw the Berlin Film Festival.", [("Bo", "PERSON"), ("Berlin Film Festival", "EVENT")]),
        ("They met at the Museum of Modern Art.", [("Museum of Modern Art", "LOCATION")]),
        ("He sees Dr. Alvarez on Mondays.", [("Dr. Alvarez", "PERSON")]),
        ("Maria from the choir lives in Gent.", [("Maria", "PERSON"), ("Gent", "LOCATION")]),
        ("A GPA of 3.8 and an MBA.", []),
        ("The food is Irish and Italian.", []),
    ],
)
def test_it_finds_names_and_their_types(extractor: TextExtractor, text: str, expected: list[tuple[str, str]]) -> None:
    (statement,) = statements(extractor, text)
    ends = {end for s in statement.graph.stated for end in (s.source, s.target)}
    found = [(n.name, n.type) for n in statement.graph.named if n.type != "CONCEPT" or n.name not in ends]
    assert found == expected


def test_names_and_dates_of_other_languages_are_found_without_a_parse(extractor: TextExtractor) -> None:
    (french,) = statements(extractor, "Je travaille chez Umicore avec Élise Dupont depuis le 01.03.2024 à Olen.")
    assert [n.name for n in french.graph.named] == ["Umicore", "Élise Dupont", "Olen", "2024-03-01"]
    (chinese,) = statements(extractor, "我从2024年3月1日起在谷歌工作。")
    assert [n.name for n in chinese.graph.named] == ["2024-03-01"]
    assert french.graph.stated == chinese.graph.stated == ()


def test_a_qualifier_tells_people_of_one_first_name_apart(extractor: TextExtractor) -> None:
    def qualifier(text: str) -> str:
        (statement,) = statements(extractor, text)
        return next(n.qualifier for n in statement.graph.named if n.type == "PERSON" and n.name != "user")

    assert qualifier("My son Alex works at Lego.") == "PARENT_OF"
    assert qualifier("My boss Alex works at Arup.") == "-MANAGES"
    assert qualifier("Maria from the choir lives in Namur.") == "from choir"
    assert qualifier("My friend Alex works at Arup.") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We married on 8 June 2021.", ["2021-06-08"]),
        ("We married on June 8th, 2021.", ["2021-06-08"]),
        ("We married on 2021-06-08.", ["2021-06-08"]),
        ("We married in June 2021.", ["2021-06"]),
        ("I lived there from 2010 to 2014.", ["2010", "2014"]),
        ("I was there yesterday.", ["2024-05-09"]),
        ("I will be there tomorrow.", ["2024-05-11"]),
        ("I was there two weeks ago.", ["2024-04-26"]),
        ("I was there last month.", ["2024-04"]),
        ("I was there last weekend.", ["2024-05-04"]),
        ("I will be there next Wednesday.", ["2024-05-15"]),
        ("I took her there on 2/8.", ["2024-02-08"]),
        # the nearest that fits the tense
        ("I was there on November 3.", ["2023-11-03"]),
        ("I will be there on November 3.", ["2024-11-03"]),
        ("I was there on Monday.", ["2024-05-06"]),
        ("I will be there on Monday.", ["2024-05-13"]),
        ("I need the report by 4 March.", ["2025-03-04"]),
        ("I have lived there since February.", ["2024-02"]),
        # no dates
        ("I ran for 30 minutes.", []),
        ("I play every Tuesday.", []),
        ("I drive a 2018 Honda Civic.", []),
        ("We won 3/4 of the games.", []),
        ("I may go, or march on.", []),
        ("I was there on February 31.", []),
    ],
)
def test_it_resolves_dates(extractor: TextExtractor, text: str, expected: list[str]) -> None:
    assert dates(extractor, text) == expected


def test_without_a_moment_only_full_dates_count(extractor: TextExtractor) -> None:
    assert dates(extractor, "I was there yesterday, on May 3, in June 2019 and on 2020-02-03.", None) == [
        "2019-06",
        "2020-02-03",
    ]


@pytest.mark.parametrize(
    ("client_timestamp", "expected"),
    [
        ("2026-04-22T22:30:00-05:00", "2026-04-21"),
        ("2026-04-23T03:30:00Z", "2026-04-22"),
        ("2026-04-23T13:30:00+10:00", "2026-04-22"),
        (None, "2026-04-22"),
        ("yesterday", "2026-04-22"),
    ],
)
def test_the_day_is_that_of_the_speakers_offset(
    extractor: TextExtractor, client_timestamp: str | None, expected: str
) -> None:
    said_at = dt.datetime(2026, 4, 23, 3, 30, tzinfo=dt.UTC)
    assert dates(extractor, "Yesterday I adopted a puppy.", said_at, client_timestamp) == [expected]


def test_a_fact_has_the_dates_that_its_text_gives(extractor: TextExtractor) -> None:
    def validity(text: str) -> tuple[str | None, str | None]:
        (statement,) = statements(extractor, text)
        start, stop = statement.fact.valid_from, statement.fact.valid_to
        return start and start.date().isoformat(), stop and stop.date().isoformat()

    assert validity("I have worked at Bosch since 2019.") == ("2019-01-01", None)
    assert validity("I am on leave until 4 June.") == (None, "2024-06-04")
    assert validity("I lived in Lyon from 2010 to 2014.") == ("2010-01-01", "2014-01-01")
    assert validity("We married on 8 June 2021.") == (None, None)
