"""Dates, resolved against the moment a text was said."""

from __future__ import annotations

import datetime as dt

import pytest

from memories.providers.rules.extractor import RulesExtractor
from memories.types import Item

SAID = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)  # a Friday


def dates(rules: RulesExtractor, text: str, said_at: dt.datetime | None = SAID) -> list[str | None]:
    (found,) = rules.read([Item(text, "user", said_at=said_at)])
    return [m.value for m in found.mentions if m.type == "DATE"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We married on 8 August 2021.", ["2021-08-08"]),
        ("We married on August 8th, 2021.", ["2021-08-08"]),
        ("We married on 2021-08-08.", ["2021-08-08"]),
        ("We married in August 2021.", ["2021-08"]),
        ("We married in 2021.", ["2021"]),
        ("I studied there from 2010 to 2014.", ["2010", "2014"]),
        ("I was there yesterday.", ["2024-05-09"]),
        ("I was there today.", ["2024-05-10"]),
        ("I will be there tomorrow.", ["2024-05-11"]),
        ("I was there two weeks ago.", ["2024-04-26"]),
        ("I was there two months ago.", ["2024-03-10"]),
        ("I was there last month.", ["2024-04"]),
        ("I was there last year.", ["2023"]),
        ("I was there last weekend.", ["2024-05-04"]),
        ("I was there last January.", ["2024-01"]),
        ("I will be there next month.", ["2024-06"]),
        ("I will be there next Wednesday.", ["2024-05-15"]),
        ("I took her there on 2/8.", ["2024-02-08"]),
        # the nearest that fits the tense
        ("I was there on November 3.", ["2023-11-03"]),
        ("I will be there on November 3.", ["2024-11-03"]),
        ("I was there in July.", ["2023-07"]),
        ("I will be there in July.", ["2024-07"]),
        ("I was there on Monday.", ["2024-05-06"]),
        ("I will be there on Monday.", ["2024-05-13"]),
        ("I need the report by 4 March.", ["2025-03-04"]),
        ("I have lived there since February.", ["2024-02"]),
        # no dates
        ("I ran for 30 minutes.", []),
        ("I'm 32 years old.", []),
        ("I play every Tuesday.", []),
        ("I drive a 2018 Honda Civic.", []),
        ("We won 3/4 of the games.", []),
        ("It was recently.", []),
        ("I may go, or march on.", []),
        ("I was there a few weeks ago.", []),
        ("I was there on February 31.", []),
    ],
)
def test_it_resolves_dates(rules: RulesExtractor, text: str, expected: list[str]) -> None:
    assert dates(rules, text) == expected


def test_without_a_moment_only_full_dates_count(rules: RulesExtractor) -> None:
    assert dates(rules, "I was there yesterday, on May 3, in June 2019 and on 2020-02-03.", None) == [
        "2019-06",
        "2020-02-03",
    ]


def test_the_language_of_the_clock_is_no_matter(rules: RulesExtractor) -> None:
    assert dates(rules, "I was there yesterday.", dt.datetime(2024, 3, 1, tzinfo=dt.UTC)) == ["2024-02-29"]
