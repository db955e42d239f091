"""Relative dates of texts that are not parsed, offsets of timestamps, and names that people give themselves."""

from __future__ import annotations

import datetime as dt

import pytest

from memories.extraction.dates import in_text, offset_of
from memories.extraction.self_names import own_name

TODAY = dt.date(2026, 4, 22)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It rained yesterday and today", (("yesterday", "2026-04-21"), ("today", "2026-04-22"))),
        ("Gone the day before yesterday", (("the day before yesterday", "2026-04-20"),)),
        ("We met last Friday", (("last friday", "2026-04-17"),)),
        ("See you next Monday", (("next monday", "2026-04-27"),)),
        ("The exam is in two weeks", (("in two weeks", "2026-05-06"),)),
        ("I'll be there in 3 days", (("in 3 days", "2026-04-25"),)),
        ("I lost two kilos in two months", ()),
        ("It began three days ago", (("three days ago", "2026-04-19"),)),
        ("We moved last month", (("last month", "2026-03"),)),
        ("We moved last year", (("last year", "2025"),)),
        ("We met on Friday", ()),
        ("Every last Friday we dance", ()),
        ("We met on 2026-01-02, in 2019 and on 3 May", ()),
        ("Ayer adopté un perro", ()),
        ("", ()),
    ],
)
def test_relative_dates_need_no_parse(text: str, found: tuple[tuple[str, str], ...]) -> None:
    assert in_text(text, TODAY) == found


@pytest.mark.parametrize(
    ("timestamp", "offset"),
    [
        ("2026-04-22T22:30:00-05:00", "-05:00"),
        ("2026-04-22T22:30:00+05:30", "+05:30"),
        ("2026-04-22T22:30:00Z", ""),
        ("2026-04-22T22:30:00+00:00", ""),
        ("2026-04-22T22:30:00", ""),
        ("2026-04-22", ""),
        ("soon", ""),
        (None, ""),
    ],
)
def test_a_timestamp_has_an_offset(timestamp: str | None, offset: str) -> None:
    assert offset_of(timestamp) == offset


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ich heiße Maya Lindqvist und wohne in Köln", "Maya Lindqvist"),
        ("Mein Name ist Jürgen von der Heide.", "Jürgen von der Heide"),
        ("Je m’appelle Zoé, j'ai trente ans", "Zoé"),
        ("Me llamo María José y vivo en Sevilla", "María José"),
        ("Mi chiamo Paolo e abito a Torino", "Paolo"),
        ("Meu nome é João da Silva", "João da Silva"),
        ("Ik heet Sanne", "Sanne"),
        ("Jag heter Åsa", "Åsa"),
        ("Меня зовут Анна Петрова", "Анна Петрова"),
        ("我叫王小明，住在北京", "王小明"),
        ("私の名前は健太です", "健太"),
        ("Ich heiße dich willkommen", None),
        ("Meine Schwester heißt Maya", None),
        ("Mi hermana se llama Ana", None),
        ("", None),
    ],
)
def test_the_own_name_of_a_text_that_is_not_parsed(text: str, name: str | None) -> None:
    assert own_name(text) == name
