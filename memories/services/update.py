"""Update: a new revision, never an overwrite. A new text uses the pipeline; other changes are applied at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction

from apikeys.types import Principal
from core.clock import iso, now
from core.errors import Conflict, InvalidRequest, MemoryNotFound
from core.ids import MEMORY, public
from core.unset import UNSET
from memories.models import Source
from memories.pipeline import apply, digest, owner_locks
from memories.retrieval import read
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


def update_all(principal: Principal, commands: Sequence[UpdateCommand], *, wait: bool = True) -> list[WriteResult]:
    """Update texts and metadata of several memories, all or none; → the writes of the new texts.

    Raises the errors of `update` and InvalidRequest (a memory is named twice); nothing is written then.
    """
    keys = access.memory_keys(principal, [command.memory_id for command in commands])
    if len(set(keys)) < len(keys):
        raise InvalidRequest("memories: must not name a memory twice", field="memories")
    found = read.by_ids(principal.tenant_id, keys, now())
    texts: list[tuple[MemoryRecord, UpdateCommand]] = []
    edits: list[tuple[MemoryRecord, UpdateCommand]] = []
    for key, command in zip(keys, commands, strict=True):
        current = found.get(key)
        if current is None:
            raise MemoryNotFound(command.memory_id)
        refuse_pending(current)
        is_edit = command.content is UNSET or command.content == current.content
        (edits if is_edit else texts).append((current, command))
    _refuse_all_taken(principal.tenant_id, texts)
    sources = [
        source_for(principal, current, SourceKind.UPDATE, str(command.content), _payload(command))
        for current, command in texts
    ]
    edit = partial(_edit_all, principal, edits)
    if not sources:
        with transaction.atomic():
            edit()
        return []
    return enqueue_writes(sources, wait=wait, before=edit)


def _edit_all(principal: Principal, edits: Sequence[tuple[MemoryRecord, UpdateCommand]]) -> None:
    owner_locks.lock_all(principal.tenant_id, [(current.project, current.user_id) for current, _ in edits])
    for current, command in edits:
        apply.edit(principal.tenant_id, current.id, command, actor=principal.caller)


def _refuse_all_taken(tenant_id: uuid.UUID, texts: Sequence[tuple[MemoryRecord, UpdateCommand]]) -> None:
    """One statement for each owner and agent. Two of the new texts must differ, too."""
    wanted: dict[tuple[str, str, str | None], dict[bytes, uuid.UUID]] = {}
    for current, command in texts:
        refuse_ended(current)
        digests = wanted.setdefault((current.project, current.user_id, current.agent_id), {})
        if (other := digests.setdefault(digest.of_text(str(command.content)), current.id)) != current.id:
            raise Conflict("Another memory gets this text already.", memory_id=public(MEMORY, other))
    for (project, user_id, agent_id), digests in wanted.items():
        for of, holder in live_digests(tenant_id, project, user_id, agent_id, list(digests)).items():
            if holder != digests[of]:
                raise Conflict("Another memory holds this text already.", memory_id=public(MEMORY, holder))


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
