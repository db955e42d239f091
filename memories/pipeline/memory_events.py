"""Webhook events of memories: built here, emitted in the transaction of the change."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from core.clock import iso
from core.ids import MEMORY, public
from core.metadata_keys import APP_ID, without_reserved
from memories.models import Revision
from memories.types import Action
from webhooks import emit
from webhooks.types import Event


def emit_written(revisions: Sequence[Revision]) -> None:
    """memory.created for a first revision, memory.updated for any other."""
    emit.emit([_event(revision) for revision in revisions])


def emit_deleted(
    tenant_id: uuid.UUID, memories: Iterable[tuple[uuid.UUID, str, str]], moment: dt.datetime, *, expired: bool
) -> None:
    """memory.deleted, or memory.expired, for each (id, project, user); undelivered events about them are dropped."""
    rows = list(memories)
    emit.redact(tenant_id, [row for row, _, _ in rows])
    kind = "memory.expired" if expired else "memory.deleted"
    emit.emit(
        [
            Event(kind, tenant_id, project, user_id, row, moment, {"id": public(MEMORY, row)})
            for row, project, user_id in rows
        ]
    )


def _event(revision: Revision) -> Event:
    data = {
        "id": public(MEMORY, revision.memory_key),
        "content": revision.content,
        "metadata": without_reserved(revision.metadata),
        "memory_type": revision.memory_type,
        "agent_id": revision.agent_id,
        "app_id": revision.metadata.get(APP_ID),
        "run_id": revision.run_id,
        "action": str(revision.action),
        "reason": revision.reason,
        "valid_from": iso(revision.valid_from),
        "valid_to": iso(revision.valid_to) if revision.valid_to else None,
        "expires_at": iso(revision.expires_at) if revision.expires_at else None,
    }
    return Event(
        type="memory.created" if revision.action == Action.ADD else "memory.updated",
        tenant_id=revision.tenant_id,
        project=revision.project,
        user_id=revision.user_id,
        subject=revision.memory_key,
        at=revision.recorded_at,
        data=data,
    )
