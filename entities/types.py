"""What travels between this app and the doors: frozen data, no framework."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EntityView:
    """A thing mentioned. `memory_count`: live mentions."""

    id: uuid.UUID
    name: str
    type: str
    aliases: tuple[str, ...]
    memory_count: int
    confidence: float


@dataclass(frozen=True, slots=True)
class EntityPage:
    entities: tuple[EntityView, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """`query` is a part of a name; `cursor` the public id of the last entity seen."""

    user_id: str | None = None
    project: str | None = None
    type: str | None = None
    query: str | None = None
    limit: int = 100
    cursor: str | None = None
