"""The only writer of memories, revisions and passages. Each function is one transaction under the owner's lock."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from django.db import transaction
from django.db.models import Q

from entities.types import NO_KNOWLEDGE, Knowledge, Learned
from memories.models import Embedding, Memory, Outcome, Owner, Passage, Revision, Source, TokenVectors
from memories.pipeline import erase, happened, knowledge, owners
from memories.pipeline.lease import LOST
from memories.pipeline.progress import NOTHING_APPLIED, Progress, progress_of
from memories.pipeline.reconcile import Step
from memories.pipeline.rows import Batch, Embedded, add_memory, outcome, store_rows, successor, voice_of
from memories.pipeline.searchable import word_count, words
from memories.types import KEEP, Action, Decision, Fact, SourceState, SupersedeCommand, UpdateCommand
from memproject.common import metrics
from memproject.common.clock import now
from memproject.common.errors import Conflict, MemoryNotFound, NotFound
from memproject.common.ids import MEMORY, new_id, public

BATCH = 500


class StaleError(Exception):
    """Somebody changed this owner's memories since the decision was made: decide again."""


class GoneError(Exception):
    """The Source was erased, blanked or finished by another worker: nothing may be written."""


def live_digests(
    tenant_id: uuid.UUID, project: str, user_id: str, agent_id: str | None, digests: Sequence[bytes]
) -> dict[bytes, uuid.UUID]:
    """Which of `digests` are live texts of this owner and agent, with their memories. Expired ones are not."""
    rows = Revision.objects.filter(
        tenant=tenant_id, project=project, user_id=user_id, agent_id=agent_id, digest__in=list(digests), valid_to=None
    ).alive(now())
    return {bytes(digest): memory for digest, memory in rows.values_list("digest", "memory_key")}


def store(
    tenant_id: uuid.UUID,
    source_id: uuid.UUID,
    steps: Sequence[Step],
    texts: Mapping[bytes, Embedded],
    seen: int | None,
    result: Mapping[str, object],
    before: Progress = NOTHING_APPLIED,
    reached: int | None = None,
) -> Progress:
    """Write what a store decided, and its outcomes and `result` (numbers only), and close its Source. With `reached`
    the steps are a batch: so many of the write's statements are applied then, and the Source waits for the next batch.

    `seen` is the owner's version at the decision; None on the last try, which then only corrects what the lock shows.
    `before` is the progress that the steps follow. Raises StaleError (decide again) or GoneError (nothing to write).
    """
    with transaction.atomic():
        owner, source = _begin(tenant_id, source_id)
        if progress_of(source.result).outcomes != before.outcomes:
            raise GoneError  # another worker has gone on with it
        if seen is not None and seen != owner.version:
            raise StaleError
        moment = now()
        adding = [s.digest for s in steps if s.decision is Decision.ADD]
        erase.expired_holders(source, adding, moment)
        live = live_digests(tenant_id, source.project, source.user_id, source.agent_id, [s.digest for s in steps])
        steps = _still_right(source, steps, live, texts, moment, last=seen is None)
        outdated = _open_revisions(tenant_id, [s.replaces for s in steps if s.replaces is not None])
        batch, outcomes = store_rows(
            source, steps, texts, live, moment, outdated=outdated, by=str(result.get("by")), first=before.outcomes
        )
        _retire(outdated.values(), moment)
        _write(batch)
        _record(outcomes)
        learned = _teach(source, steps, outcomes, batch, moment)
        knowledge.retire(list(outdated.values()), moment)
        progress = Progress(
            statements=reached or 0,
            outcomes=before.outcomes + len(outcomes),
            by=str(result.get("by")),
            first=before.first or (public(MEMORY, source.allocated_id) if batch.memories else None),
            entities=before.entities + len({e.id for one in learned for e in one.entities}),
            relations=before.relations + sum(one.relations for one in learned),
        )
        changed = owner if batch.memories else None
        if reached is not None:
            _go_on(source, changed, progress, len(batch.passages))
            return progress
        told = {**result, "entities": progress.entities, "relations": progress.relations}
        _finish(source, changed, told | ({"first": before.first} if before.first else {}), len(batch.passages))
        return progress


def _teach(
    source: Source, steps: Sequence[Step], outcomes: Sequence[Outcome], batch: Batch, moment: dt.datetime
) -> list[Learned]:
    """What the new memories say of entities."""
    made = {r.memory_key: r for r in batch.revisions if r.action == Action.ADD}
    taught = [
        (made[one.memory_key], step.knowledge)
        for step, one in zip(steps, outcomes, strict=True)
        if one.decision != Decision.NOOP and step.knowledge is not NO_KNOWLEDGE
    ]
    return knowledge.learn(taught, moment, source.actor)


def _still_right(
    source: Source,
    steps: Sequence[Step],
    live: Mapping[bytes, uuid.UUID],
    texts: Mapping[bytes, Embedded],
    moment: dt.datetime,
    *,
    last: bool,
) -> Sequence[Step]:
    """The steps, if what they build on is still there. On the last try what isn't known word for word is only added."""
    if last:
        steps = [step if step.digest in live else step.alone() for step in steps]
    touched = [step.touches for step in steps if step.touches is not None]
    there = set(
        Revision.objects.filter(tenant=source.tenant_id, memory_key__in=touched, valid_to=None)
        .alive(moment)
        .values_list("memory_key", flat=True)
    )
    if not there.issuperset(touched):
        raise StaleError
    if any(step.decision is Decision.ADD and step.digest not in live and step.digest not in texts for step in steps):
        raise StaleError  # it was known, and is gone since: its text has to be embedded
    return steps


def update(
    tenant_id: uuid.UUID,
    source_id: uuid.UUID,
    command: UpdateCommand,
    digest: bytes,
    text: Embedded,
    known: Knowledge = NO_KNOWLEDGE,
) -> None:
    """Give a memory a new text: retire its open revision, add another, and close the Source. `known`: what the text
    says of entities.

    Raises MemoryNotFound, Conflict (another live memory holds the text; its id in the data) or GoneError.
    """
    with transaction.atomic():
        owner, source = _begin(tenant_id, source_id)
        if source.target_key is None:
            raise GoneError
        moment = now()
        old = open_revision(tenant_id, source.target_key, moment)
        _refuse_ended(old)
        voice = voice_of(old, source)
        new = successor(old, command, moment, actor=source.actor)
        new.content, new.digest, new.evidence, new.text_key = str(command.content), digest, str(command.content), new.id
        new.source_key = source.id
        _refuse_taken(new)
        batch = Batch(revisions=[new])
        batch.add_text(new, text, voice)
        _retire([old], moment)
        _write(batch)
        _current_text(new)
        _touch_memory(old, command)
        _record([outcome(source, 0, Decision.UPDATE, old.memory_key)])
        knowledge.retire([old], moment)
        knowledge.learn([(new, known)], moment, source.actor)
        _finish(source, owner, {"facts": 1}, len(batch.passages))


def supersede(
    tenant_id: uuid.UUID,
    source_id: uuid.UUID,
    command: SupersedeCommand,
    digest: bytes,
    text: Embedded,
    known: Knowledge = NO_KNOWLEDGE,
) -> None:
    """End a memory's validity and add another in its place, and close the Source.

    Raises MemoryNotFound, Conflict (the memory is not live, or a live one holds the text) or GoneError.
    """
    with transaction.atomic():
        owner, source = _begin(tenant_id, source_id)
        if source.target_key is None:
            raise GoneError
        moment = now()
        old = open_revision(tenant_id, source.target_key, moment)
        _refuse_ended(old)
        ended = successor(old, UpdateCommand(command.memory_id), moment, actor=source.actor)
        valid_from = max(command.valid_from or source.accepted_at, old.valid_from)
        ended.action, ended.valid_to, ended.reason = Action.SUPERSEDE.value, valid_from, command.reason
        batch, new_memory = Batch(revisions=[ended]), new_id()
        heir = Fact(command.content, command.content, 0, said_at=valid_from)
        add_memory(batch, source, Step(heir, digest, Decision.ADD), new_memory, text, moment)
        new = batch.revisions[-1]
        new.metadata, new.memory_type, new.expires_at = old.metadata, old.memory_type, old.expires_at
        new.reason = command.reason
        _refuse_taken(new)
        _retire([old], moment)
        _write(batch)
        _record([outcome(source, 0, Decision.UPDATE, new_memory, replaces=old.memory_key)])
        knowledge.learn([(new, known)], moment, source.actor)
        knowledge.retire([old], moment)
        _finish(source, owner, {"facts": 1}, len(batch.passages))


def reword(passage: Passage, text: str, configuration: str) -> int:
    """Index the words of a passage anew, in another language; → 0 when it is gone."""
    return Passage.objects.filter(tenant=passage.tenant_id, id=passage.id).update(
        tsv=words(text, configuration, passage.speaker), length=word_count(text, configuration, passage.speaker)
    )


def restore(
    tenant_id: uuid.UUID,
    memory_id: uuid.UUID,
    revision_id: uuid.UUID | None,
    *,
    actor: str,
) -> None:
    """Make an earlier revision of a memory, or the last live one, its last word again; nothing if it is already.

    Raises MemoryNotFound, NotFound (no such revision) or Conflict (another live memory holds the text).
    """
    with transaction.atomic():
        owner = _lock_owner(tenant_id, memory_id)
        moment = now()
        old = open_revision(tenant_id, memory_id, moment)
        rows = Revision.objects.filter(tenant=tenant_id, memory_key=memory_id)
        wanted = Q(valid_to=None, archived=False) if revision_id is None else Q(id=revision_id)
        found = rows.filter(wanted).order_by("-recorded_at", "-id").first()
        if found is None:
            raise NotFound("revision_id: this memory has no such revision", field="revision_id")
        if found.id == old.id:
            return
        new = successor(found, UpdateCommand(""), moment, actor=actor)
        new.action, new.expires_at, new.archived, new.valid_to = Action.RESTORE.value, old.expires_at, False, None
        _refuse_taken(new)
        _retire([old], moment)
        _write(Batch(revisions=[new]))
        _current_text(new)
        if new.text_key != old.text_key:
            knowledge.retire([old], moment)
        knowledge.revive(new, moment)
        owners.changed(owner)


def edit(tenant_id: uuid.UUID, memory_id: uuid.UUID, command: UpdateCommand, *, actor: str) -> None:
    """Change anything but the text of a memory: a new revision that shares the old one's passages."""
    with transaction.atomic():
        owner = _lock_owner(tenant_id, memory_id)
        moment = now()
        old = open_revision(tenant_id, memory_id, moment)
        if any(v is not KEEP for v in (command.metadata, command.memory_type, command.expires_at)):
            new = successor(old, command, moment, actor=actor)
            _retire([old], moment)
            _write(Batch(revisions=[new]))
        _touch_memory(old, command)
        owners.changed(owner)


def archive(tenant_id: uuid.UUID, revisions: Sequence[uuid.UUID], *, actor: str, reason: str) -> int:
    """Archive the memories of which one of these live revisions is the last word; → how many. Callers hold the lock."""
    moment = now()
    olds = list(Revision.objects.filter(tenant=tenant_id, id__in=list(revisions)).alive(moment))
    batch = Batch(revisions=[successor(old, UpdateCommand(""), moment, actor=actor) for old in olds])
    for new in batch.revisions:
        new.action, new.archived, new.reason = Action.ARCHIVE.value, True, reason
    _retire(olds, moment)
    _write(batch)
    for owner in {(old.project, old.user_id) for old in olds}:
        knowledge.retire([old for old in olds if (old.project, old.user_id) == owner], moment)
    return len(olds)


def open_revision(tenant_id: uuid.UUID, memory_id: uuid.UUID, moment: dt.datetime) -> Revision:
    """The last word about a memory that is there and not expired, else MemoryNotFound."""
    row = Revision.objects.filter(tenant=tenant_id, memory_key=memory_id, retired_at=None).first()
    if row is None or (row.expires_at is not None and row.expires_at <= moment):
        raise MemoryNotFound(public(MEMORY, memory_id))
    return row


def _lock_owner(tenant_id: uuid.UUID, memory_id: uuid.UUID) -> Owner:
    where = Revision.objects.filter(tenant=tenant_id, memory_key=memory_id, retired_at=None)
    found = where.values_list("project", "user_id").first()
    if found is None:
        raise MemoryNotFound(public(MEMORY, memory_id))
    return owners.lock(tenant_id, *found)


def _begin(tenant_id: uuid.UUID, source_id: uuid.UUID) -> tuple[Owner, Source]:
    """The owner's lock first, then the Source's: every writer takes them in this order."""
    rows = Source.objects.filter(tenant=tenant_id, id=source_id)
    scope = rows.values_list("project", "user_id").first()
    if scope is None:
        raise GoneError
    owner = owners.lock(tenant_id, *scope)
    source = rows.select_for_update().first()
    if source is None or source.blanked_at is not None or source.state != SourceState.PENDING:
        raise GoneError
    return owner, source


def _refuse_taken(new: Revision) -> None:
    live = live_digests(new.tenant_id, new.project, new.user_id, new.agent_id, [bytes(new.digest)])
    holder = live.get(bytes(new.digest))
    if holder is not None and holder != new.memory_key:
        raise Conflict("Another memory holds this text already.", memory_id=public(MEMORY, holder))


def _refuse_ended(old: Revision) -> None:
    if old.archived or old.valid_to is not None:
        raise Conflict("This memory is no longer live. Restore it first.", memory_id=public(MEMORY, old.memory_key))


def _current_text(new: Revision) -> None:
    """Search reads the vectors of a memory's last word alone."""
    passages = Passage.objects.filter(tenant=new.tenant_id, memory_key=new.memory_key)
    for current, texts in (
        (False, passages.exclude(text_key=new.text_key)),
        (True, passages.filter(text_key=new.text_key)),
    ):
        vectors = Embedding.objects.filter(tenant=new.tenant_id, passage_key__in=texts.values("id"))
        vectors.exclude(current=current).update(current=current)


def _retire(revisions: Collection[Revision], moment: dt.datetime) -> None:
    for tenant_id in {revision.tenant_id for revision in revisions}:
        going = [revision.id for revision in revisions]
        Revision.objects.filter(tenant=tenant_id, id__in=going, retired_at=None).update(retired_at=moment)


def _open_revisions(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Revision]:
    if not ids:
        return {}
    rows = Revision.objects.filter(tenant=tenant_id, memory_key__in=list(ids), retired_at=None)
    return {row.memory_key: row for row in rows}


def _touch_memory(old: Revision, command: UpdateCommand) -> None:
    changes = {
        name: value
        for name, value in (("pinned", command.pinned), ("importance", command.importance))
        if value is not KEEP
    }
    if changes:
        Memory.objects.filter(tenant=old.tenant_id, id=old.memory_key).update(**changes)


def _write(batch: Batch) -> None:
    Memory.objects.bulk_create(batch.memories, batch_size=BATCH)
    Revision.objects.bulk_create(batch.revisions, batch_size=BATCH)
    Passage.objects.bulk_create(batch.passages, batch_size=BATCH)
    Embedding.objects.bulk_create(batch.embeddings, batch_size=BATCH)
    TokenVectors.objects.bulk_create(batch.tokens, batch_size=BATCH)
    happened.written(batch.revisions)


def _record(outcomes: Sequence[Outcome]) -> None:
    Outcome.objects.bulk_create(outcomes, batch_size=BATCH)
    for decision, count in Counter(one.decision for one in outcomes).items():
        transaction.on_commit(partial(metrics.decided, decision, count), robust=True)


def _go_on(source: Source, changed: Owner | None, progress: Progress, passages: int) -> None:
    """Leave the Source pending for its next batch. When the id that it had reserved is a memory's now, the rest
    reserves another one, under which recall finds it meanwhile."""
    result = {name: value for name, value in source.result.items() if name != LOST}
    Source.objects.filter(tenant=source.tenant_id, id=source.id).update(
        allocated_id=new_id() if changed is not None else source.allocated_id,
        attempts=1,
        result=result | progress.kept(),
    )
    if changed is not None:
        owners.changed(changed, passages)


def _finish(source: Source, changed: Owner | None, result: Mapping[str, object], passages: int) -> None:
    """Close the Source; what recall read of it while it was pending is dropped. `passages` were written for it."""
    Source.objects.filter(tenant=source.tenant_id, id=source.id).update(
        state=SourceState.APPLIED.value,
        finished_at=now(),
        lease_until=None,
        kick_at=None,
        tsv=None,
        vector=None,
        model="",
        result=dict(result),
    )
    if changed is not None:
        owners.changed(changed, passages)
