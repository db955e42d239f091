"""What travels between doors, services and the pipeline: frozen data, no framework."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from entities.types import NO_ENTITIES, EntityRef, MemoryEntities, distinct
from memories.vantage import HERE, Vantage

Json = Mapping[str, Any]


class SourceKind(enum.StrEnum):
    STORE = "store"
    UPDATE = "update"
    SUPERSEDE = "supersede"
    RESTORE = "restore"


class SourceState(enum.StrEnum):
    PENDING = "pending"
    APPLIED = "applied"
    FAILED = "failed"


class Action(enum.StrEnum):
    """What brought a revision about."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    SUPERSEDE = "SUPERSEDE"
    RETIRE = "RETIRE"
    ARCHIVE = "ARCHIVE"
    RESTORE = "RESTORE"


class Decision(enum.StrEnum):
    """What a write decided about one memory."""

    ADD = "ADD"
    NOOP = "NOOP"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class Keep(enum.Enum):
    """The value of an update's field that was not sent; None means "clear it"."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose memories: one user of one tenant, inside one project (`projects` of length 1), several, or all (None)."""

    tenant_id: uuid.UUID
    user_id: str | None
    projects: tuple[str, ...] | None
    agent_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing said. `stamp` is the `timestamp` exactly as the caller sent it, `said_at` what it means."""

    content: str
    role: str | None = None
    speaker: str | None = None
    said_at: dt.datetime | None = None
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class StoreCommand:
    """A store of `items`: the messages of a conversation, or with `single_text` the one text that the caller sent.

    A conversation may state nothing, and then nothing is kept. A single text is always kept: where nothing is
    extracted, as one memory, word for word.
    """

    items: tuple[Item, ...]
    user_id: str | None = None
    project: str | None = None
    agent_id: str | None = None
    run_id: str | None = None
    metadata: Json = field(default_factory=dict)
    memory_type: str | None = None
    infer: bool = True
    expires_at: dt.datetime | None = None
    wait: bool = True
    single_text: bool = False


@dataclass(frozen=True, slots=True)
class UpdateCommand:
    """A change of one memory; what was not sent is KEEP. `metadata` is merged, `expires_at` None means never."""

    memory_id: str
    content: str | Keep = KEEP
    metadata: Json | Keep = KEEP
    memory_type: str | Keep = KEEP
    expires_at: dt.datetime | Keep | None = KEEP
    pinned: bool | Keep = KEEP
    importance: float | Keep = KEEP
    user_id: str | None = None
    wait: bool = True


@dataclass(frozen=True, slots=True)
class SupersedeCommand:
    """A new text takes over from a memory. `valid_from`: when it came true in the world; None: when it was accepted."""

    memory_id: str
    content: str
    valid_from: dt.datetime | None = None
    reason: str = ""
    user_id: str | None = None
    wait: bool = True


@dataclass(frozen=True, slots=True)
class IngestCommand:
    """A conversation. `roles` are those whose messages may hold facts; `keep` False only shows what would be stored."""

    store: StoreCommand
    roles: frozenset[str]
    min_importance: float = 0.5
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter (`memories.filters`). `column` None: of the metadata key `name`."""

    column: str | None
    name: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """All (`AND`), some (`OR`) or none (`NOT`) of `parts`."""

    kind: str
    parts: tuple[Group | Condition, ...]


Filter = Group | Condition


RECIPES = ("full", "lite", "dense", "words", "rrf")


@dataclass(frozen=True, slots=True)
class RecallQuery:
    """`threshold` applies to scores in 0–1; `max_tokens` shapes the context alone, never the hits.

    Without a `query`, what `filters` let through is found, newest first. `exclude` are public ids. `reference_time` is
    what "yesterday" is counted from (None: now). `rerank` is the full form of ranking; `recipe`, one of RECIPES, is for
    comparisons.
    """

    query: str | None
    user_id: str | None = None
    project: str | None = None
    agent_id: str | None = None
    run_id: str | None = None
    limit: int = 10
    threshold: float = 0.0
    hybrid: bool = True
    max_tokens: int = 4000
    filters: Filter | None = None
    exclude: tuple[str, ...] = ()
    vantage: Vantage = HERE
    rerank: bool = True
    reference_time: dt.datetime | None = None
    explain: bool = False
    recipe: str | None = None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """`offset` counts from the newest; `cursor` is the public id of the last memory seen."""

    user_id: str | None = None
    project: str | None = None
    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    filters: Filter | None = None
    vantage: Vantage = HERE


@dataclass(frozen=True, slots=True)
class ForgetCommand:
    """Exactly one of: `memory_ids`, `everything` of a user, what `filters` let through, what mentions `entity`, or
    `project` alone. With the others, `project` narrows them."""

    memory_ids: tuple[str, ...] = ()
    everything: bool = False
    filters: Filter | None = None
    entity: str | None = None
    project: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class MemoryView:
    """One memory as a reader sees it, now or then; how it was used is told as of now.

    `status`: active, archived, superseded or retired; pending while its first store is not applied, failed when that
    was set aside.
    """

    id: uuid.UUID
    content: str
    user_id: str
    project: str
    agent_id: str | None
    run_id: str | None
    metadata: Json
    memory_type: str
    pinned: bool
    importance: float
    created_at: dt.datetime
    updated_at: dt.datetime
    expires_at: dt.datetime | None
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    status: str = "active"
    speaker: str | None = None
    said_at: dt.datetime | None = None
    uses: int = 0
    last_used_at: dt.datetime | None = None
    superseded_by: uuid.UUID | None = None
    entities: MemoryEntities = NO_ENTITIES


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory found, with a score in 0–1 that means the same from query to query. `why`: the parts of it, if asked.

    `decay` is how relevant it has stayed, in 0–1; the order doesn't depend on it.
    """

    memory: MemoryView
    score: float
    decay: float
    why: Json | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    hits: tuple[Hit, ...]
    context: str
    context_tokens: int
    explanation: Json | None = None

    @property
    def entities(self) -> list[EntityRef]:
        return distinct(hit.memory.entities for hit in self.hits)


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is None on the last page."""

    memories: tuple[MemoryView, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RevisionView:
    id: uuid.UUID
    content: str
    metadata: Json
    action: str
    actor: str
    reason: str
    confidence: float
    evidence: str
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    recorded_at: dt.datetime
    retired_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What a write decided about one memory, with the text it holds now."""

    memory_id: uuid.UUID
    content: str
    decision: Decision
    replaces: uuid.UUID | None = None
    created_at: dt.datetime | None = None
    reason: str = ""
    entities: MemoryEntities = NO_ENTITIES


@dataclass(frozen=True, slots=True)
class IngestedFact:
    """A fact of a conversation; `message` is the place of its message."""

    content: str
    message: int
    speaker: str | None
    confidence: float
    importance: float
    decision: Decision
    memory_id: uuid.UUID | None
    stored: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ingested:
    """`write` None: nothing was to be stored."""

    facts: tuple[IngestedFact, ...]
    messages: int
    skipped: int
    write: WriteResult | None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The state of an accepted write. `memory_id` is what every answer calls `id` (None when nothing was kept)."""

    event_id: uuid.UUID
    memory_id: uuid.UUID | None
    state: str
    items: tuple[ItemResult, ...]
    accepted_at: dt.datetime
    finished_at: dt.datetime | None
    expires_at: dt.datetime | None
    kind: SourceKind
    failure: str = ""
    duplicate_of: uuid.UUID | None = None
    facts: int = 0
    detail: Json = field(default_factory=dict)

    @property
    def entities(self) -> list[EntityRef]:
        return distinct(item.entities for item in self.items)


@dataclass(frozen=True, slots=True)
class ErasureView:
    id: uuid.UUID
    scope: Json
    counts: Mapping[str, int]
    requested_at: dt.datetime
    completed_at: dt.datetime | None
    signature: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something stated. `evidence` is its own sentence, word for word; `position` the place of its item in the write.

    A verbatim fact is a turn of a conversation, kept as it was said: the same words said again are another turn.
    `valid_from`, `valid_to`: the dates that the text itself gives ("since 2019", "until March"), past or future.
    """

    content: str
    evidence: str
    position: int
    role: str | None = None
    speaker: str | None = None
    said_at: dt.datetime | None = None
    stamp: str | None = None
    verbatim: bool = False
    confidence: float = 1.0
    importance: float = 0.5
    valid_from: dt.datetime | None = None
    valid_to: dt.datetime | None = None

    @property
    def is_message(self) -> bool:
        """Whether it was said in a conversation. A store of one text with a speaker is one too."""
        return self.role is not None or self.speaker is not None


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `stop` of a text."""

    start: int
    stop: int
