"""The stored state of an owner, as far as a pass needs it, with the decisions of the pass so far.

Loaded by a few statements, without a lock: `version` is compared under the lock to detect concurrent changes.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.clock import now
from entities.services import relation_conflicts
from entities.types import ExtractedGraph, GraphScope, RelationConflict, RelationMention
from memories.embeddings import registry
from memories.embeddings.base import Vectors
from memories.models import Embedding, Revision
from memories.pipeline import owner_locks
from memories.pipeline.reconcile import Compared
from memories.pipeline.rows import Embedded
from memories.pipeline.writes import ReadWrite
from memories.retrieval import similar as nearest
from memories.statements import ExistingMemory, Statement

TURN = "turn"  # a record of the conversation: never outdated
MAX_STATED = 4  # memories that are compared with a statement because of their relations

Place = tuple[uuid.UUID, int]  # a write, and the position of a statement in it
Message = tuple[uuid.UUID, int]  # a write, and the position of a message in it


@dataclass(frozen=True, slots=True)
class StoredCandidate:
    """A memory that this pass has added or changed. `vectors`: passages × dimensions, of length 1, as stored. `stated`:
    the relations of its text."""

    known: ExistingMemory
    agent_id: str | None
    vectors: Vectors
    stated: tuple[RelationMention, ...]
    message: Message | None


@dataclass(slots=True)
class OwnerState:
    """`live`: the memory of each live text, by agent and digest. `expired`: memories past their expiry that hold a text
    of the pass. `near`, `stated`: the stored memories near to a statement, with their cosine, and those whose
    relations it contradicts. `current`: current revisions, with the changes of the pass. `changed`: memories
    whose stored text or state no longer counts."""

    tenant_id: uuid.UUID
    project: str
    user_id: str
    version: int
    live: dict[tuple[str | None, bytes], uuid.UUID] = field(default_factory=dict)
    expired: set[uuid.UUID] = field(default_factory=set)
    near: dict[Place, list[tuple[float, ExistingMemory]]] = field(default_factory=dict)
    stated: dict[Place, list[tuple[ExistingMemory, RelationConflict]]] = field(default_factory=dict)
    current: dict[uuid.UUID, Revision] = field(default_factory=dict)
    changed: set[uuid.UUID] = field(default_factory=set)
    candidates: dict[uuid.UUID, StoredCandidate] = field(default_factory=dict)

    def revision(self, memory_id: uuid.UUID, moment: dt.datetime) -> Revision | None:
        """The current revision of a memory that exists and has not expired."""
        if memory_id not in self.current:
            row = Revision.objects.filter(tenant=self.tenant_id, memory_key=memory_id, retired_at=None).first()
            if row is None:
                return None
            self.current[memory_id] = row
        row = self.current[memory_id]
        return None if row.expires_at is not None and row.expires_at <= moment else row

    def compared(
        self, statement: Statement, place: Place, message: Message, agent_id: str | None, text: Embedded
    ) -> list[Compared]:
        """The live memories that are compared with a statement: those with a contradicting relation, then the nearest.

        Statements of one message neither end each other nor repeat each other in other words.
        """
        made = {key: c for key, c in self.candidates.items() if c.agent_id == agent_id and c.message != message}
        conflicts: dict[ExistingMemory, RelationConflict] = {}
        for candidate in reversed(made.values()):
            if (kind := relation_conflicts.worst_conflict(statement.graph.stated, candidate.stated)) is not None:
                conflicts[candidate.known] = kind
        stored = self.stated.get(place, ())
        conflicts |= {known: kind for known, kind in stored if known.id not in self.changed}
        near = [(cosine, known) for cosine, known in self.near.get(place, ()) if known.id not in self.changed]
        vector = as_stored(text.vectors[:1])[0]
        for candidate in made.values():
            cosine = float((candidate.vectors @ vector).max())
            if cosine >= nearest.MIN_COSINE:
                near.append((cosine, candidate.known))
        near.sort(key=lambda pair: -pair[0])
        cosines = {known: cosine for cosine, known in near}
        contradicted = [known for known, kind in conflicts.items() if kind is not RelationConflict.SAME]
        wanted = dict.fromkeys([*contradicted[:MAX_STATED], *(known for _, known in near[: nearest.MAX_SIMILAR])])
        return [Compared(known, cosines.get(known, 0.0), conflicts.get(known)) for known in wanted]

    def hold(
        self,
        revision: Revision,
        said_at: dt.datetime,
        text: Embedded | None,
        graph: ExtractedGraph,
        message: Message | None,
    ) -> None:
        """Add a memory with this live revision, added or changed by the pass. `text` None: its vectors are stored."""
        key = revision.memory_key
        self._forget(key)
        self.live[revision.agent_id, bytes(revision.digest)] = key
        self.current[key] = revision
        if revision.memory_type == TURN:
            return
        vectors = as_stored(text.vectors) if text is not None else self._stored_vectors(revision)
        known = ExistingMemory(key, revision.content, said_at)
        self.candidates[key] = StoredCandidate(known, revision.agent_id, vectors, graph.stated, message)

    def end(self, revision: Revision) -> None:
        """Remove a memory whose current revision is no longer live."""
        self._forget(revision.memory_key)
        self.current[revision.memory_key] = revision

    def _forget(self, key: uuid.UUID) -> None:
        """Remove the state of the memory before the change."""
        self.changed.add(key)
        self.candidates.pop(key, None)
        if (old := self.current.get(key)) is not None:
            text = (old.agent_id, bytes(old.digest))
            if self.live.get(text) == key:
                del self.live[text]

    def _stored_vectors(self, revision: Revision) -> Vectors:
        rows = Embedding.objects.filter(
            tenant=self.tenant_id, text_key=revision.text_key, model=registry.embedder().model
        )
        found = list(rows.values_list("vector", flat=True))
        none = np.zeros((1, registry.embedder().dimensions), np.float32)
        return as_stored(np.array(found, dtype=np.float32)) if found else none


def as_stored(vectors: Vectors) -> Vectors:
    """Vectors in the precision of the table, of length 1, so that cosines equal those of the database."""
    stored = vectors.astype(np.float16).astype(np.float32)
    length = np.maximum(np.linalg.norm(stored, axis=1, keepdims=True), 1e-12)
    return np.asarray(stored / length, dtype=np.float32)


def load(tenant_id: uuid.UUID, project: str, user_id: str, writes: Sequence[ReadWrite]) -> OwnerState:
    """Load the owner's version, and the memories with the texts of these writes."""
    state = OwnerState(tenant_id, project, user_id, owner_locks.version(tenant_id, project, user_id))
    digests = {digest for write in writes for digest in write.digests}
    digests |= {bytes(write.revision.digest) for write in writes if write.revision is not None}
    rows = Revision.objects.filter(
        tenant=tenant_id, project=project, user_id=user_id, digest__in=list(digests), retired_at=None
    )
    moment = now()
    found = rows.values_list("agent_id", "digest", "memory_key", "expires_at", "valid_to", "archived")
    for agent_id, digest, memory, expires_at, valid_to, archived in found if digests else ():
        if expires_at is not None and expires_at <= moment:
            state.expired.add(memory)
        elif valid_to is None and not archived:
            state.live[agent_id, bytes(digest)] = memory
    return state


def compare(state: OwnerState, writes: Sequence[ReadWrite], texts: Mapping[bytes, Embedded]) -> None:
    """Find the stored memories that the new statements are compared with."""
    for agent_id in {write.source.agent_id for write in writes}:
        asked = list(_asked([write for write in writes if write.source.agent_id == agent_id], texts))
        if not asked:
            continue
        vectors = [texts[digest].vectors[0] for _, _, digest in asked]
        near = nearest.similar(
            state.tenant_id,
            state.project,
            state.user_id,
            agent_id,
            vectors,
            registry.embedder().model,
            most=2 * nearest.MAX_SIMILAR,  # some of them may be changed by the pass
        )
        state.near |= {place: pairs for (place, _, _), pairs in zip(asked, near, strict=True)}
        state.stated |= _stated(state, agent_id, [(place, statement) for place, statement, _ in asked])


def _asked(writes: Sequence[ReadWrite], texts: Mapping[bytes, Embedded]) -> Iterator[tuple[Place, Statement, bytes]]:
    """The statements that are compared: those with an embedded text, since no live memory has it, without turns. A
    language model has compared its own."""
    for write in writes:
        if write.shown is not None or not write.statements:
            continue
        for position, (statement, digest) in enumerate(zip(write.statements, write.digests, strict=True), write.first):
            if digest in texts and not statement.fact.verbatim:
                yield (write.source.id, position), statement, digest


def _stated(
    state: OwnerState, agent_id: str | None, asked: Sequence[tuple[Place, Statement]]
) -> dict[Place, list[tuple[ExistingMemory, RelationConflict]]]:
    """The stored memories with relations that a statement contradicts."""
    relations = [(place, relation) for place, statement in asked for relation in statement.graph.stated]
    scope = GraphScope(state.tenant_id, state.project, state.user_id)
    found = relation_conflicts.conflicting_memories(scope, [relation for _, relation in relations])
    facts = nearest.live(state.tenant_id, agent_id, sorted({key for memories in found for key in memories}))
    conflicts: dict[Place, list[tuple[ExistingMemory, RelationConflict]]] = {}
    for (place, _), memories in zip(relations, found, strict=False):
        conflicts.setdefault(place, []).extend((facts[key], kind) for key, kind in memories.items() if key in facts)
    return conflicts
