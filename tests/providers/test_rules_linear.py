"""The rules take linear time for hostile texts.

They read about 5,000 to 15,000 characters a second, so the texts are short. What comes before the parse, and cuts it
into pieces of bounded length, is tried with a megabyte in tests/unit/test_linear_scanners.py.
"""

from __future__ import annotations

import datetime as dt

from memories.providers.rules.extractor import RulesExtractor
from memories.types import Item
from tests.growth import FRAMES, fault, superlinear

SAID = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)


def test_hostile_texts_are_read_in_linear_time(rules: RulesExtractor) -> None:
    rules.warm()
    assert fault(lambda text: rules.read([Item(text, said_at=SAID)]), 4_000, FRAMES[:1]) == ""


def test_one_long_sentence_is_read_in_linear_time(rules: RulesExtractor) -> None:
    def text(count: int) -> str:
        return "I met " + " and ".join(f"Ann{n} on {n % 28 + 1} May {1950 + n % 70}" for n in range(count))

    rules.warm()
    assert superlinear(lambda said: rules.read([Item(said, said_at=SAID)]), text, 200) == ""


def test_a_long_name_does_not_take_the_place_of_every_pronoun(rules: RulesExtractor) -> None:
    """Else a text of a megabyte becomes facts of half a gigabyte."""
    name = " ".join(["Annabella"] * 50)
    (found,) = rules.read([Item(f"My name is {name}.\nI live in Oslo.", said_at=SAID)])
    assert found.user_name is None
    assert [s.fact.content for s in found.statements][1:] == ["User lives in Oslo"]


def test_signs_alone_are_not_parsed(rules: RulesExtractor) -> None:
    (found,) = rules.read([Item("😀 ((( \n . . . \n I live in Oslo.")])
    assert [s.fact.content for s in found.statements] == ["User lives in Oslo"]
