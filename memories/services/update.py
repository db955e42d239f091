"""Update: a new revision, never an overwrite. A new text uses the pipeline; other changes are applied at once."""

from __future__ import annotations

import uuid
from typing import Any

from apikeys.types import Principal
from core.clock import iso, now
from core.errors import Conflict, InvalidRequest, MemoryNotFound
from core.ids import MEMORY, public
from core.unset import UNSET
from memories.models import Source
from memories.pipeline import apply, digest
from memories.retrieval.similar import live_digests
from memories.services import access
from memories.services.recall import load
from memories.services.store import enqueue_writes
from memories.types import Json, MemoryRecord, SourceKind, UpdateCommand, WriteResult


def update(principal: Principal, command: UpdateCommand) -> MemoryRecord | WriteResult:
    """The updated memory, or the pending write.

    Raises MemoryNotFound, Conflict (the text is another memory's, or the memory itself is still pending) and
    InvalidRequest; nothing is written then.
    """
    key = access.memory_key(principal, command.memory_id, command.user_id)
    current = load(principal.tenant_id, key, command.memory_id)
    refuse_pending(current)
    if command.expires_at not in (UNSET, None) and command.expires_at <= now():
        raise InvalidRequest("expires_at: must lie in the future", field="expires_at")
    if command.content is UNSET or command.content == current.content:
        apply.edit(principal.tenant_id, key, command, actor=principal.caller)
        return load(principal.tenant_id, key, command.memory_id)
    refuse_ended(current)
    refuse_taken(current, principal.tenant_id, str(command.content), but=current.id)
    source = source_for(principal, current, SourceKind.UPDATE, str(command.content), _payload(command))
    (result,) = enqueue_writes([source], wait=command.wait)
    return outcome(principal, result)


def outcome(principal: Principal, result: WriteResult) -> MemoryRecord | WriteResult:
    """The result of an update or supersede: the memory, or the pending write.

    Raises Conflict or MemoryNotFound if the write failed with it.
    """
    key = result.memory_id or result.event_id  # an erased change names no memory
    memory_id = public(MEMORY, key)
    if result.failure == "conflict":
        raise Conflict(str(result.detail.get("message", "")), memory_id=result.detail.get("memory_id"))
    if result.failure in ("memory_not_found", "erased"):  # it expired, or was deleted, during the wait
        raise MemoryNotFound(memory_id)
    if result.state == "succeeded":
        return load(principal.tenant_id, key, memory_id)
    return result


def source_for(principal: Principal, current: MemoryRecord, kind: SourceKind, text: str, payload: Json) -> Source:
    """The row of an accepted change of a memory."""
    return Source(
        tenant_id=principal.tenant_id,
        kind=kind.value,
        project=current.project,
        user_id=current.user_id,
        agent_id=current.agent_id,
        run_id=current.run_id,
        actor=principal.caller,
        text=text,
        payload=payload,
        target_key=current.id,
    )


def refuse_pending(current: MemoryRecord) -> None:
    if current.status in ("pending", "failed"):
        raise Conflict(
            "This memory is still being stored. Try again in a moment.", memory_id=public(MEMORY, current.id)
        )


def refuse_ended(current: MemoryRecord) -> None:
    if current.status != "active" or current.valid_to is not None:
        raise Conflict("This memory is no longer live. Restore it first.", memory_id=public(MEMORY, current.id))


def refuse_taken(current: MemoryRecord, tenant_id: uuid.UUID, content: str, *, but: uuid.UUID | None) -> None:
    """Raise a conflict before anything is accepted; the pipeline checks again under the lock."""
    wanted = digest.of_text(content)
    live = live_digests(tenant_id, current.project, current.user_id, current.agent_id, [wanted])
    if (holder := live.get(wanted)) not in (None, but):
        raise Conflict("Another memory holds this text already.", memory_id=public(MEMORY, holder))


def _payload(command: UpdateCommand) -> dict[str, Any]:
    said: dict[str, Any] = {
        "metadata": command.metadata,
        "memory_type": command.memory_type,
        "pinned": command.pinned,
        "importance": command.importance,
        "expires_at": command.expires_at,
    }
    kept = {name: value for name, value in said.items() if value is not UNSET}
    if kept.get("expires_at") is not None:
        kept["expires_at"] = iso(kept["expires_at"])
    return kept
