"""The types of entities, as `entities.types.ENTITY_TYPES` lists them, and the name that stands for the user."""

from __future__ import annotations

from entities.types import USER

PERSON, ORG, LOCATION, PRODUCT, EVENT, DATE, CONCEPT = (
    "PERSON",
    "ORG",
    "LOCATION",
    "PRODUCT",
    "EVENT",
    "DATE",
    "CONCEPT",
)

__all__ = ["CONCEPT", "DATE", "EVENT", "LOCATION", "ORG", "PERSON", "PRODUCT", "USER"]
