"""The registry of relation types: each row agrees with the others, with the graph, and with the words of extraction."""

from __future__ import annotations

import re

import pytest

from entities.graph import cypher_writes
from entities.relation_types import RELATED_TO, RELATION_TYPES, RelationType, relation_type
from entities.services.relation_conflicts import conflict
from entities.types import ENTITY_TYPES, RelationConflict, RelationMention
from memories.extraction import word_classes as lx
from memories.extraction.key_values import KEYS
from memories.extraction.patterns import BY_VERB, PREDICATES
from memories.extraction.relations import FITS

TYPES = tuple(RELATION_TYPES.values())


def names(attribute: str) -> set[str]:
    return {each.name for each in TYPES if getattr(each, attribute)}


def test_each_type_has_one_row_in_alphabetical_order() -> None:
    *listed, last = RELATION_TYPES
    assert (listed, last, len(listed)) == (sorted(set(listed)), RELATED_TO, 21)
    assert all(name == each.name and re.fullmatch(r"[A-Z_]{1,32}", name) for name, each in RELATION_TYPES.items())


def test_the_types_keep_their_meaning() -> None:
    assert names("functional") == {"WORKS_AT", "LIVES_IN", "MARRIED_TO", "PARTNER_OF"}
    assert names("symmetric") == {"MARRIED_TO", "PARTNER_OF", "FRIEND_OF", "SIBLING_OF", "RELATED_TO"}
    assert names("opposite") == {"LIKES", "DISLIKES"}
    assert names("inverse") == {"MANAGES", "REPORTS_TO"}
    assert names("is_compared") == {"WORKS_AT", "LIVES_IN", "MARRIED_TO", "PARTNER_OF", "LIKES", "DISLIKES"}
    assert names("any_source") == {"CREATED", "PART_OF"}


@pytest.mark.parametrize("row", TYPES, ids=lambda row: row.name)
def test_a_row_agrees_with_the_others(row: RelationType) -> None:
    for attribute in ("inverse", "opposite"):
        other = getattr(row, attribute)
        if other:
            assert other != row.name
            assert getattr(RELATION_TYPES[other], attribute) == row.name
    if row.symmetric:
        assert (row.inverse, row.opposite) == ("", "")
    assert row.target_type in ENTITY_TYPES
    assert not (row.person_only and row.any_source)
    assert row.is_compared == (row.functional or bool(row.opposite))
    assert cypher_writes.RELATIONS[row.name].count(f":{row.name}") >= 1
    assert relation_type(row.name) is row


def test_a_type_without_a_row_has_the_defaults() -> None:
    assert relation_type("ADMIRES") == RelationType("ADMIRES")
    assert not relation_type("ADMIRES").is_compared
    assert "ADMIRES" not in RELATION_TYPES


def test_extraction_states_types_of_the_registry_only() -> None:
    stated = {
        *(pattern.type for patterns in BY_VERB.values() for pattern in patterns),
        *(of_type for of_type, _ in PREDICATES.values()),
        *(of_type.lstrip("-") for of_type in (*KEYS.values(), *lx.KIN.values()) if of_type),
        *FITS,
    }
    assert stated <= set(RELATION_TYPES)


@pytest.mark.parametrize("new", TYPES, ids=lambda row: row.name)
def test_conflicts_follow_the_registry(new: RelationType) -> None:
    def conflicts(target: str, *, ended: bool = False) -> dict[str, RelationConflict]:
        """By the type of an earlier relation from Ada to Oslo."""
        mention = RelationMention("Ada", new.name, target, ended=ended)
        found = {old: conflict(mention, "ada", old, {"oslo"}) for old in RELATION_TYPES}
        return {old: kind for old, kind in found.items() if kind is not None}

    expected = {new.name: RelationConflict.SAME} if new.functional or new.opposite else {}
    assert conflicts("Oslo") == expected | ({new.opposite: RelationConflict.CONTRADICTED} if new.opposite else {})
    assert conflicts("Bergen") == ({new.name: RelationConflict.OTHER_VALUE} if new.functional else {})
    assert conflicts("Oslo", ended=True) == {new.name: RelationConflict.CONTRADICTED}
    assert conflicts("Bergen", ended=True) == {}
