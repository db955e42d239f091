"""What travels between this app and the doors: frozen data, no framework."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """A thing mentioned. `memory_count`: live mentions."""

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
    """One entity. `ambiguous_with`: those that it may be, where a text did not tell."""

    entity: EntityRecord
    ambiguous_with: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """What others were merged into. `merge_ids`: one for each of them, in the order in which they were named."""

    detail: EntityDetail
    merge_ids: tuple[uuid.UUID, ...]


@dataclass(frozen=True, slots=True)
class EditEntity:
    """What changes; None: as it is. `aliases` takes the place of all that there are."""

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
SELF = "user"  # in what a text states: whoever it speaks of in the first person


@dataclass(frozen=True, slots=True)
class EntityMention:
    """An entity as a text names it; `name` may be SELF. `type`: one of ENTITY_TYPES.

    `qualifier`: what tells a person from others of the same first name, "" if nothing does: a role that one has to the
    user ("PARENT_OF"), or a group ("from hr").
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
    """A relation as a text states it, between names. `ended`: it holds no longer (since `valid_to`, where known)."""

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
    """What one text says of entities. `user_name`: what it calls the user, an alias from then on."""

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
    """A relation with the names of its ends. `is_current`: it holds at the moment that was asked for."""

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
    """An entity in a graph; `distance`: relations between it and where a walk began."""

    id: uuid.UUID
    name: str
    type: str
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Every end of an edge is a node. `truncated`: there is more than was asked for."""

    nodes: tuple[Node, ...]
    edges: tuple[RelationRecord, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class TopEntity:
    """An entity by how many memories mention it."""

    id: uuid.UUID
    name: str
    type: str
    memory_count: int


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The memories that mention an entity, and whose they are; the newest first."""

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
    """What a memory mentions and states, in the order in which it was written down."""

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

    The confidence of each is that of its surest mention.
    """
    found: dict[uuid.UUID, EntityRef] = {}
    for memory in memories:
        for entity in memory.mentions:
            if entity.id not in found or found[entity.id].confidence < entity.confidence:
                found[entity.id] = entity
    return list(found.values())


@dataclass(frozen=True, slots=True)
class GraphUpdateResult:
    """What a memory added to the graph: the entities it mentions, and how many relations it was the first to state."""

    entities: tuple[EntityRef, ...]
    relations: int


class GraphKind(enum.StrEnum):
    """What the graph keeps, one by one. A memory stands for its mentions."""

    ENTITY = "entity"
    RELATION = "relation"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class GraphScope:
    """Where a walk stays: one user's entities in one project."""

    tenant_id: uuid.UUID
    project: str
    user_id: str


@dataclass(frozen=True, slots=True)
class PointInTime:
    """`system_time`: what was recorded then. `valid_time`: what was true in the world then."""

    system_time: dt.datetime
    valid_time: dt.datetime


@dataclass(frozen=True, slots=True)
class ReachedNode:
    """An entity or a memory, and how many relations lie between it and where a walk began."""

    id: uuid.UUID
    distance: int


@dataclass(frozen=True, slots=True)
class Path:
    """`relations[i]` joins `entities[i]` and `entities[i + 1]`, in either direction."""

    entities: tuple[uuid.UUID, ...]
    relations: tuple[uuid.UUID, ...]
