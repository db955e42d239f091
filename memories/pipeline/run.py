"""One accepted write, from its Source to what came of it: extract → reconcile → apply, in the worker, once.

Models and the network work first, with no transaction open; then a pure decision; then one transaction.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db.models import F, Q
from django.utils.dateparse import parse_datetime

from memories.models import Source
from memories.pipeline import apply, digest, embed, store
from memories.pipeline.extract import knowledge_of
from memories.pipeline.lease import Lease, pending
from memories.types import KEEP, SourceKind, SourceState, SupersedeCommand, UpdateCommand
from memproject.common import metrics
from memproject.common.claims import backoff
from memproject.common.clock import now
from memproject.common.errors import AppError
from memproject.common.redis import announce

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 20  # of a write that fails for a reason that isn't known to pass
LONGEST_WAIT = 3600.0  # seconds that a provider may ask for
WAITING = "waiting"  # for an earlier change of the same memory
PASSES = ("unavailable", "service_unavailable", "busy", WAITING)  # failures that end by themselves: tried without end


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
            _later(source, error.code, getattr(error, "retry_after", None))
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


def _update(source: Source, lease: Lease) -> None:
    command = command_of(source)
    content = str(command.content)
    (text,) = embed.texts(source, [content], lease)
    known = knowledge_of(content)
    apply.update(source.tenant_id, source.id, command, digest.of_text(content), text, known)


def _supersede(source: Source, lease: Lease) -> None:
    (text,) = embed.texts(source, [source.text], lease)
    valid_from = source.payload.get("valid_from")
    command = SupersedeCommand(
        memory_id="",
        content=source.text,
        valid_from=parse_datetime(valid_from) if valid_from else None,
        reason=source.payload.get("reason", ""),
    )
    known = knowledge_of(source.text)
    apply.supersede(source.tenant_id, source.id, command, digest.of_text(source.text), text, known)


WORK: dict[SourceKind, Callable[[Source, Lease], None]] = {
    SourceKind.STORE: store.work,
    SourceKind.UPDATE: _update,
    SourceKind.SUPERSEDE: _supersede,
}


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


def _later(source: Source, failure: str, retry_after: float | None = None) -> None:
    """Try again, later and later. A write that never passes is set aside at last, with its text."""
    if source.attempts >= MOST_ATTEMPTS and failure not in PASSES:
        _close_failed(source, failure, {})
        return
    pending(source.tenant_id, source.id).update(failure=failure[:64])
    metrics.pipeline_ended(source.kind, "retried")
    asked = dt.timedelta(seconds=min(retry_after or 0, LONGEST_WAIT))
    _release(source, now() + max(backoff(source.attempts), asked))


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
