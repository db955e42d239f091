"""Frozen dataclasses that APIs and services exchange. No framework."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """An entity. `memory_count`: live mentions."""

    id: uuid.UUID
    name: str
    type: str
    aliases: tuple[str, ...]
    memory_count: int
    confidence: float


@dataclass(frozen=True, slots=True)
class EntityPage:
    entities: tuple[EntityRecord, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class EntityDetail:
    """One entity. `ambiguous_with`: the entities that it may be, if a text was ambiguous."""

    entity: EntityRecord
    ambiguous_with: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """The target of a merge. `merge_ids`: one for each source, in the order of the request."""

    detail: EntityDetail
    merge_ids: tuple[uuid.UUID, ...]


@dataclass(frozen=True, slots=True)
class EditEntity:
    """The changes; None: unchanged. `aliases` replaces all aliases."""

    entity_id: str
    name: str | None = None
    type: str | None = None
    aliases: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """`query` is a part of a name; `cursor` the public id of the last entity seen; `as_of` None: as known now."""

    user_id: str | None = None
    project: str | None = None
    type: str | None = None
    query: str | None = None
    limit: int = 100
    cursor: str | None = None
    as_of: dt.datetime | None = None


ENTITY_TYPES = ("PERSON", "ORG", "LOCATION", "PRODUCT", "EVENT", "DATE", "CONCEPT")
SELF = "user"  # the name of a text's author in extracted mentions and relations


@dataclass(frozen=True, slots=True)
class EntityMention:
    """An entity in a text; `name` may be SELF. `type`: one of ENTITY_TYPES.

    `qualifier`: distinguishes a person from others of the same first name, "" without one: the role for the user
    ("PARENT_OF"), or a group ("from hr").
    """

    name: str
    type: str
    confidence: float = 1.0
    qualifier: str = ""


class RelationConflict(enum.IntEnum):
    """SAME: the same relation, of a type that is compared. OTHER_VALUE: another value of a relation with one value at a
    time. CONTRADICTED: the new statement ends or reverses this relation."""

    SAME = 1
    OTHER_VALUE = 2
    CONTRADICTED = 3


@dataclass(frozen=True, slots=True)
class RelationMention:
    """A relation in a text, between names. `ended`: it is past (since `valid_to`, if known)."""

    source: str
    type: str
    target: str
    properties: Mapping[str, str] = field(default_factory=dict)
    valid_from: dt.datetime | None = None
    valid_to: dt.datetime | None = None
    confidence: float = 1.0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ExtractedGraph:
    """The entities and relations of one text. `user_name`: its name for the user, an alias from then on."""

    named: tuple[EntityMention, ...] = ()
    stated: tuple[RelationMention, ...] = ()
    user_name: str | None = None


EMPTY_GRAPH = ExtractedGraph()


@dataclass(frozen=True, slots=True)
class GraphUpdate:
    """What one memory adds to the graph. `said_at` is the default for `valid_from`."""

    memory_id: uuid.UUID
    graph: ExtractedGraph
    said_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EntityRef:
    id: uuid.UUID
    name: str
    type: str
    confidence: float


@dataclass(frozen=True, slots=True)
class RelationRecord:
    """A relation with the names of its ends. `is_current`: it is valid at the requested time."""

    id: uuid.UUID
    source_id: uuid.UUID
    target_id: uuid.UUID
    source: str
    target: str
    type: str
    properties: Mapping[str, Any]
    confidence: float
    valid_from: dt.datetime | None
    valid_to: dt.datetime | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Node:
    """An entity in a graph; `distance`: relations from the start of the traversal."""

    id: uuid.UUID
    name: str
    type: str
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Every end of an edge is a node. `truncated`: there are more nodes or edges."""

    nodes: tuple[Node, ...]
    edges: tuple[RelationRecord, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class TopEntity:
    """An entity with the number of memories that mention it."""

    id: uuid.UUID
    name: str
    type: str
    memory_count: int


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The memories that mention an entity, newest first, and their owner."""

    user_id: str
    project: str
    memory_ids: tuple[uuid.UUID, ...]


@dataclass(frozen=True, slots=True)
class StatedRef:
    """A relation that a memory states; `entity` is the name of its target."""

    type: str
    entity: str
    confidence: float


@dataclass(frozen=True, slots=True)
class MemoryEntities:
    """The mentions and relations of a memory, in the order of their recording."""

    mentions: tuple[EntityRef, ...] = ()
    states: tuple[StatedRef, ...] = ()

    @property
    def names(self) -> list[str]:
        return [entity.name for entity in self.mentions]

    @property
    def relationships(self) -> tuple[StatedRef, ...]:
        """What it mentions, as relations of the type "mentions", then what it states."""
        return (*(StatedRef("mentions", e.name, e.confidence) for e in self.mentions), *self.states)


NO_ENTITIES = MemoryEntities()


def distinct(memories: Iterable[MemoryEntities]) -> list[EntityRef]:
    """The entities that some memories mention, each once, in the order of their first mention.

    The confidence of each is that of its most confident mention.
    """
    found: dict[uuid.UUID, EntityRef] = {}
    for memory in memories:
        for entity in memory.mentions:
            if entity.id not in found or found[entity.id].confidence < entity.confidence:
                found[entity.id] = entity
    return list(found.values())


@dataclass(frozen=True, slots=True)
class GraphUpdateResult:
    """The result of a graph update: the mentioned entities, and the number of relations that were new."""

    entities: tuple[EntityRef, ...]
    relations: int


class GraphKind(enum.StrEnum):
    """The kinds of objects in the graph. A memory includes its mentions."""

    ENTITY = "entity"
    RELATION = "relation"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class GraphScope:
    """The scope of a traversal: one user's entities in one project."""

    tenant_id: uuid.UUID
    project: str
    user_id: str


@dataclass(frozen=True, slots=True)
class PointInTime:
    """`system_time`: recorded at that time. `valid_time`: valid at that time."""

    system_time: dt.datetime
    valid_time: dt.datetime


@dataclass(frozen=True, slots=True)
class ReachedNode:
    """An entity or a memory, and its distance in relations from the start of the traversal."""

    id: uuid.UUID
    distance: int


@dataclass(frozen=True, slots=True)
class Path:
    """`relations[i]` joins `entities[i]` and `entities[i + 1]`, in either direction."""

    entities: tuple[uuid.UUID, ...]
    relations: tuple[uuid.UUID, ...]
