"""One accepted write, from its Source to what came of it: extract → reconcile → apply, in the worker, once.

Models and the network work first, with no transaction open; then a pure decision; then one transaction.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from django.conf import settings
from django.utils.dateparse import parse_datetime

from memories.models import Source
from memories.pipeline import apply, attempts, digest, embed, store
from memories.pipeline.extract import knowledge_of
from memories.pipeline.lease import Lease
from memories.types import KEEP, SourceKind, SupersedeCommand, UpdateCommand
from memproject.common import metrics
from memproject.common.errors import AppError
from memproject.common.redis import announce

log = logging.getLogger(__name__)


def run(tenant_id: uuid.UUID, source_id: uuid.UUID, limit: float = 0) -> None:
    """Work on a Source if it is pending and nobody else does. No content of a write makes this raise.

    `limit`: seconds after which Celery kills this process; 0: it doesn't.
    """
    claimed = attempts.claim(tenant_id, source_id, limit)
    if claimed is None:
        return
    source, lease = claimed
    try:
        with metrics.pipeline_run(source.kind), attempts.time_limit():
            WORK[SourceKind(source.kind)](source, lease)
    except attempts.TimedOutError:
        attempts.timed_out(source)
    except apply.GoneError:
        log.info("source %s is gone or done", source_id)
    except AppError as error:
        if error.retryable:
            attempts.later(source, error.code, getattr(error, "retry_after", None))
        else:
            attempts.close_failed(source, error.code, {"message": error.message, **error.data})
    except Exception as error:
        # The text is kept and recall finds it; an operator sees the row. The message may quote text: it isn't logged.
        log.error("source %s failed: %s", source_id, type(error).__name__, exc_info=settings.DEBUG)
        attempts.later(source, type(error).__name__)
    announce(source_id)


def _update(source: Source, lease: Lease) -> None:
    command = command_of(source)
    content = str(command.content)
    (text,) = embed.texts(source, [content], lease)
    with lease.held():
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
    with lease.held():
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
