"""What is sent and answered: the service's JSON as it came, so fields that this version doesn't know are there too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import NotRequired, TypedDict, final

When = str | dt.date
"""ISO 8601, or a datetime with a time zone, or a date."""


Content = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any] | None] | None
"""A text, or parts as chat SDKs send them. Parts without text are skipped and counted."""


class Message(TypedDict):
    role: str
    content: Content
    name: NotRequired[str | None]
    timestamp: NotRequired[When | float | None]
    """A time, or Unix seconds or milliseconds."""
    tool_calls: NotRequired[Any]


class Relationship(TypedDict):
    type: str
    entity: str
    confidence: float


class Revision(TypedDict):
    revision_id: str
    content: str
    metadata: dict[str, Any]
    action: str
    actor: str
    reason: str
    confidence: float
    evidence: str
    valid_from: str
    valid_to: str | None
    recorded_at: str
    retired_at: str | None


class History(TypedDict):
    id: str
    revisions: list[Revision]


class Memory(TypedDict):
    """`embedding` and `history` are there where `include` asked for them."""

    id: str
    content: str
    memory: str
    user_id: str
    agent_id: str | None
    run_id: str | None
    project: str
    metadata: dict[str, Any]
    relationships: list[Relationship]
    memory_type: str
    pinned: bool
    importance: float
    status: str
    created_at: str
    updated_at: str
    expires_at: str | None
    embedding: NotRequired[list[float] | None]
    history: NotRequired[list[Revision]]


class SearchResult(Memory):
    """`why` is there where `explain` asked for it."""

    score: float
    why: NotRequired[Any]


class SearchResults(TypedDict):
    results: list[SearchResult]
    total: int
    query: str


class AddedMemory(TypedDict):
    """`event`: ADD, UPDATE, DELETE or NONE."""

    id: str
    memory: str
    content: str
    event: str
    created_at: str | None
    entities: list[str]


class AddResult(TypedDict):
    """With `status` "pending" and an `event_id` where the work goes on; without them, it is done.

    `id` is None if the messages stated nothing, so that nothing was kept.
    """

    id: str | None
    results: list[AddedMemory]
    skipped_parts: int
    event_id: NotRequired[str]
    status: NotRequired[str]


@final
class PendingUpdate(TypedDict):
    """The new text is accepted; `wait_for_event` tells what became of it."""

    id: str
    event_id: str
    status: str


class Deleted(TypedDict):
    id: str
    deleted: bool
    receipt_id: str


class ErasureReceipt(TypedDict):
    receipt_id: str
    scope: dict[str, Any]
    counts: dict[str, int]
    requested_at: str
    completed_at: str | None
    signature: str


class Stats(TypedDict):
    total_memories: int
    memories_last_7d: int
    entities: int
    first_memory_at: str | None
    last_memory_at: str | None


class UserMemories(TypedDict):
    user_id: str
    results: list[Memory]
    next_cursor: str | None
    total: int
    stats: Stats


class Event(TypedDict):
    """`status`: pending, running, succeeded or failed."""

    id: str
    status: str
    memory_id: str | None
    results: list[AddedMemory]
    error: str | None
    created_at: str
    finished_at: str | None


class Health(TypedDict):
    """`status`: healthy, degraded or unhealthy."""

    status: str
    version: str
    timestamp: str
    database: str
    vector_store: str
    dependencies: dict[str, Any]
