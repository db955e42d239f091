"""Export and import of memories: rows as lines of an export, and lines as rows.

An import inserts existing decisions with their history: nothing is decided again, no webhook event is emitted, and
words and vectors are derived again. It only inserts rows, under the same lock as `apply`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db.models import QuerySet

from core.ids import new_id
from core.serialization import IDENTITY, IdRemapper, Line, LineError, RowFormat, batches, read_list
from memories.models import Memory, Outcome, Owner, Passage, Review, Revision, Source, Usage
from memories.pipeline import apply, erase, owner_locks, write_queue
from memories.pipeline.fulltext import of_source
from memories.pipeline.rows import Attribution, Batch, Embedded
from memories.pipeline.write_queue import Priority
from memories.types import MemoryScope, SourceKind, SourceState

BATCH_SIZE = 100  # memories with all their revisions, which may be long

SOURCE = RowFormat(
    "source",
    Source,
    (
        *("kind", "agent_id", "run_id", "actor", "text", "payload", "reserved_id", "target_key", "state", "failure"),
        *("result", "accepted_at", "finished_at", "redacted_at", "expires_at"),
    ),
    {"target": "memory"},
)
OUTCOME = RowFormat(
    "outcome",
    Outcome,
    ("memory_key", "replaces_key", "position", "decision"),
    {"memory": "memory", "replaces": "memory"},
    is_nested=True,
)
MEMORY = RowFormat("memory", Memory, ("agent_id", "run_id", "pinned", "importance", "created_at"))
USAGE = RowFormat("usage", Usage, ("uses", "last_used_at"), is_nested=True)
REVISION = RowFormat(
    "revision",
    Revision,
    (
        *("text_key", "source_key", "agent_id", "run_id", "content", "digest", "metadata", "memory_type", "archived"),
        *("expires_at", "valid_from", "valid_to", "recorded_at", "retired_at", "action", "actor", "reason"),
        *("confidence", "evidence"),
    ),
    {"source": "source"},
)
ATTRIBUTION = RowFormat(
    "attribution",
    Passage,
    ("said_at", "batch", "turn", "session", "speaker", "role", "utc_offset", "dates"),
    is_nested=True,
)
REVIEW = RowFormat(
    "review",
    Review,
    (
        *("old_key", "new_key", "old_text_key", "new_text_key", "proposal", "probability", "reason", "state"),
        *("decided_by", "decided_at", "created_at"),
    ),
    {"old": "memory", "new": "memory", "old_text": "revision", "new_text": "revision"},
)
LINE_NAMES = frozenset({SOURCE.name, MEMORY.name, REVIEW.name})  # kinds of lines of this module


@dataclass(frozen=True, slots=True)
class OwnerKey:
    """The owner of rows."""

    tenant_id: uuid.UUID
    project: str
    user_id: str

    @property
    def columns(self) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, "project": self.project, "user_id": self.user_id}


# --- out -------------------------------------------------------------------------------------------------------------
def list_owners(where: MemoryScope) -> list[tuple[str, str]]:
    """`(project, user_id)` of all owners with data in a scope, in order."""
    found: set[tuple[str, str]] = set()
    for rows in (Owner.objects.filter(tenant=where.tenant_id), Source.objects.filter(tenant=where.tenant_id)):
        mine = rows if where.user_id is None else rows.filter(user_id=where.user_id)
        mine = mine if where.projects is None else mine.filter(project__in=where.projects)
        found |= set(mine.values_list("project", "user_id").distinct())
    return sorted(found)


def expired(owner_key: OwnerKey, moment: dt.datetime) -> dict[uuid.UUID, dt.datetime]:
    """The memories of an owner that have expired by `moment`, with the time."""
    last = Revision.objects.filter(**owner_key.columns, retired_at=None, expires_at__lte=moment)
    return {key: at for key, at in last.values_list("memory_key", "expires_at") if at is not None}


def lines(owner_key: OwnerKey, gone: Mapping[uuid.UUID, dt.datetime], moment: dt.datetime) -> Iterator[Line]:
    """An owner's accepted writes, memories and reviews, in the order of ids. Call it in a transaction: it uses cursors.

    Memories that have expired by `moment` (`gone`) are left out, as if they were erased.
    """
    for sources in batches(_of(Source.objects.all(), owner_key), BATCH_SIZE):
        yield from _sources(owner_key.tenant_id, sources, gone, moment)
    for memories in batches(_of(Memory.objects.all(), owner_key), BATCH_SIZE):
        yield from _memories(owner_key.tenant_id, [memory for memory in memories if memory.id not in gone])
    for review in _of(Review.objects.all(), owner_key):
        if review.old_key not in gone and review.new_key not in gone:
            yield {"line": REVIEW.name, **REVIEW.line(review)}


def _of(rows: QuerySet[Any], owner_key: OwnerKey) -> Iterator[Any]:
    mine = rows.filter(**owner_key.columns).order_by("id").defer(*_derived(rows.model))
    return mine.iterator(chunk_size=BATCH_SIZE)


def _derived(model: type[Any]) -> list[str]:
    """Long columns that an import derives again."""
    return [f.name for f in model._meta.concrete_fields if isinstance(f, SearchVectorField) or f.name == "vector"]


def _sources(
    tenant_id: uuid.UUID, rows: Sequence[Source], gone: Mapping[uuid.UUID, dt.datetime], moment: dt.datetime
) -> Iterator[Line]:
    outcomes: dict[uuid.UUID, list[Line]] = {row.id: [] for row in rows}
    ends: dict[uuid.UUID, list[dt.datetime]] = {row.id: [] for row in rows}
    found = Outcome.objects.filter(tenant=tenant_id, source_key__in=list(outcomes)).order_by("position")
    for outcome in found:
        if outcome.memory_key in gone:
            ends[outcome.source_key].append(gone[outcome.memory_key])
            continue
        if outcome.replaces_key in gone:
            outcome.replaces_key = None
        outcomes[outcome.source_key].append(OUTCOME.line(outcome))
    for row in rows:
        own = row.expires_at if row.expires_at is not None and row.expires_at <= moment else None
        named = (gone[key] for key in (row.reserved_id, row.target_key) if key and key in gone)
        if (end := min([*ends[row.id], *named, *([own] if own else [])], default=None)) and row.redacted_at is None:
            _redact(row, end)
        yield {"line": SOURCE.name, **SOURCE.line(row), "outcomes": outcomes[row.id]}


def _redact(row: Source, moment: dt.datetime) -> None:
    """Redact a row like `erase.redact`, as of the time when its text expired."""
    for name, value in erase.REDACTED.items():
        setattr(row, name, value)
    row.redacted_at = moment
    if row.state == SourceState.PENDING:
        row.state, row.failure, row.finished_at = SourceState.FAILED.value, erase.ERASED, moment


def _memories(tenant_id: uuid.UUID, rows: Sequence[Memory]) -> Iterator[Line]:
    keys = [row.id for row in rows]
    usage = {u.memory_key: USAGE.line(u) for u in Usage.objects.filter(tenant=tenant_id, memory_key__in=keys)}
    first = Passage.objects.filter(tenant=tenant_id, memory_key__in=keys, ordinal=0).defer("tsv")
    attributions = {passage.text_key: ATTRIBUTION.line(passage) for passage in first}
    revisions: dict[uuid.UUID, list[Line]] = {key: [] for key in keys}
    for row in Revision.objects.filter(tenant=tenant_id, memory_key__in=keys).order_by("recorded_at", "id"):
        revisions[row.memory_key].append({**REVISION.line(row), "attribution": attributions.get(row.id)})
    for memory in rows:
        yield {
            "line": MEMORY.name,
            **MEMORY.line(memory),
            "usage": usage.get(memory.id),
            "revisions": revisions[memory.id],
        }


# --- in --------------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class ImportBatch:
    """Unsaved rows of some lines. `texts`: the revisions that introduce a text, with its speaker.

    `current` are the texts that are the current text of their memory.
    """

    sources: list[Source] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    texts: list[tuple[Revision, Attribution]] = field(default_factory=list)
    current: set[uuid.UUID] = field(default_factory=set)

    def add(self, line: Line, owner_key: OwnerKey, remapper: IdRemapper = IDENTITY) -> None:
        """The rows of a `source`, `memory` or `review` line. Raises LineError."""
        said = {name: value for name, value in line.items() if name != "line"}
        readers = {SOURCE.name: _add_source, MEMORY.name: _add_memory, REVIEW.name: _add_review}
        readers[line["line"]](self, said, owner_key, remapper)


def _add_source(imported: ImportBatch, said: Line, owner_key: OwnerKey, remapper: IdRemapper) -> None:
    columns = SOURCE.read(said, remapper, "outcomes")
    row = Source(**columns, **owner_key.columns)
    row.result = remapper.remap(row.result)
    pending = row.state == SourceState.PENDING
    if pending == (row.finished_at is not None):
        raise LineError("finished_at", "must be null while the write is pending, and a time after")
    if pending and row.redacted_at is not None:
        raise LineError("state", "must not be pending: the text is redacted")
    if row.kind == SourceKind.STORE and row.state != SourceState.APPLIED and row.redacted_at is None:
        row.tsv = of_source(row.text, row.project)
    imported.sources.append(row)
    for outcome in read_list(lambda entry: OUTCOME.read(entry, remapper), said["outcomes"], "outcomes"):
        made = Outcome(id=new_id(), tenant_id=owner_key.tenant_id, source_key=row.id, **outcome)
        imported.outcomes.append(made)


def _add_memory(imported: ImportBatch, said: Line, owner_key: OwnerKey, remapper: IdRemapper) -> None:
    memory = Memory(**MEMORY.read(said, remapper, "usage", "revisions"), **owner_key.columns)
    imported.memories.append(memory)
    if said["usage"] is not None:
        try:
            counted = USAGE.read(said["usage"], remapper)
        except LineError as error:
            raise error.prefixed("usage") from None
        imported.usage.append(Usage(id=new_id(), tenant_id=owner_key.tenant_id, memory_key=memory.id, **counted))
    found = read_list(lambda entry: _revision(entry, memory, owner_key, remapper), said["revisions"], "revisions")
    with_text = {revision.id for revision, attribution in found if attribution is not None}
    for place, (revision, attribution) in enumerate(found):
        if (attribution is not None) != (revision.text_key == revision.id):
            raise LineError(f"revisions.{place}.attribution", "must stand where the text is new, and there alone")
        if revision.text_key not in with_text:
            raise LineError(f"revisions.{place}.text", "must name a revision of this memory that has an attribution")
        imported.revisions.append(revision)
        if attribution is not None:
            imported.texts.append((revision, attribution))
    last = [revision for revision, _ in found if revision.retired_at is None]
    if len(last) != 1:
        raise LineError("revisions", f"must have one that is not retired; {len(last)} are not")
    imported.current.add(last[0].text_key)


def _add_review(imported: ImportBatch, said: Line, owner_key: OwnerKey, remapper: IdRemapper) -> None:
    row = Review(**REVIEW.read(said, remapper), **owner_key.columns)
    row.reason = remapper.remap(row.reason)
    imported.reviews.append(row)


def _revision(
    said: Any, memory: Memory, owner_key: OwnerKey, remapper: IdRemapper
) -> tuple[Revision, Attribution | None]:
    columns = REVISION.read(said, remapper, "attribution")
    revision = Revision(memory_key=memory.id, **columns, **owner_key.columns)
    revision.reason = remapper.remap(revision.reason)
    if said["attribution"] is None:
        return revision, None
    try:
        return revision, Attribution(**ATTRIBUTION.read(said["attribution"], remapper))
    except LineError as error:
        raise error.prefixed("attribution") from None


def write(imported: ImportBatch, embedded: Mapping[uuid.UUID, Embedded]) -> Counter[tuple[str, str]]:
    """Write the rows, with passages and vectors of each text (`embedded`, by its revision).

    → number of passages by `(project, user_id)`. Under the owners' locks, in the transaction of the whole import.
    """
    batch = Batch(memories=imported.memories, revisions=imported.revisions)
    for revision, attribution in imported.texts:
        batch.add_text(revision, embedded[revision.id], attribution)
    for embedding in batch.embeddings:
        embedding.current = embedding.text_key in imported.current
    pending = [source for source in imported.sources if source.state == SourceState.PENDING]
    write_queue.enqueue_all(pending, Priority.BULK)
    Source.objects.bulk_create(imported.sources)
    apply.insert(batch)
    Outcome.objects.bulk_create(imported.outcomes)
    Usage.objects.bulk_create(imported.usage)
    Review.objects.bulk_create(imported.reviews)
    return Counter((passage.project, passage.user_id) for passage in batch.passages)


def lock(tenant_id: uuid.UUID, owner_key: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Owner]:
    """Take the owners' locks in the order of all writers."""
    return {(row.project, row.user_id): row for row in owner_locks.lock_all(tenant_id, owner_key)}


def has_memories(owner_key: OwnerKey) -> bool:
    """Whether an owner has a memory, or an accepted write that is not redacted."""
    accepted = Source.objects.filter(**owner_key.columns, redacted_at=None)
    return Memory.objects.filter(**owner_key.columns).exists() or accepted.exists()
