"""Supersede and restore memories. Nothing is overwritten."""

from __future__ import annotations

from apikeys.types import Principal
from core.clock import iso
from core.errors import InvalidRequest, NotFound
from core.ids import REVISION, parse
from memories.models import Revision
from memories.services import access
from memories.services.recall import load
from memories.services.store import enqueue_writes
from memories.services.update import outcome, refuse_ended, refuse_pending, refuse_taken, source_for
from memories.types import MemoryRecord, SourceKind, SupersedeCommand, WriteResult


def supersede(principal: Principal, command: SupersedeCommand) -> MemoryRecord | WriteResult:
    """Supersede a memory by a new one from `valid_from` on; → the new one, or the pending write.

    Raises MemoryNotFound, Conflict (no longer live, still pending, or the text is a live memory's) and InvalidRequest.
    """
    key = access.memory_key(principal, command.memory_id, command.user_id)
    current = load(principal.tenant_id, key, command.memory_id)
    refuse_pending(current)
    refuse_ended(current)
    if command.valid_from is not None and command.valid_from < current.valid_from:
        expected = f"valid_from: must not lie before {iso(current.valid_from)}, since when the old memory is true"
        raise InvalidRequest(expected, field="valid_from")
    refuse_taken(current, principal.tenant_id, command.content, but=None)
    payload = {"valid_from": iso(command.valid_from) if command.valid_from else None, "reason": command.reason}
    source = source_for(principal, current, SourceKind.SUPERSEDE, command.content, payload)
    (result,) = enqueue_writes([source], wait=command.wait)
    return outcome(principal, result)


def restore(
    principal: Principal, memory_id: str, revision_id: str | None, user_id: str | None = None, *, wait: bool = True
) -> MemoryRecord | WriteResult:
    """Restore an earlier revision, or the last live one; → the memory, or the pending write.

    Raises MemoryNotFound, NotFound (no such revision) and Conflict (still pending, or the text is a live memory's).
    """
    key = access.memory_key(principal, memory_id, user_id)
    current = load(principal.tenant_id, key, memory_id)
    refuse_pending(current)
    rows = Revision.objects.filter(tenant=principal.tenant_id, memory_key=key)
    wanted = None if revision_id is None else parse(REVISION, revision_id)
    if revision_id is not None and (wanted is None or not rows.filter(id=wanted).exists()):
        raise NotFound("revision_id: this memory has no such revision", field="revision_id")
    payload = {"revision_id": str(wanted) if wanted else None}
    source = source_for(principal, current, SourceKind.RESTORE, "", payload)
    (result,) = enqueue_writes([source], wait=wait)
    return outcome(principal, result)
