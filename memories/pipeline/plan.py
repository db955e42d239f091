"""The decisions of a pass, write by write in the order of acceptance. Reads the database; writes nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils.dateparse import parse_datetime

from core.clock import now
from core.errors import AppError, Conflict, MemoryNotFound, NotFound
from core.ids import MEMORY, new_id, public
from core.unset import UNSET
from entities.types import EMPTY_GRAPH, ExtractedGraph
from memories.decisions.decide import Effect
from memories.models import Passage, Review, Revision, Source
from memories.pipeline.owner_state import OwnerState
from memories.pipeline.reconcile import REASONS, Operation, Opinion, compare, reconcile, second_opinion
from memories.pipeline.rows import (
    AppliedWrite,
    Attribution,
    ChangeSet,
    Embedded,
    GraphChange,
    add_memory,
    memory_columns,
    outcome,
    relative_dates,
    successor,
)
from memories.pipeline.writes import ReadWrite, app_of
from memories.review_types import ReviewState
from memories.statements import ExistingMemory
from memories.types import Action, Decision, Fact, Json, SourceKind, UpdateCommand

TICK = dt.timedelta(microseconds=1)  # between two writes of a pass, so that history keeps their order
MAX_NOTE_STATEMENTS, MAX_NOTE_LENGTH = 3, 400  # characters of a note that is also compared as a whole


class MissingTextsError(Exception):
    """Texts are no longer live because of an earlier write of the pass: they have to be embedded."""

    def __init__(self, contents: Mapping[bytes, str]) -> None:
        self.contents = dict(contents)


@dataclass(slots=True)
class Planner:
    """Decides the writes of a pass; `state` and `changes` have the decisions so far."""

    state: OwnerState
    texts: Mapping[bytes, Embedded]
    changes: ChangeSet = field(default_factory=ChangeSet)
    moment: dt.datetime = field(default_factory=lambda: now() - TICK)  # of the previous write

    def plan(self, writes: Sequence[ReadWrite]) -> ChangeSet:
        """The operations of these writes, in order. Raises MissingTextsError."""
        kinds: dict[SourceKind, Callable[[ReadWrite, AppliedWrite], None]] = {
            SourceKind.STORE: self._store,
            SourceKind.UPDATE: self._update,
            SourceKind.SUPERSEDE: self._supersede,
            SourceKind.RESTORE: self._restore,
        }
        for write in writes:
            self.moment = max(self.moment + TICK, now())
            result = AppliedWrite(write.source, dict(write.result), is_last=write.is_last)
            try:
                kinds[SourceKind(write.source.kind)](write, result)
            except AppError as error:
                result.failure = error.code[:64]
                result.result = {"message": error.message, **error.data}
            self.changes.writes.append(result)
        return self.changes

    # --- store -------------------------------------------------------------------------------------------------------
    def operations(self, write: ReadWrite) -> list[Operation]:
        """The decisions about a store's statements, without effects. A repetition inside the same store is a NOOP
        without a memory."""
        found: dict[bytes, Operation] = {}
        made = []
        for number, digest in enumerate(write.digests):
            operation = self._decide(write, number)
            if digest in found:
                operation = replace(operation, decision=Decision.NOOP, replaces=None)
            made.append(found.setdefault(digest, operation) if digest not in found else operation)
        return made

    def _store(self, write: ReadWrite, result: AppliedWrite) -> None:
        source = write.source
        free_id = source.reserved_id
        additions: list[tuple[Revision, ExtractedGraph]] = []
        outdated: list[Revision] = []
        for number, statement in enumerate(write.statements):
            operation, position = self._decide(write, number), write.first + number
            if operation.existing_id is not None:
                self.changes.outcomes.append(outcome(source, position, Decision.NOOP, operation.existing_id))
                continue
            text = self._text(write, number)
            memory_id, free_id = free_id or new_id(), None
            old = self._live(operation.replaces) if operation.replaces is not None else None
            if old is not None:
                self._end(old, operation, memory_id, source, str(write.result.get("by")))
                outdated.append(old)
            add_memory(self.changes.batch, source, operation, memory_id, text, self.moment)
            new = self.changes.batch.revisions[-1]
            if operation.outdated_by is not None:
                new.valid_to = operation.outdated_by.said_at
                new.reason = f"outdated by {public(MEMORY, operation.outdated_by.id)}"
                self.state.end(new)
            else:
                said_at = statement.fact.said_at or source.accepted_at
                self.state.hold(new, said_at, text, statement.graph, (source.id, statement.fact.position))
            self.changes.reviews += _reviews(new, operation)
            if statement.graph is not EMPTY_GRAPH:
                additions.append((new, statement.graph))
            self.changes.outcomes.append(
                outcome(source, position, operation.decision, memory_id, replaces=operation.replaces)
            )
        first = source.result.get("first")
        if not write.is_last:
            result.result["statements_done"] = write.first + len(write.statements)
            if free_id is None and source.reserved_id is not None:  # recall shows the rest under a new id
                first, result.reserved_id = first or public(MEMORY, source.reserved_id), new_id()
        if first:
            result.result["first"] = first
        self._graph(result, additions=additions, outdated=outdated)

    def _decide(self, write: ReadWrite, number: int) -> Operation:
        statement, digest, source = write.statements[number], write.digests[number], write.source
        existing = self.state.live.get((source.agent_id, digest))
        fact, moment = statement.fact, statement.fact.said_at or source.accepted_at
        if existing is not None or fact.verbatim:
            return reconcile(statement, digest, moment, existing_id=existing)
        known: tuple[ExistingMemory, ...] = write.shown or ()
        if write.shown is not None:
            opinion = Opinion(second_opinion(fact.content, statement.proposal, known))
        elif (text := self.texts.get(digest)) is not None:
            place, message = (source.id, write.first + number), (source.id, fact.position)
            near = self.state.compared(statement, place, message, source.agent_id, text)
            known = tuple(one.known for one in near)
            note = _short_note(write)
            opinion = compare(fact.content, moment, near, is_chat=fact.is_message, note=note)
        else:  # it has to be embedded first
            opinion = Opinion()
        operation = reconcile(replace(statement, proposal=opinion.proposal), digest, moment, compared=known)
        operation = replace(operation, outdated_by=opinion.outdated_by, open=opinion.open)
        touched = operation.replaces or operation.existing_id
        if touched is not None:
            row = self._live(touched)  # None: it ended, or was erased, after the comparison
            if row is None or (operation.existing_id is not None and _is_of_others(row, source)):
                return Operation(fact, digest, Decision.ADD, graph=statement.graph)
        return operation

    def _text(self, write: ReadWrite, number: int) -> Embedded:
        """The embedded text of a statement. Raises with all missing texts of this write at once."""
        if (found := self.texts.get(write.digests[number])) is not None:
            return found
        wanted = zip(write.digests[number:], write.contents[number:], strict=True)
        raise MissingTextsError({digest: content for digest, content in wanted if digest not in self.texts})

    def _live(self, memory_id: uuid.UUID) -> Revision | None:
        row = self.state.revision(memory_id, self.moment)
        return None if row is None or row.archived or row.valid_to is not None else row

    def _end(self, old: Revision, operation: Operation, successor_id: uuid.UUID, source: Source, by: str) -> None:
        """The last revision of a memory that a statement outdates or ends. Its reason names the successor, no text."""
        ended = successor(old, UpdateCommand(""), self.moment, actor=by)
        outdated = operation.decision is Decision.UPDATE
        ended.action = (Action.SUPERSEDE if outdated else Action.RETIRE).value
        said_at = operation.fact.said_at or source.accepted_at
        ended.valid_to = max(min(operation.fact.valid_from or said_at, said_at), old.valid_from)
        verb = "extended" if operation.reason == REASONS[Effect.EXTEND] else "outdated" if outdated else "ended"
        ended.reason = f"{verb} by {public(MEMORY, successor_id)} (probability {operation.probability:.2f})"
        ended.confidence = operation.fact.confidence
        self._follow(old, ended)
        self.state.end(ended)

    # --- changes of one memory ---------------------------------------------------------------------------------------
    def _update(self, write: ReadWrite, result: AppliedWrite) -> None:
        """Give a memory a new text. MemoryNotFound, or Conflict: another live memory has the text (its id in the
        data)."""
        source, command = write.source, update_of(write.source)
        old = self._target(source)
        self._refuse_ended(old)
        new = successor(old, command, self.moment, actor=source.actor)
        new.content = new.evidence = source.text
        new.digest, new.text_key, new.source_key = write.digests[0], new.id, source.id
        self._refuse_taken(new.agent_id, new.digest, but=new.memory_key)
        text = self._text(write, 0)
        self._follow(old, new)
        said = self._attribution_of(old, source)
        found = relative_dates(new.content, source.accepted_at, said.utc_offset)
        self.changes.batch.add_text(new, text, replace(said, dates=found))
        self.changes.texts.append(new)
        if columns := memory_columns(command):
            self.changes.columns.append((old.memory_key, columns))
        self._hold(new, source, text, write.graph)
        self.changes.outcomes.append(outcome(source, 0, Decision.UPDATE, old.memory_key))
        self._graph(result, retired=[old], additions=[(new, write.graph)])
        result.result["facts"] = 1

    def _supersede(self, write: ReadWrite, result: AppliedWrite) -> None:
        """End a memory's validity and add its successor. MemoryNotFound, or Conflict: the memory is not live, or a live
        one has the text."""
        source = write.source
        old = self._target(source)
        self._refuse_ended(old)
        since, reason = source.payload.get("valid_from"), source.payload.get("reason", "")
        valid_from = max((parse_datetime(since) if since else None) or source.accepted_at, old.valid_from)
        ended = successor(old, UpdateCommand(""), self.moment, actor=source.actor)
        ended.action, ended.valid_to, ended.reason = Action.SUPERSEDE.value, valid_from, reason
        self._refuse_taken(source.agent_id, write.digests[0])
        text, key = self._text(write, 0), new_id()
        self._follow(old, ended)
        self.state.end(ended)
        fact = Fact(source.text, source.text, 0, said_at=valid_from)
        operation = Operation(fact, write.digests[0], Decision.ADD, reason=reason)
        add_memory(self.changes.batch, source, operation, key, text, self.moment)
        new = self.changes.batch.revisions[-1]
        new.metadata, new.memory_type, new.expires_at = old.metadata, old.memory_type, old.expires_at
        self._hold(new, source, text, write.graph)
        self.changes.outcomes.append(outcome(source, 0, Decision.UPDATE, key, replaces=old.memory_key))
        self._graph(result, additions=[(new, write.graph)], outdated=[old])
        result.result["facts"] = 1

    def _restore(self, write: ReadWrite, result: AppliedWrite) -> None:
        """Make an earlier revision the current one again; no change if it is already. MemoryNotFound, NotFound (no such
        revision) or Conflict: another live memory has the text."""
        source, old = write.source, self._target(write.source)
        found = write.revision if source.payload.get("revision_id") else self._last_live(old, write.revision)
        if found is None:
            raise NotFound("revision_id: this memory has no such revision", field="revision_id")
        if found.id == old.id:
            return
        new = successor(found, UpdateCommand(""), self.moment, actor=source.actor)
        new.action, new.expires_at, new.archived, new.valid_to = Action.RESTORE.value, old.expires_at, False, None
        self._refuse_taken(new.agent_id, bytes(new.digest), but=new.memory_key)
        self._follow(old, new)
        self.changes.texts.append(new)
        self._hold(new, source, self.texts.get(bytes(new.digest)), EMPTY_GRAPH)
        self.changes.outcomes.append(outcome(source, 0, Decision.UPDATE, old.memory_key))
        self._graph(result, retired=[old] if new.text_key != old.text_key else (), reinstated=[new])

    def _last_live(self, old: Revision, stored: Revision | None) -> Revision | None:
        """The newest live revision of a memory, including those that this pass has added or retired."""
        mine = [*self.changes.retired, *self.changes.batch.revisions, *([old] if old.retired_at is None else [])]
        live = [r for r in mine if r.memory_key == old.memory_key and r.valid_to is None and not r.archived]
        return max(live, key=lambda r: (r.recorded_at, r.id), default=stored)

    def _target(self, source: Source) -> Revision:
        key = source.target_key
        row = self.state.revision(key, self.moment) if key is not None else None
        if row is None:
            raise MemoryNotFound(public(MEMORY, key) if key is not None else "")
        return row

    @staticmethod
    def _refuse_ended(old: Revision) -> None:
        if old.archived or old.valid_to is not None:
            raise Conflict("This memory is no longer live. Restore it first.", memory_id=public(MEMORY, old.memory_key))

    def _refuse_taken(self, agent_id: str | None, digest: bytes, *, but: uuid.UUID | None = None) -> None:
        if (holder := self.state.live.get((agent_id, digest))) not in (None, but):
            raise Conflict("Another memory holds this text already.", memory_id=public(MEMORY, holder))

    def _attribution_of(self, old: Revision, source: Source) -> Attribution:
        """A memory with a new text keeps its position in its conversation."""
        mine = (p for p in self.changes.batch.passages if p.text_key == old.text_key and p.ordinal == 0)
        first = next(mine, None) or (
            Passage.objects.filter(tenant=old.tenant_id, text_key=old.text_key).order_by("ordinal").defer("tsv").first()
        )
        if first is None:
            return Attribution(old.valid_from, source.id, session=old.run_id)
        return Attribution(
            first.said_at, first.batch, first.turn, first.session, first.speaker, first.role, first.utc_offset
        )

    # --- common ------------------------------------------------------------------------------------------------------
    def _hold(self, new: Revision, source: Source, text: Embedded | None, graph: ExtractedGraph) -> None:
        """Compare later statements of the pass with this live text."""
        self.state.hold(new, self._attribution_of(new, source).said_at, text, graph, None)

    def _follow(self, old: Revision, new: Revision) -> None:
        """`new` replaces the current revision `old`, which this pass may have added."""
        new.recorded_at = max(self.moment, old.recorded_at)
        old.retired_at = new.recorded_at
        if new.valid_to is not None or new.archived or new.text_key != old.text_key:
            for review in self.changes.reviews:
                _make_obsolete(review, old, new.recorded_at)
        if not old._state.adding:
            self.changes.retired.append(old)
        self.changes.batch.revisions.append(new)

    def _graph(
        self,
        result: AppliedWrite,
        *,
        retired: Sequence[Revision] = (),
        additions: Sequence[tuple[Revision, ExtractedGraph]] = (),
        outdated: Sequence[Revision] = (),
        reinstated: Sequence[Revision] = (),
    ) -> None:
        for name in ("entities", "relations"):
            result.result.setdefault(name, result.source.result.get(name, 0))
        if retired or additions or outdated or reinstated:
            self.changes.graph.append(GraphChange(result, self.moment, retired, additions, outdated, reinstated))


def _short_note(write: ReadWrite) -> list[str]:
    """The statements of a note that is short enough to be compared as a whole; none of another write."""
    if write.first or not write.is_last or not 1 < len(write.statements) <= MAX_NOTE_STATEMENTS:
        return []
    facts = [statement.fact for statement in write.statements]
    if any(fact.is_message or fact.verbatim for fact in facts) or len({fact.position for fact in facts}) > 1:
        return []
    is_short = sum(len(fact.content) for fact in facts) <= MAX_NOTE_LENGTH
    return [fact.content for fact in facts] if is_short else []


def _reviews(new: Revision, operation: Operation) -> list[Review]:
    """The pairs of a new memory that the model left undecided."""
    return [
        Review(
            id=new_id(),
            tenant_id=new.tenant_id,
            project=new.project,
            user_id=new.user_id,
            old_key=doubt.memory.id,
            new_key=new.memory_key,
            proposal=doubt.effect,
            probability=doubt.probability,
            reason=REASONS[Effect(doubt.effect)],
        )
        for doubt in operation.open
        if doubt.memory.id != operation.replaces
    ]


def _is_of_others(row: Revision, source: Source) -> bool:
    """Whether a write that names its session and app repeats a memory that only other sessions or apps have."""
    if not source.payload.get("deduplicate"):
        return False
    named = (source.run_id, app_of(source.payload["metadata"]))
    return named not in ((None, None), (row.run_id, app_of(row.metadata)))


def _make_obsolete(review: Review, ended: Revision, moment: dt.datetime) -> None:
    """Note in a proposed review that a revision of its pair ends before the review is written."""
    if review.old_key == ended.memory_key and review.old_text_key is None:
        review.old_text_key = ended.text_key
    elif review.new_key == ended.memory_key and review.new_text_key is None:
        review.new_text_key = ended.text_key
    else:
        return
    if review.state == ReviewState.OPEN:
        review.state, review.decided_at = ReviewState.OBSOLETE.value, moment


def update_of(source: Source) -> UpdateCommand:
    """The update of a Source."""
    said: Json = source.payload
    expires = said.get("expires_at", UNSET)
    return UpdateCommand(
        memory_id="",
        content=source.text,
        metadata=said.get("metadata", UNSET),
        memory_type=said.get("memory_type", UNSET),
        expires_at=parse_datetime(expires) if isinstance(expires, str) else expires,
        pinned=said.get("pinned", UNSET),
        importance=said.get("importance", UNSET),
    )
