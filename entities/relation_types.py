"""The registry of relation types: a row for each type, with all that other modules need to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from entities.types import ENTITY_TYPES

PERSON, ORG, LOCATION, *_, CONCEPT = ENTITY_TYPES


@dataclass(frozen=True, slots=True)
class RelationType:
    """A type of relation, from a source to a target.

    `functional`: a source has one target at a time; a new one ends the old one.
    `symmetric`: equal in both directions.
    `inverse`: the type that states the same from the target to the source; "" without one.
    `opposite`: the type that contradicts it between the same source and target; "" without one.
    `target_type`: the type of a target that the text does not name, one of ENTITY_TYPES.
    `person_only`: its source is a person, even if the name looks like that of a company.
    `any_source`: its source may also be a company, a place, an event or a thing.
    `unnamed_value`: a field ("key: value") may state it of a value that is no name.
    `first_value`: a field states it of its first value only; the values after it describe that one.
    """

    name: str
    functional: bool = False
    symmetric: bool = False
    inverse: str = ""
    opposite: str = ""
    target_type: str = CONCEPT
    person_only: bool = False
    any_source: bool = False
    unnamed_value: bool = False
    first_value: bool = False

    @property
    def is_compared(self) -> bool:
        """Whether a new relation of this type, which ends nothing, is compared with the stored ones."""
        return self.functional or self.opposite != ""


# Another type is kept in PostgreSQL under its own name, and is RELATED_TO in the graph.
RELATED_TO = "RELATED_TO"
_TYPES = (
    RelationType("BORN_IN", target_type=LOCATION, person_only=True, first_value=True),
    RelationType("CREATED", any_source=True),
    RelationType("DISLIKES", opposite="LIKES", unnamed_value=True),
    RelationType("FRIEND_OF", symmetric=True, target_type=PERSON, person_only=True),
    RelationType("HAS_PET", target_type=PERSON),
    RelationType("HAS_ROLE", person_only=True, unnamed_value=True, first_value=True),
    RelationType("LIKES", opposite="DISLIKES", person_only=True, unnamed_value=True),
    RelationType("LIVES_IN", functional=True, target_type=LOCATION, first_value=True),
    RelationType("MANAGES", inverse="REPORTS_TO", target_type=PERSON, person_only=True),
    RelationType("MARRIED_TO", functional=True, symmetric=True, target_type=PERSON, person_only=True, first_value=True),
    RelationType("MEMBER_OF", target_type=ORG),
    RelationType("MOVED_TO", target_type=LOCATION),
    RelationType("OWNS"),
    RelationType("PARENT_OF", target_type=PERSON, person_only=True),
    RelationType("PARTNER_OF", functional=True, symmetric=True, target_type=PERSON, person_only=True),
    RelationType("PART_OF", any_source=True),
    RelationType("REPORTS_TO", inverse="MANAGES", target_type=PERSON, person_only=True, first_value=True),
    RelationType("SIBLING_OF", symmetric=True, target_type=PERSON, person_only=True),
    RelationType("STUDIED_AT", target_type=ORG, person_only=True),
    RelationType("VISITED", target_type=LOCATION),
    RelationType("WORKS_AT", functional=True, target_type=ORG, person_only=True, first_value=True),
    RelationType(RELATED_TO, symmetric=True),
)
RELATION_TYPES: Mapping[str, RelationType] = MappingProxyType({each.name: each for each in _TYPES})


def relation_type(name: str) -> RelationType:
    """The row of a type. A type without a row has the defaults: many targets, one direction, no opposite."""
    return RELATION_TYPES.get(name) or RelationType(name)
