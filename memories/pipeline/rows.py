"""The rows of a text and the changes of a pass: built here and by `plan`, written only by `apply`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.ids import new_id
from core.unset import UNSET
from entities.types import ExtractedGraph
from memories.embeddings.base import TokenMatrix, Vectors
from memories.extraction import dates
from memories.languages import configuration
from memories.models import Embedding, Memory, Outcome, Passage, Review, Revision, Source, TokenEmbedding
from memories.pipeline.fulltext import to_tsvector, word_count
from memories.pipeline.passages import evidence_of, split
from memories.pipeline.reconcile import Operation
from memories.types import Action, Decision, Fact, Span, UpdateCommand


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text cut into passages, with one vector each (`vectors`: passages × dimensions) of `model`.

    `token_embeddings`: one matrix for each passage, tokens × 64, of `token_model`; None where that model was
    unavailable.
    """

    spans: tuple[Span, ...]
    vectors: Vectors
    model: str
    token_embeddings: tuple[TokenMatrix, ...] | None = None
    token_model: str = ""


def embedded_texts(contents: Sequence[str]) -> tuple[list[tuple[Span, ...]], list[str]]:
    """The spans of each text, and all passages' texts in one list, ready for one batch of embedding."""
    spans = [split(content) for content in contents]
    return spans, [c[s.start : s.stop] for c, cut in zip(contents, spans, strict=True) for s in cut]


@dataclass(frozen=True, slots=True)
class Attribution:
    """The speaker of a text, its time, and its position in a conversation. `utc_offset`, `dates`: as of Passage."""

    said_at: dt.datetime
    batch: uuid.UUID
    turn: int = 0
    session: str | None = None
    speaker: str | None = None
    role: str | None = None
    utc_offset: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Batch:
    """Rows that are written together, in the order of their links."""

    memories: list[Memory] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    embeddings: list[Embedding] = field(default_factory=list)
    tokens: list[TokenEmbedding] = field(default_factory=list)

    def add_text(self, revision: Revision, text: Embedded, attribution: Attribution) -> None:
        """The passages and vectors of a revision that introduces a text."""
        language = configuration(revision.project)
        for ordinal, (span, vector) in enumerate(zip(text.spans, text.vectors, strict=True)):
            content = revision.content[span.start : span.stop]
            evidence = evidence_of(revision.evidence, ordinal, is_last=span is text.spans[-1])
            passage = Passage(
                id=new_id(),
                tenant_id=revision.tenant_id,
                text_key=revision.id,
                memory_key=revision.memory_key,
                project=revision.project,
                user_id=revision.user_id,
                ordinal=ordinal,
                start=span.start,
                stop=span.stop,
                tsv=to_tsvector(content, language, attribution.speaker, evidence),
                length=word_count(content, language, attribution.speaker, evidence),
                session=attribution.session,
                batch=attribution.batch,
                turn=attribution.turn,
                speaker=attribution.speaker,
                role=attribution.role,
                said_at=attribution.said_at,
                utc_offset=attribution.utc_offset,
                dates=dict(attribution.dates) if ordinal == 0 else {},
            )
            self.passages.append(passage)
            self.embeddings.append(
                Embedding(
                    id=new_id(),
                    tenant_id=revision.tenant_id,
                    passage_key=passage.id,
                    project=revision.project,
                    user_id=revision.user_id,
                    text_key=revision.id,
                    speaker=attribution.speaker,
                    role=attribution.role,
                    said_at=attribution.said_at,
                    model=text.model,
                    vector=vector,
                )
            )
            if text.token_embeddings is not None:
                self.tokens.append(
                    TokenEmbedding(
                        id=new_id(),
                        tenant_id=revision.tenant_id,
                        passage_key=passage.id,
                        model=text.token_model,
                        vectors=text.token_embeddings[ordinal].tobytes(),
                    )
                )


@dataclass(slots=True)
class AppliedWrite:
    """The result of one write. `failure` empty: it is applied. `is_last` False: the next part continues it, and
    reserves `reserved_id` if this part has used the id that the write had reserved."""

    source: Source
    result: dict[str, object]
    failure: str = ""
    is_last: bool = True
    reserved_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class GraphChange:
    """The graph changes of one write, in this order: `retired`, then `additions`, then `outdated` (memories that
    another memory of the same write replaces), and `reinstated`."""

    write: AppliedWrite
    moment: dt.datetime
    retired: Sequence[Revision] = ()
    additions: Sequence[tuple[Revision, ExtractedGraph]] = ()
    outdated: Sequence[Revision] = ()
    reinstated: Sequence[Revision] = ()


@dataclass(slots=True)
class ChangeSet:
    """`retired`: stored revisions with the time of their end. `texts`: new current revisions of memories that had
    another text. `columns`: changes of memory rows. `reviews`: proposals for the review queue, without text keys:
    `apply` sets these, and skips pairs with a memory that is not live after the change."""

    batch: Batch = field(default_factory=Batch)
    retired: list[Revision] = field(default_factory=list)
    texts: list[Revision] = field(default_factory=list)
    columns: list[tuple[uuid.UUID, Mapping[str, object]]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    graph: list[GraphChange] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    writes: list[AppliedWrite] = field(default_factory=list)

    @property
    def changes_memories(self) -> bool:
        return bool(self.batch.revisions or self.columns)


def add_memory(
    batch: Batch, source: Source, operation: Operation, memory_id: uuid.UUID, text: Embedded, moment: dt.datetime
) -> None:
    fact, payload = operation.fact, source.payload
    owner_columns = {"tenant_id": source.tenant_id, "project": source.project, "user_id": source.user_id}
    batch.memories.append(
        Memory(
            id=memory_id,
            agent_id=source.agent_id,
            run_id=source.run_id,
            created_at=source.accepted_at,
            importance=fact.importance,
            **owner_columns,
        )
    )
    revision_id = new_id()
    said_at = fact.said_at or source.accepted_at
    revision = Revision(
        id=revision_id,
        memory_key=memory_id,
        text_key=revision_id,
        source_key=source.id,
        agent_id=source.agent_id,
        run_id=source.run_id,
        content=fact.content,
        digest=operation.digest,
        metadata=payload.get("metadata", {}),
        memory_type=payload.get("memory_type") or ("turn" if fact.verbatim else "fact"),
        expires_at=source.expires_at if source.expires_at and source.expires_at > moment else None,
        valid_from=min(fact.valid_from or said_at, said_at),  # a later time counts as now
        recorded_at=moment,
        action=Action.ADD.value,
        actor=source.actor,
        confidence=fact.confidence,
        evidence=fact.evidence,
        reason=operation.reason,
        **owner_columns,
    )
    batch.revisions.append(revision)
    batch.add_text(revision, text, _attribution(source, fact, said_at))


def _attribution(source: Source, fact: Fact, said_at: dt.datetime) -> Attribution:
    offset = dates.offset_of(fact.client_timestamp)
    found = dict(fact.dates) or relative_dates(fact.content, said_at, offset)
    return Attribution(said_at, source.id, fact.position, source.run_id, fact.speaker, fact.role, offset, found)


def relative_dates(content: str, said_at: dt.datetime, offset: str) -> dict[str, str]:
    """The relative dates of a text that was not parsed, by their words."""
    day = dates.day_of(said_at, f"{said_at:%Y-%m-%dT%H:%M}{offset}" if offset else None)
    return dict(dates.in_text(content, day)) if day is not None else {}


def successor(old: Revision, command: UpdateCommand, moment: dt.datetime, *, actor: str) -> Revision:
    """A revision that follows `old`, with the changes of the command; `old` is unchanged."""
    return Revision(
        id=new_id(),
        tenant_id=old.tenant_id,
        memory_key=old.memory_key,
        text_key=old.text_key,
        source_key=old.source_key,
        project=old.project,
        user_id=old.user_id,
        agent_id=old.agent_id,
        run_id=old.run_id,
        content=old.content,
        digest=bytes(old.digest),
        metadata=old.metadata if command.metadata is UNSET else {**old.metadata, **command.metadata},
        memory_type=old.memory_type if command.memory_type is UNSET else command.memory_type,
        archived=old.archived,
        expires_at=old.expires_at if command.expires_at is UNSET else command.expires_at,
        valid_from=old.valid_from,
        valid_to=old.valid_to,
        recorded_at=moment,
        action=Action.UPDATE.value,
        actor=actor,
        confidence=old.confidence,
        evidence=old.evidence,
    )


def memory_columns(command: UpdateCommand) -> dict[str, object]:
    """The changed columns of the memory's own row."""
    columns = {"pinned": command.pinned, "importance": command.importance}
    return {name: value for name, value in columns.items() if value is not UNSET}


def outcome(
    source: Source, position: int, decision: Decision, memory_id: uuid.UUID, *, replaces: uuid.UUID | None = None
) -> Outcome:
    return Outcome(
        id=new_id(),
        tenant_id=source.tenant_id,
        source_key=source.id,
        position=position,
        decision=decision.value,
        memory_key=memory_id,
        replaces_key=replaces,
    )
