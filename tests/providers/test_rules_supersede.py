"""What a later text does to an earlier one."""

from __future__ import annotations

import datetime as dt

import pytest

from memories.providers.rules.extractor import RulesExtractor
from memories.providers.rules.supersede import Verdict, decide
from memories.types import Item

OLD, NEW = dt.datetime(2024, 1, 10, tzinfo=dt.UTC), dt.datetime(2024, 6, 12, tzinfo=dt.UTC)


def verdict(
    rules: RulesExtractor, old: str, new: str, *, said: tuple[dt.datetime, dt.datetime] = (OLD, NEW)
) -> Verdict:
    first, second = rules.read([Item(old, "user", said_at=said[0]), Item(new, "user", said_at=said[1])])
    return decide(first.statements, second.statements)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I work at Spotify.", "I joined Klarna last week."),
        ("Yolanda lives in Madrid.", "Yolanda moved to Valencia in March."),
        ("My manager is Deepa Iyer.", "I report to Lars Holm now."),
        ("Leila is married to Omar.", "Leila is married to Sami."),
        ("User's favorite color is green.", "User's favorite color is now burgundy."),
        ("My son's birthday is on 3 June.", "Sorry, I mistyped, my son's birthday is on 13 June."),
        ("The launch is planned for 12 May.", "The launch has been moved to 2 June."),
        ("My rent is $1,400 a month.", "They raised my rent to $1,550 a month."),
        ("I've read 12 books so far.", "I just finished my 18th book."),
        ("My channel has 1,000 subscribers.", "My channel is now at 1,350 subscribers."),
        ("I do yoga twice a week.", "I do yoga three times a week."),
        ("We're 3-2 in the volleyball league.", "Our volleyball team has a 5-2 record."),
        ("My personal best is 27:12.", "I beat my personal best with 25:50."),
        ("My daughter is 6 years old.", "My daughter just turned 7."),
        ("Naledi's e-mail is naledi@old.example.", "Naledi's new e-mail is naledi@new.example."),
        ("User prefers answers in French.", "User now wants answers in English instead of French."),
    ],
)
def test_another_value_supersedes(rules: RulesExtractor, old: str, new: str) -> None:
    assert verdict(rules, old, new) is Verdict.SUPERSEDE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I work at Nokia.", "I might leave Nokia next year."),
        ("I work at Nokia.", "Does my card from Nokia still work?"),
        ("I work at Shell.", 'My brother told me: "I quit my job at Shell."'),
        ("I live in Nantes.", "Back in 2019 I lived in Lyon."),
        ("I live in Cardiff.", "My sister lives in Bristol."),
        ("Mehmet lives in Izmir.", "Mehmet's brother Can lives in Bursa."),
        ("Chidi leads the Kestrel project.", "Chidi also leads the Osprey project."),
        ("I love jazz.", "I love techno too."),
        ("My daughter Saskia is 7.", "My son Joris is 4."),
        ("I bought a Dyson vacuum.", "I bought a Bosch drill."),
        ("I caught 7 bass on 7/10.", "I caught 9 bass on 7/22."),
        ("I bought 2 books at the fair.", "I bought 3 books online."),
        ("I have 3 meetings today.", "I have 5 meetings today."),
        ("We have 3 apple trees.", "My uncle has 12 apple trees."),
        ("My doctor is Dr. Silva.", "My dentist is Dr. Haas."),
        ("The staging database runs on PostgreSQL 15.", "The production database runs on PostgreSQL 16."),
        ("I have two cats.", "I have two cats and a dog."),
        ("I went hiking on Saturday.", "I went hiking on Saturday."),
        ("bob@bob.example lives in Trondheim.", "bob@bob.example once kept a parrot."),
        ("I wrote to ann@ann.example.", "I sent the keys to ben@ben.example."),
        ("I called 030-4521.", "The plumber rang from 030-7788."),
    ],
)
def test_both_stay_true(rules: RulesExtractor, old: str, new: str) -> None:
    assert verdict(rules, old, new) is Verdict.KEEP_BOTH


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I live in São Paulo.", "i live in sao paulo"),
        ("User lives in Graz.", "I live in Graz."),
        ("Elena works at Ferrovial.", "Elena is employed by Ferrovial."),
        ("Rosa is the manager of Pekka.", "Pekka reports to Rosa."),
        ("My birthday is 7 March 1991.", "I was born on 1991-03-07."),
        ("We have a tortoise called Ziggy.", "Ziggy is our pet tortoise."),
        ("I'm married to Ines.", "My wife is Ines."),
    ],
)
def test_the_same_again_is_a_duplicate(rules: RulesExtractor, old: str, new: str) -> None:
    assert verdict(rules, old, new) is Verdict.DUPLICATE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I have a dog called Bruno.", "I no longer have a dog."),
        ("Katarzyna works at Orlen.", "Katarzyna doesn't work at Orlen any more."),
        ("Andre and Beatriz are married.", "Andre and Beatriz got divorced in July."),
        ("I like sushi.", "I don't like sushi any more."),
        ("i own a vespa", "sold the vespa yesterday"),
        ("Hyun-woo is a member of the chess club.", "Hyun-woo left the chess club."),
    ],
)
def test_an_end_without_a_new_value_negates(rules: RulesExtractor, old: str, new: str) -> None:
    assert verdict(rules, old, new) is Verdict.NEGATE


def test_what_was_said_earlier_never_supersedes(rules: RulesExtractor) -> None:
    assert verdict(rules, "I live in Graz.", "I live in Linz.", said=(NEW, OLD)) is Verdict.KEEP_BOTH


def test_nothing_stated_changes_nothing(rules: RulesExtractor) -> None:
    assert verdict(rules, "I live in Graz.", "Thanks!") is Verdict.KEEP_BOTH
    assert verdict(rules, "Thanks!", "I live in Graz.") is Verdict.KEEP_BOTH


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The access code of locker 12 is 7919.", "The access code of locker 14 is 8121."),
        ("Gate number 41 opens at six.", "Gate number 42 opens at six."),
        ("Order 1001 was shipped.", "Order 1002 was shipped."),
        ("Room 12 belongs to Ann.", "Room 14 belongs to Ann."),
    ],
)
def test_a_number_that_names_keeps_things_apart(rules: RulesExtractor, before: str, after: str) -> None:
    old, new = rules.extract([Item(before)]), rules.extract([Item(after)])
    assert decide(old, new) is Verdict.KEEP_BOTH
    assert decide(old, rules.extract([Item(f"Sorry, I meant this: {after}")])) is not Verdict.DUPLICATE
