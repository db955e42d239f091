"""The types of entities, as in `entities.types.ENTITY_TYPES`, and the name of the user."""

from entities.types import ENTITY_TYPES, SELF

PERSON, ORG, LOCATION, PRODUCT, EVENT, DATE, CONCEPT = ENTITY_TYPES

__all__ = ["CONCEPT", "DATE", "EVENT", "LOCATION", "ORG", "PERSON", "PRODUCT", "SELF"]
