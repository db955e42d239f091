"""Which sentences state something."""

from __future__ import annotations

import pytest

from memories.providers.sentences import SentenceExtractor, sentences
from memories.types import Item


def facts(*items: Item) -> list[str]:
    return [f.content for f in SentenceExtractor().extract(items)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("User's name is John. He works at Google.", ["User's name is John", "He works at Google"]),
        ("Hi! Thanks a lot. I moved to Oslo.", ["I moved to Oslo"]),
        ("What is my name? Where do I live?", []),
        ("Good morning everyone!", []),
        ("Dr. Smith lives on St. James St. in London.", ["Dr. Smith lives on St. James St. in London"]),
        ("I paid 3.50 for it. It was cheap!", ["I paid 3.50 for it", "It was cheap!"]),
        ("first line without an end\nsecond line here", ["first line without an end", "second line here"]),
        ("I use this:\n```python\nprint('I am code. Really.')\n```\nIt works well.", ["I use this:", "It works well"]),
        ("我住在北京。你好吗？", ["我住在北京。"]),
        ("Oslo", []),
        ("", []),
        ("...", []),
        ('She said "I quit." Then she left.', ['She said "I quit."', "Then she left"]),
    ],
)
def test_facts_of_a_text(text: str, found: list[str]) -> None:
    assert facts(Item(text)) == found


def test_an_assistant_states_no_facts_unless_it_is_named() -> None:
    said = Item("I can help you with that.", role="assistant")
    assert facts(said) == []
    assert facts(Item("I went to the lake.", role="assistant", speaker="Melanie")) == ["I went to the lake"]


def test_every_fact_is_in_its_own_words() -> None:
    text = "I live in Oslo.  I work in Bergen!"
    assert list(sentences(text)) == ["I live in Oslo.", "I work in Bergen!"]
    assert [f.evidence for f in SentenceExtractor().extract([Item(text)])] == ["I live in Oslo.", "I work in Bergen!"]
