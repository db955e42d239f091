"""The only writer of memories, revisions and passages. Each function is one transaction under the owner's lock."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from core.clock import now
from core.errors import Conflict, MemoryNotFound
from core.ids import MEMORY, REVIEW, public
from core.monitoring import metrics
from core.unset import UNSET
from entities.services import graph_updates
from entities.types import ExtractedGraph, GraphScope, GraphUpdate, GraphUpdateResult
from memories.models import Embedding, Memory, Outcome, Passage, Review, Revision, TokenEmbedding
from memories.pipeline import memory_events, owner_locks
from memories.pipeline.fulltext import to_tsvector, word_count
from memories.pipeline.owner_locks import StaleError
from memories.pipeline.rows import AppliedWrite, Batch, ChangeSet, GraphChange, memory_columns, successor
from memories.review_types import ReviewProposal, ReviewState
from memories.types import Action, SourceState, UpdateCommand

BATCH_SIZE = 500
VERBS = {
    ReviewProposal.SUPERSEDE: "outdated by",
    ReviewProposal.NEGATE: "ended by",
    ReviewProposal.DUPLICATE: "repeats",
    ReviewProposal.EXTEND: "extended by",
}


CLOSE = """
UPDATE memories_source s
SET state = %(state)s, finished_at = %(now)s, next_attempt_at = NULL, failure = closed.failure, result = closed.result,
    tsv = NULL, vector = NULL, model = ''
FROM unnest(%(ids)s::uuid[], %(characters)s::int[], %(results)s::jsonb[], %(failures)s::text[])
    AS closed(id, characters, result, failure)
WHERE s.tenant_id = %(tenant)s AND s.id = closed.id AND s.state = 'pending' AND length(s.text) = closed.characters
"""
CLOSE_REVIEWS = """
UPDATE memories_review r SET state = 'obsolete', decided_at = changed.at
FROM unnest(%(memories)s::uuid[], %(texts)s::uuid[], %(moments)s::timestamptz[]) AS changed(memory, text, at)
WHERE r.tenant_id = %(tenant)s AND r.state = 'open'
  AND ((r.old_key = changed.memory AND r.old_text_key IS DISTINCT FROM changed.text)
    OR (r.new_key = changed.memory AND r.new_text_key IS DISTINCT FROM changed.text))
"""


def commit(tenant_id: uuid.UUID, project: str, user_id: str, seen: int, changes: ChangeSet) -> None:
    """Write the changes of a pass, and finish its writes.

    `seen` is the owner's version at the decision. Raises StaleError if it has changed, or if one of the writes was
    erased, in whole or in part, or applied meanwhile; then nothing is written.
    """
    with transaction.atomic():
        passages = len(changes.batch.passages)
        owner_locks.advance(tenant_id, project, user_id, seen, passages, changed=changes.changes_memories)
        _retire(changes.retired)
        _write(changes.batch)
        for revision in changes.texts:
            _current_text(revision)
        for key, columns in changes.columns:
            Memory.objects.filter(tenant=tenant_id, id=key).update(**columns)
        for change in changes.graph:
            _graph(change)
        add_reviews(tenant_id, changes.reviews)
        _record(changes.outcomes)
        _finish(tenant_id, changes.writes)


def reword(passage: Passage, text: str, evidence: str, configuration: str) -> int:
    """Index the words of a passage again, in another language; → 0 if it is gone."""
    indexed = (text, configuration, passage.speaker, evidence)
    rows = Passage.objects.filter(tenant=passage.tenant_id, id=passage.id)
    return rows.update(tsv=to_tsvector(*indexed), length=word_count(*indexed))


def edit(tenant_id: uuid.UUID, memory_id: uuid.UUID, command: UpdateCommand, *, actor: str) -> None:
    """Change a memory except its text: a new revision that shares the old one's passages."""
    with transaction.atomic():
        current = Revision.objects.filter(tenant=tenant_id, memory_key=memory_id, retired_at=None)
        found = current.values_list("project", "user_id").first()
        if found is None:
            raise MemoryNotFound(public(MEMORY, memory_id))
        owner, moment = owner_locks.lock(tenant_id, *found), now()
        old = current.first()
        if old is None or (old.expires_at is not None and old.expires_at <= moment):
            raise MemoryNotFound(public(MEMORY, memory_id))
        if any(v is not UNSET for v in (command.metadata, command.memory_type, command.expires_at)):
            new = successor(old, command, max(moment, old.recorded_at), actor=actor)
            old.retired_at = new.recorded_at
            _retire([old])
            _write(Batch(revisions=[new]))
        if changed := memory_columns(command):
            Memory.objects.filter(tenant=tenant_id, id=memory_id).update(**changed)
        owner_locks.changed(owner)


def archive(tenant_id: uuid.UUID, revisions: Sequence[uuid.UUID], *, actor: str, reason: str) -> int:
    """Archive the live memories whose current revision is in `revisions`; → number. Callers hold the lock."""
    moment = now()
    olds = list(Revision.objects.filter(tenant=tenant_id, id__in=list(revisions)).visible(moment))
    batch = Batch(revisions=[successor(old, UpdateCommand(""), moment, actor=actor) for old in olds])
    for old, new in zip(olds, batch.revisions, strict=True):
        new.action, new.archived, new.reason = Action.ARCHIVE.value, True, reason
        old.retired_at = new.recorded_at = max(moment, old.recorded_at)
    _retire(olds)
    _write(batch)
    for owner in {(old.project, old.user_id) for old in olds}:
        _retract([old for old in olds if (old.project, old.user_id) == owner], moment)
    return len(olds)


def decide(review: Review, *, accept: bool, actor: str) -> dt.datetime:
    """Decide an open review, and end one of its memories if it is accepted; → time. Raises Conflict if the review is no
    longer open, or a memory has expired."""
    with transaction.atomic():
        owner, moment = owner_locks.lock(review.tenant_id, review.project, review.user_id), now()
        pair = _live(review.tenant_id, [review.old_key, review.new_key], moment)
        rows = Review.objects.filter(tenant=review.tenant_id, id=review.id, state=ReviewState.OPEN)
        if len(pair) < 2 or not rows.exists():
            raise Conflict("This review is no longer open.", review_id=public(REVIEW, review.id))
        if not accept:
            rows.update(state=ReviewState.REJECTED.value, decided_by=actor, decided_at=moment)
            owner_locks.changed(owner)  # recall ranks by open reviews
            return moment
        ended = _end(review, pair, moment, actor=actor)
        rows.update(state=ReviewState.ACCEPTED.value, decided_by=actor, decided_at=ended.recorded_at)
        outdated = pair[ended.memory_key]
        outdated.retired_at = ended.recorded_at
        _retire([outdated])
        _write(Batch(revisions=[ended]))
        _retract([outdated], ended.recorded_at)
        owner_locks.changed(owner)
        return ended.recorded_at


def _current_text(new: Revision) -> None:
    """Mark older vectors: search reads only the vectors of a memory's current text."""
    passages = Passage.objects.filter(tenant=new.tenant_id, memory_key=new.memory_key)
    vectors = Embedding.objects.filter(tenant=new.tenant_id, passage_key__in=passages.values("id"))
    vectors.filter(current=True).exclude(text_key=new.text_key).update(current=False)
    vectors.filter(current=False, text_key=new.text_key).update(current=True)


def _retire(revisions: Iterable[Revision]) -> None:
    """Set `retired_at` of stored revisions."""
    for revision in revisions:
        rows = Revision.objects.filter(tenant=revision.tenant_id, id=revision.id, retired_at=None)
        rows.update(retired_at=revision.retired_at)


def insert(batch: Batch) -> None:
    Memory.objects.bulk_create(batch.memories, batch_size=BATCH_SIZE)
    Revision.objects.bulk_create(batch.revisions, batch_size=BATCH_SIZE)
    Passage.objects.bulk_create(batch.passages, batch_size=BATCH_SIZE)
    Embedding.objects.bulk_create(batch.embeddings, batch_size=BATCH_SIZE)
    TokenEmbedding.objects.bulk_create(batch.tokens, batch_size=BATCH_SIZE)


def _write(batch: Batch) -> None:
    insert(batch)
    _close_reviews(batch.revisions)
    memory_events.emit_written(batch.revisions)


def _record(outcomes: Sequence[Outcome]) -> None:
    Outcome.objects.bulk_create(outcomes, batch_size=BATCH_SIZE)
    for decision, count in Counter(one.decision for one in outcomes).items():
        transaction.on_commit(partial(metrics.decided, decision, count), robust=True)


def _finish(tenant_id: uuid.UUID, writes: Sequence[AppliedWrite]) -> None:
    """Finish the writes, and remove what recall read of pending ones. Raises StaleError."""
    with connection.cursor() as cursor:
        for state, closed in (
            (SourceState.APPLIED, [w for w in writes if not w.failure and w.is_last]),
            (SourceState.FAILED, [w for w in writes if w.failure]),
        ):
            if closed:
                values = {
                    "tenant": tenant_id,
                    "state": state.value,
                    "now": now(),
                    "ids": [write.source.id for write in closed],
                    "characters": [len(write.source.text) for write in closed],
                    "results": [json.dumps(write.result) for write in closed],
                    "failures": [write.failure for write in closed],
                }
                cursor.execute(CLOSE, values)
                if cursor.rowcount != len(closed):
                    raise StaleError
    for write in (w for w in writes if not w.is_last and not w.failure):
        reserved = write.reserved_id or write.source.reserved_id
        if not write.source.unchanged_row().update(result=write.result, reserved_id=reserved):
            raise StaleError


# --- entities and relations of memories ------------------------------------------------------------------------------
def _graph(change: GraphChange) -> None:
    """Apply the graph updates of a write. The numbers of entities and relations are part of the write's result."""
    _retract(change.retired, change.moment)
    learned = _add_to_graph(change.additions, change.moment, change.write.source.actor)
    _retract(change.outdated, change.moment)
    for revision in change.reinstated:
        _reinstate(revision, change.moment)
    entities = len({entity.id for one in learned for entity in one.entities})
    for name, count in (("entities", entities), ("relations", sum(one.relations for one in learned))):
        change.write.result[name] = change.write.source.result.get(name, 0) + count  # of earlier parts, too


def _graph_scope(revision: Revision) -> GraphScope:
    return GraphScope(revision.tenant_id, revision.project, revision.user_id)


def _add_to_graph(
    additions: Sequence[tuple[Revision, ExtractedGraph]], moment: dt.datetime, actor: str
) -> list[GraphUpdateResult]:
    """Apply the entities and relations of these live texts of one owner; the memories exist already."""
    if not additions:
        return []
    updates = [GraphUpdate(r.memory_key, known, r.valid_from) for r, known in additions]
    return graph_updates.apply_updates(_graph_scope(additions[0][0]), updates, moment=moment, actor=actor)


def _retract(ended: Sequence[Revision], moment: dt.datetime) -> None:
    """Retract memories of one owner that are no longer valid. Their successors are applied first."""
    if ended:
        graph_updates.retract(_graph_scope(ended[0]), [revision.memory_key for revision in ended], moment=moment)


def _reinstate(revision: Revision, moment: dt.datetime) -> None:
    """A memory has an earlier text again: reinstate what that text stated at its last retraction."""
    period = _last_period(revision)
    graph_updates.reinstate(_graph_scope(revision), [revision.memory_key], moment=moment, period=period)


def _last_period(new: Revision) -> tuple[dt.datetime | None, dt.datetime]:
    """The period in which a memory last had the text of `new`, before `new`; None: from its beginning."""
    earlier = Revision.objects.filter(tenant=new.tenant_id, memory_key=new.memory_key).exclude(id=new.id)
    stop = earlier.filter(text_key=new.text_key).aggregate(at=Max("retired_at"))["at"]
    other = earlier.exclude(text_key=new.text_key).filter(retired_at__lt=stop)
    return other.aggregate(at=Max("retired_at"))["at"], stop


# --- the review queue ------------------------------------------------------------------------------------------------
def add_reviews(tenant_id: uuid.UUID, proposed: Sequence[Review]) -> None:
    """Write reviews. A pair is skipped if one of its memories is gone, or if a review of the pair is open."""
    if not proposed:
        return
    keys = {key for review in proposed for key in (review.old_key, review.new_key)}
    texts = {key: revision.text_key for key, revision in _live(tenant_id, keys, now()).items()}
    found = []
    for review in proposed:
        old, new = review.old_text_key or texts.get(review.old_key), review.new_text_key or texts.get(review.new_key)
        if old is not None and new is not None:
            review.old_text_key, review.new_text_key = old, new
            found.append(review)
    Review.objects.bulk_create(found, ignore_conflicts=True, batch_size=BATCH_SIZE)


def _live(tenant_id: uuid.UUID, keys: Collection[uuid.UUID], moment: dt.datetime) -> dict[uuid.UUID, Revision]:
    """The current revisions of those memories that are live."""
    rows = Revision.objects.filter(tenant=tenant_id, memory_key__in=sorted(keys), valid_to=None).visible(moment)
    return {row.memory_key: row for row in rows}


def _close_reviews(revisions: Sequence[Revision]) -> None:
    """Open reviews become obsolete if one of these new revisions ends a compared memory or gives it another text."""
    changed = [revision for revision in revisions if revision.action != Action.ADD]
    if not changed:
        return
    ended = [revision.archived or revision.valid_to is not None for revision in changed]
    values: dict[str, Any] = {
        "tenant": changed[0].tenant_id,
        "memories": [revision.memory_key for revision in changed],
        "texts": [None if end else revision.text_key for revision, end in zip(changed, ended, strict=True)],
        "moments": [revision.recorded_at for revision in changed],
    }
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_REVIEWS, values)


def _end(review: Review, pair: Mapping[uuid.UUID, Revision], moment: dt.datetime, *, actor: str) -> Revision:
    """The revision that ends one memory of an accepted review: the new one if it is a duplicate, else the old one."""
    old, new, proposal = pair[review.old_key], pair[review.new_key], ReviewProposal(review.proposal)
    outdated, kept = (new, old) if proposal is ReviewProposal.DUPLICATE else (old, new)
    ended = successor(outdated, UpdateCommand(""), max(moment, outdated.recorded_at), actor=actor)
    if proposal is ReviewProposal.DUPLICATE:
        ended.action, ended.archived = Action.ARCHIVE.value, True
    else:
        ended.action = (Action.RETIRE if proposal is ReviewProposal.NEGATE else Action.SUPERSEDE).value
        ended.valid_to = max(kept.valid_from, outdated.valid_from)
    ended.confidence = review.probability
    accepted = f"accepted in review {public(REVIEW, review.id)}"
    ended.reason = f"{VERBS[proposal]} {public(MEMORY, kept.memory_key)}, {accepted}"
    return ended
