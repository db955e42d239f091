"""What the rules of verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.entities import Name
from memories.providers.rules.found import Reading

if TYPE_CHECKING:
    from spacy.tokens import Token


def places(reading: Reading, verb: Token, *words: str) -> Iterator[tuple[str, Name]]:
    """(preposition, name) that hang on the verb or on its objects."""
    for word, _, target in g.all_prepositions(verb):
        name = reading.sentence.name_at(target)
        if name is not None and (not words or word in words):
            yield word, name


def typed(name: Name, kind: str) -> None:
    if not name.sure and (name.label in ("", "PERSON", "PRODUCT", "WORK_OF_ART") or name.type == t.PRODUCT):
        name.type, name.sure = kind, True


def persons(reading: Reading, people: list[str]) -> bool:
    persons = {n.text for n in reading.sentence.names if n.type == t.PERSON} | {t.USER, reading.discourse.user}
    return bool(people) and all(p in persons for p in people)


def studies(reading: Reading) -> bool:
    return any(g.lemma(x) in lx.DEGREES | {"graduate", "study"} for x in reading.sentence.doc)
