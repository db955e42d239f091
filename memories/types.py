"""Frozen dataclasses that APIs, services and the pipeline exchange. No framework."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.unset import UNSET, Unset
from entities.types import NO_ENTITIES, EntityRef, MemoryEntities, distinct
from memories.explanation_types import Explanation, Why
from memories.temporal_view import CURRENT, TemporalView

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
    """The operation that created a revision."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    SUPERSEDE = "SUPERSEDE"
    RETIRE = "RETIRE"
    ARCHIVE = "ARCHIVE"
    RESTORE = "RESTORE"


class Decision(enum.StrEnum):
    """The decision of a write about one memory."""

    ADD = "ADD"
    NOOP = "NOOP"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class MemoryScope:
    """The scope of a read: one user of one tenant, in one project (`projects` of length 1), several, or all (None)."""

    tenant_id: uuid.UUID
    user_id: str | None
    projects: tuple[str, ...] | None
    agent_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One message. `client_timestamp` is the `timestamp` as the caller sent it, `said_at` its parsed time."""

    content: str
    role: str | None = None
    speaker: str | None = None
    said_at: dt.datetime | None = None
    client_timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class StoreCommand:
    """A store of `items`: the messages of a conversation, or with `single_text` the one text that the caller sent.

    A conversation without facts stores nothing. A single text is always stored: if nothing is extracted, as one memory,
    word for word. `skipped_parts` counts the parts of the messages that have no text; the answer repeats it.
    `deduplicate`: a text that is a live memory of the same session and app is not stored again, also with `infer`
    False, where it is another turn otherwise; a text of another session or app is stored for this one, too.
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
    deduplicate: bool = False
    skipped_parts: int = 0


@dataclass(frozen=True, slots=True)
class UpdateCommand:
    """A change of one memory. A field that was not sent is UNSET; `metadata` is merged; no `expires_at`: never."""

    memory_id: str
    content: str | Unset = UNSET
    metadata: Json | Unset = UNSET
    memory_type: str | Unset = UNSET
    expires_at: dt.datetime | Unset | None = UNSET
    pinned: bool | Unset = UNSET
    importance: float | Unset = UNSET
    user_id: str | None = None
    wait: bool = True


@dataclass(frozen=True, slots=True)
class SupersedeCommand:
    """A new text supersedes a memory. `valid_from`: the start of its validity; None: when it was accepted."""

    memory_id: str
    content: str
    valid_from: dt.datetime | None = None
    reason: str = ""
    user_id: str | None = None
    wait: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter (`memories.filters`). `column` None: of the metadata key `name`."""

    column: str | None
    name: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """All (`AND`), some (`OR`) or none (`NOT`) of `parts`."""

    kind: str
    parts: tuple[FilterGroup | Condition, ...]


Filter = FilterGroup | Condition
RECIPES = ("full", "lite", "dense", "words", "rrf")


@dataclass(frozen=True, slots=True)
class RecallQuery:
    """`threshold` applies to scores in 0–1; `max_tokens` limits only the context, never the hits.

    Without a `query`, memories that match `filters` are found, newest first. `exclude` are public ids. `reference_time`
    is the "now" of the question (None: now). `rerank` selects the full ranking; `recipe`, one of RECIPES, is for
    comparisons. `any_user`: without a user the memories of all users are searched, not those of the default one.
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
    temporal_view: TemporalView = CURRENT
    rerank: bool = True
    reference_time: dt.datetime | None = None
    explain: bool = False
    recipe: str | None = None
    any_user: bool = False


@dataclass(frozen=True, slots=True)
class ListQuery:
    """`offset` counts from the newest; `cursor` is the public id of the last memory of the previous page."""

    user_id: str | None = None
    project: str | None = None
    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    filters: Filter | None = None
    temporal_view: TemporalView = CURRENT
    any_user: bool = False


@dataclass(frozen=True, slots=True)
class ForgetCommand:
    """One of: `memory_ids`, all of a user, matches of `filters` or `entity`, `project` (it narrows the others). With
    `any_user`, `filters` apply to all users; otherwise a user must be named."""

    memory_ids: tuple[str, ...] = ()
    all_memories: bool = False
    filters: Filter | None = None
    entity: str | None = None
    project: str | None = None
    user_id: str | None = None
    any_user: bool = False


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """One memory as a reader sees it, now or at a point in time; its uses are always the current ones.

    `status`: active, archived, superseded or retired; pending until its first store is applied, or failed.
    `utc_offset`: of its timestamp ("-05:00"); "" for UTC. `dates`: ISO days, months or years by their words.
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
    utc_offset: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)
    uses: int = 0
    last_used_at: dt.datetime | None = None
    superseded_by: uuid.UUID | None = None
    entities: MemoryEntities = NO_ENTITIES


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory with a score in 0–1 that is comparable between queries, and `why`: its parts, on request. `decay`: its
    relevance by use, in 0–1, not for the order. `outdated_by`: a newer memory with another value."""

    memory: MemoryRecord
    score: float
    decay: float
    why: Why | None = None
    outdated_by: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    hits: tuple[Hit, ...]
    context: str
    context_tokens: int
    context_omitted: int = 0  # hits without a line in it
    explanation: Explanation | None = None

    @property
    def total(self) -> int:
        return len(self.hits)

    @property
    def entities(self) -> list[EntityRef]:
        return distinct(hit.memory.entities for hit in self.hits)


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is None on the last page."""

    memories: tuple[MemoryRecord, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RevisionRecord:
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
    """The decision of a write about one memory, with its current text."""

    memory_id: uuid.UUID
    content: str
    decision: Decision
    replaces: uuid.UUID | None = None
    created_at: dt.datetime | None = None
    reason: str = ""
    entities: MemoryEntities = NO_ENTITIES


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The state of an accepted write. `memory_id` is the `id` of every response (None if nothing was stored)."""

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
    skipped_parts: int = 0

    @property
    def entities(self) -> list[EntityRef]:
        return distinct(item.entities for item in self.items)


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    id: uuid.UUID
    scope: Json
    counts: Mapping[str, int]
    requested_at: dt.datetime
    completed_at: dt.datetime | None
    signature: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A stated fact. `evidence` is its sentence, word for word; `position` the index of its item in the write.

    A verbatim fact is a turn of a conversation, stored as it was said: a repetition is another turn. `valid_from`,
    `valid_to`: the dates in the text ("since 2019"). `dates`: (words, ISO date) of those that depend on today.
    """

    content: str
    evidence: str
    position: int
    role: str | None = None
    speaker: str | None = None
    said_at: dt.datetime | None = None
    client_timestamp: str | None = None
    verbatim: bool = False
    confidence: float = 1.0
    importance: float = 0.5
    valid_from: dt.datetime | None = None
    valid_to: dt.datetime | None = None
    dates: tuple[tuple[str, str], ...] = ()

    @property
    def is_message(self) -> bool:
        """Whether it was said in a conversation. A store of one text with a speaker is one too."""
        return self.role is not None or self.speaker is not None


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `stop` of a text."""

    start: int
    stop: int
