"""Who is meant by a name: the people and things of one owner, told apart by words and never by letters inside them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entities.names import normal, parts
from entities.resolve import EntityCandidate, Verdict, resolve
from entities.types import ENTITY_TYPES, EntityMention


def known(*names: str, type: str = "PERSON") -> list[EntityCandidate]:
    return [
        EntityCandidate(uuid.UUID(int=i), *name.split("|")[:1], type, tuple(name.split("|")[1:]))
        for i, name in enumerate(names)
    ]


def means(
    name: str, among: Sequence[EntityCandidate], *contexts: Collection[uuid.UUID], type: str = "PERSON"
) -> str | None:
    """The name of the one that is meant; None for a new one."""
    verdict = resolve(EntityMention(name, type), among, contexts=contexts)
    return next((c.name for c in among if c.id == verdict.id), None)


def test_ann_is_not_joanna() -> None:
    for one, other in itertools.permutations(("Ann", "Joanna", "Anna", "Joann", "Annabel"), 2):
        assert means(one, known(other)) is None


@pytest.mark.parametrize("order", list(itertools.permutations(("John", "John Smith", "Mr. Smith"))))
def test_john_john_smith_and_mr_smith(order: tuple[str, ...]) -> None:
    for first, then in itertools.combinations(order, 2):
        meant = {first, then} != {"John", "Mr. Smith"}  # nothing joins these two until the full name is known
        assert means(then, known(first)) == (first if meant else None)
    assert means("Mr. Smith", known("John Smith|John")) == "John Smith"
    assert means("Mrs. Smith", known("John Smith|Mr. Smith")) is None
    assert means("Prof. Dr. Smith", known("John Smith|Mr. Smith")) == "John Smith"


def test_two_johns_with_different_surnames() -> None:
    two = known("John Smith|John", "John Doe")
    assert means("John Doe", two[:1]) is None
    assert means("John Doe", two) == "John Doe"
    assert resolve(EntityMention("John", "PERSON"), two) == Verdict(None, (two[0].id, two[1].id))
    assert means("John", two, [two[1].id]) == "John Doe"
    assert means("John", two, [], [two[1].id]) == "John Doe"
    assert means("John", two, [two[0].id], [two[1].id]) == "John Smith"
    assert resolve(EntityMention("John", "PERSON"), two, contexts=[[c.id for c in two]]).id is None


def test_a_john_who_may_be_either_stays_the_same_one_and_takes_no_surname() -> None:
    two = known("John Smith", "John Doe")
    either = EntityCandidate(uuid.UUID(int=9), "John", "PERSON", (), ambiguous=True)
    assert means("John", [*two, either]) == "John"
    assert means("John", [*two, either], [two[0].id]) == "John Smith"
    assert means("John Murphy", [*two, either]) is None


def test_one_exact_name_is_one_entity_whatever_its_type_was_guessed_to_be() -> None:
    for one, other in itertools.permutations(("ORG", "LOCATION", "PRODUCT", "CONCEPT", "PERSON"), 2):
        assert means("DGIA", known("DGIA", type=one), type=other) == "DGIA"
        assert means("Dgia", known("DGIA", type=one), type=other) == "DGIA"
        assert means("O’Neill", known("O'Neill", type=one), type=other) == "O'Neill"
    assert means("May", known("2024-05", type="DATE"), type="PERSON") is None
    assert means("2024", known("2024", type="DATE"), type="PRODUCT") is None


def test_apple_and_apple() -> None:
    company, fruit = known("Apple", type="ORG"), known("apple", type="CONCEPT")
    for type, of in itertools.product(("CONCEPT", "PRODUCT"), (company, known("Apple Inc.", type="ORG"))):
        assert means("apple", of, type=type) is None
    assert means("Apple", fruit, type="ORG") is None
    assert means("Apple Inc.", company, type="ORG") == "Apple"


def test_two_people_of_one_first_name_are_told_apart_by_what_qualifies_them() -> None:
    def alex(*qualifiers: str) -> EntityCandidate:
        return EntityCandidate(uuid.UUID(int=len(qualifiers)), "Alex", "PERSON", qualifiers=frozenset(qualifiers))

    def is_new(qualifier: str, *among: EntityCandidate) -> bool:
        return resolve(EntityMention("Alex", "PERSON", qualifier=qualifier), among).id is None

    assert is_new("-MANAGES", alex("PARENT_OF"))
    assert is_new("from hr", alex("from choir"))
    for qualifier, there in (("-MANAGES", ()), ("", ("PARENT_OF",)), ("from hr", ("PARENT_OF",))):
        assert not is_new(qualifier, alex(*there))
    full = EntityCandidate(uuid.UUID(int=7), "Alex Roth", "PERSON", qualifiers=frozenset({"PARENT_OF"}))
    assert resolve(EntityMention("Alex Roth", "PERSON", qualifier="-MANAGES"), [full]).id == full.id


@pytest.mark.parametrize(
    ("name", "type", "of", "is_meant"),
    [
        ("Smith, John", "PERSON", "John Smith", True),
        ("J. Smith", "PERSON", "John Smith", True),
        ("K. Smith", "PERSON", "John Smith", False),
        ("John Adam Smith", "PERSON", "John Smith", True),
        ("Mary Smith", "PERSON", "John Smith", False),
        ("John Smith Jr.", "PERSON", "John Smith", False),
        ("John Smith, PhD", "PERSON", "John Smith", True),
        ("Ann", "PERSON", "Mary Ann Jones", False),
        ("Mr. John", "PERSON", "John Smith", False),
        ("Acme GmbH", "ORG", "ACME Inc", True),
        ("Company", "ORG", "Corp", False),
        ("Google Cloud", "ORG", "Google", False),
        ("The Beatles", "ORG", "Beatles", True),
        ("Paris, Texas", "LOCATION", "Paris, France|Paris", False),
        ("Paris", "LOCATION", "Paris, France", True),
        ("York", "LOCATION", "New York", False),
        ("C++", "CONCEPT", "C", False),
        ("C#", "CONCEPT", "C", False),
        ("Microsfot", "ORG", "Microsoft", False),
        ("Micrsoft", "ORG", "Microsoft", True),
        ("Nokia", "ORG", "Nokla", False),
        ("John Andersson", "PERSON", "John Anderson", True),
        ("Daniela Smith", "PERSON", "Daniel Smith", False),
        ("Maria", "PERSON", "Mariah", False),
        ("Version10000", "PRODUCT", "Version10001", False),
        ("2026-03-01", "DATE", "2026-03-02", False),
        ("Ян", "PERSON", "Яна", False),
        ("田中", "PERSON", "田中", True),
        ("🎸", "CONCEPT", "🎸", True),
        ("🎸", "CONCEPT", "🥁", False),
        ("X", "ORG", "X", True),
        ("X", "ORG", "Xerox", False),
        ("a" * 512, "PRODUCT", "a" * 512, True),
        ("...", "CONCEPT", "!!!", False),
    ],
)
def test_what_is_the_same(name: str, type: str, of: str, is_meant: bool) -> None:
    assert (means(name, known(of, type=type), type=type) is not None) is is_meant


def test_a_misspelling_of_two_is_neither() -> None:
    assert means("Stahlwerk", known("Stahlwerke", type="ORG"), type="ORG") == "Stahlwerke"
    assert means("Stahlwerk", known("Stahlwerke", "Stahlwerkk", type="ORG"), type="ORG") is None


NAMES = st.text(min_size=1, max_size=512).filter(lambda name: normal(name) != "")


@given(NAMES, st.sampled_from(ENTITY_TYPES))
def test_every_name_is_itself_and_can_be_kept(name: str, type: str) -> None:
    assert parts(name, type).words
    assert len(normal(name)) <= 512
    assert len(normal(name).encode()) <= 1500
    one = EntityCandidate(uuid.UUID(int=1), name, type)
    assert resolve(EntityMention(name, type), [one]) == Verdict(one.id)


@given(st.lists(NAMES, max_size=6), NAMES)
def test_the_order_of_what_is_known_does_not_matter(names: list[str], name: str) -> None:
    among = [EntityCandidate(uuid.UUID(int=i), called, "PERSON") for i, called in enumerate(names)]
    assert resolve(EntityMention(name, "PERSON"), among) == resolve(EntityMention(name, "PERSON"), among[::-1])
