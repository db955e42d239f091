"""One accepted write, from its Source to what came of it: extract → reconcile → apply, in the worker, once.

Models and the network work first, with no transaction open; then a pure decision; then one transaction.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_datetime

from memories.models import Source
from memories.pipeline import apply, digest, owners
from memories.pipeline.embed import embedded
from memories.pipeline.extract import extract
from memories.pipeline.reconcile import Step, reconcile
from memories.pipeline.rows import Embedded, embedded_texts
from memories.providers import registry
from memories.types import KEEP, Decision, Fact, Item, Json, SourceKind, SourceState, SupersedeCommand, UpdateCommand
from memproject.common import metrics
from memproject.common.claims import backoff
from memproject.common.clock import now
from memproject.common.errors import AppError
from memproject.common.redis import announce

log = logging.getLogger(__name__)

DECISIONS = 3  # how often a stale decision is made again; the last one only corrects what the lock shows
MOST_ATTEMPTS = 20  # of a write that fails for a reason that isn't known to pass
WAITING = "waiting"  # for an earlier change of the same memory
PASSES = ("unavailable", "service_unavailable", "busy", WAITING)  # failures that end by themselves: tried without end
EARLY = 64  # a write with more passages than this gets its own vector first, so that recall finds it meanwhile


@dataclass(slots=True)
class Lease:
    """Our right to work on a Source, renewed while the work goes on."""

    tenant_id: uuid.UUID
    source_id: uuid.UUID
    renewed: float

    def keep(self) -> None:
        if time.monotonic() - self.renewed > settings.LEASE_SECONDS / 3:
            until = now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
            pending(self.tenant_id, self.source_id).update(lease_until=until, kick_at=until)
            self.renewed = time.monotonic()


def pending(tenant_id: uuid.UUID, source_id: uuid.UUID) -> QuerySet[Source]:
    """The Source, as long as nobody has finished or erased it: a change of state that comes too late touches no row."""
    return Source.objects.filter(tenant=tenant_id, id=source_id, state=SourceState.PENDING)


def run(tenant_id: uuid.UUID, source_id: uuid.UUID) -> None:
    """Work on a Source if it is pending and nobody else does. Never raises for what a write can hold."""
    source = claim(tenant_id, source_id)
    if source is None:
        return
    lease = Lease(tenant_id, source_id, time.monotonic())
    try:
        with metrics.pipeline_run(source.kind):
            WORK[SourceKind(source.kind)](source, lease)
    except apply.GoneError:
        log.info("source %s is gone or done", source_id)
    except AppError as error:
        if error.retryable:
            _later(source, error.code)
        else:
            _close_failed(source, error.code, {"message": error.message, **error.data})
    except Exception as error:
        # The text is kept and recall finds it; an operator sees the row. The message may quote text: it isn't logged.
        log.error("source %s failed: %s", source_id, type(error).__name__, exc_info=settings.DEBUG)
        _later(source, type(error).__name__)
    announce(source_id)


def claim(tenant_id: uuid.UUID, source_id: uuid.UUID) -> Source | None:
    """Take the lease, unless another worker has it or an earlier change of the same memory still waits."""
    moment = now()
    until = moment + dt.timedelta(seconds=settings.LEASE_SECONDS)
    free = pending(tenant_id, source_id).filter(Q(lease_until=None) | Q(lease_until__lte=moment))
    if not free.update(lease_until=until, kick_at=until, attempts=F("attempts") + 1):
        return None
    source = pending(tenant_id, source_id).first()
    if source is None:
        return None
    if source.attempts > MOST_ATTEMPTS and source.failure not in PASSES:
        # It never came back to say why: whoever worked on it was killed each time.
        _close_failed(source, source.failure or "worker_lost", {})
        return None
    if source.target_key is None:
        return source
    earlier = Source.objects.filter(
        tenant=tenant_id, target_key=source.target_key, state=SourceState.PENDING, id__lt=source_id
    )
    if earlier.exists():
        pending(tenant_id, source_id).update(failure=WAITING)
        _release(source, moment + dt.timedelta(seconds=1))
        return None
    return source


def _store(source: Source, lease: Lease) -> None:
    facts, skipped = facts_of(items_of(source), source.payload)
    known = [(fact, digest.of_fact(fact, source.run_id)) for fact in facts]
    result: dict[str, object] = {"facts": len(facts), "skipped": skipped}
    if source.payload.get("detailed"):
        result["said"] = [[fact.position, fact.confidence, fact.importance] for fact in facts]
    texts: dict[bytes, Embedded] = {}
    for attempt in range(DECISIONS):
        seen = owners.version(source.tenant_id, source.project, source.user_id)
        live = apply.live_digests(
            source.tenant_id, source.project, source.user_id, source.agent_id, [d for _, d in known]
        )
        steps = reconcile(known, live)
        _embed_new(source, steps, texts, lease)
        try:
            last = attempt == DECISIONS - 1
            apply.store(source.tenant_id, source.id, steps, texts, None if last else seen, result)
        except apply.StaleError:
            continue
        return
    _later(source, "busy")
    raise apply.GoneError


def facts_of(items: Sequence[Item], payload: Json) -> tuple[tuple[Fact, ...], int]:
    """The facts of a write that matter enough, and how many didn't."""
    roles = payload.get("roles")
    found = extract(items, infer=payload.get("infer", True), roles=None if roles is None else frozenset(roles))
    kept = tuple(fact for fact in found if fact.importance >= payload.get("min_importance", 0))
    return kept, len(found) - len(kept)


def _embed_new(source: Source, steps: Sequence[Step], texts: dict[bytes, Embedded], lease: Lease) -> None:
    """Embed the texts that will be added and aren't in `texts` yet, all in one go."""
    new = {s.digest: s.fact.content for s in steps if s.decision is Decision.ADD and s.digest not in texts}
    if new:
        texts.update(zip(new, _embed(source, list(new.values()), lease), strict=True))


def _embed(source: Source, contents: list[str], lease: Lease) -> list[Embedded]:
    encoder = registry.encoder()
    model = encoder.embedder
    if len(embedded_texts(contents)[1]) > EARLY:
        head = model.embed([source.text[:2000]])[0]
        pending(source.tenant_id, source.id).update(vector=head, model=model.model)
    return embedded(encoder, contents, lease.keep)


def _update(source: Source, lease: Lease) -> None:
    command = command_of(source)
    content = str(command.content)
    (text,) = _embed(source, [content], lease)
    apply.update(source.tenant_id, source.id, command, digest.of_text(content), text)


def _supersede(source: Source, lease: Lease) -> None:
    (text,) = _embed(source, [source.text], lease)
    valid_from = source.payload.get("valid_from")
    command = SupersedeCommand(
        memory_id="",
        content=source.text,
        valid_from=parse_datetime(valid_from) if valid_from else None,
        reason=source.payload.get("reason", ""),
    )
    apply.supersede(source.tenant_id, source.id, command, digest.of_text(source.text), text)


WORK: dict[SourceKind, Callable[[Source, Lease], None]] = {
    SourceKind.STORE: _store,
    SourceKind.UPDATE: _update,
    SourceKind.SUPERSEDE: _supersede,
}


def items_of(source: Source) -> list[Item]:
    """What was said, cut out of the raw text again."""
    return [
        Item(
            source.text[i["start"] : i["stop"]],
            i.get("role"),
            i.get("speaker"),
            parse_datetime(i["said_at"]) if i.get("said_at") else None,
            i.get("stamp"),
        )
        for i in source.payload["items"]
    ]


def command_of(source: Source) -> UpdateCommand:
    """The update that this Source was accepted for."""
    said = source.payload
    expires = said.get("expires_at", KEEP)
    return UpdateCommand(
        memory_id="",
        content=source.text,
        metadata=said.get("metadata", KEEP),
        memory_type=said.get("memory_type", KEEP),
        expires_at=parse_datetime(expires) if isinstance(expires, str) else expires,
        pinned=said.get("pinned", KEEP),
        importance=said.get("importance", KEEP),
    )


def _release(source: Source, kick_at: dt.datetime) -> None:
    pending(source.tenant_id, source.id).update(lease_until=None, kick_at=kick_at)


def _later(source: Source, failure: str) -> None:
    """Try again, later and later. A write that never passes is set aside at last, with its text."""
    if source.attempts >= MOST_ATTEMPTS and failure not in PASSES:
        _close_failed(source, failure, {})
        return
    pending(source.tenant_id, source.id).update(failure=failure[:64])
    metrics.pipeline_ended(source.kind, "retried")
    _release(source, now() + backoff(source.attempts))


def _close_failed(source: Source, failure: str, result: dict[str, object]) -> None:
    metrics.pipeline_ended(source.kind, "failed")
    pending(source.tenant_id, source.id).update(
        state=SourceState.FAILED,
        failure=failure[:64],
        result=result,
        finished_at=now(),
        lease_until=None,
        kick_at=None,
    )
