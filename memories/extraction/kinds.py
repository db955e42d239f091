"""The types of entities, as `entities.types.ENTITY_TYPES` lists them, and the name that stands for the user."""

from entities.types import ENTITY_TYPES, SELF

PERSON, ORG, LOCATION, PRODUCT, EVENT, DATE, CONCEPT = ENTITY_TYPES

__all__ = ["CONCEPT", "DATE", "EVENT", "LOCATION", "ORG", "PERSON", "PRODUCT", "SELF"]
