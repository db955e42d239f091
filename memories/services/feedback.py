"""Feedback about a memory, kept in its metadata."""

from __future__ import annotations

from apikeys.types import Principal
from core.metadata_keys import FEEDBACK
from memories.pipeline import apply
from memories.services import access
from memories.services.recall import load
from memories.services.update import refuse_pending
from memories.types import Json, MemoryRecord, UpdateCommand


def rate(principal: Principal, memory_id: str, feedback: Json | None) -> MemoryRecord:
    """The memory with this feedback; None removes it. The same feedback again writes nothing.

    Raises MemoryNotFound, and Conflict if the memory is still pending.
    """
    key = access.memory_key(principal, memory_id)
    current = load(principal.tenant_id, key, memory_id)
    refuse_pending(current)
    if current.metadata.get(FEEDBACK) == feedback:
        return current
    apply.edit(
        principal.tenant_id, key, UpdateCommand(memory_id, metadata={FEEDBACK: feedback}), actor=principal.caller
    )
    return load(principal.tenant_id, key, memory_id)
