"""Forget: erase exactly what was named, and give a receipt."""

from __future__ import annotations

from apikeys.types import Principal
from memories.models import Erasure
from memories.pipeline import erase
from memories.services import access
from memories.types import ErasureView, ForgetCommand, Scope
from memproject.common.errors import InvalidRequest, MemoryNotFound


def forget(principal: Principal, command: ForgetCommand) -> ErasureView:
    """Erase some memories by id, all of a user, or a project of a user.

    By ids: all of them or none; an unknown one is InvalidRequest. By scope, an unbound caller must name the user.
    """
    if command.memory_ids:
        return _by_ids(principal, command)
    user_id = principal.acting_user(command.user_id, "")
    if not user_id:
        raise InvalidRequest("user_id: name the user whose memories are to be deleted", field="user_id")
    projects = principal.all_projects(command.project)
    kind = "project" if command.project is not None else "user"
    return view(erase.scope(Scope(principal.tenant_id, user_id, projects), kind=kind, actor=principal.caller))


def forget_one(principal: Principal, memory_id: str, user_id: str | None = None) -> ErasureView:
    """Erase one memory, pending or not; MemoryNotFound when there is none for this caller."""
    key = access.memory_key(principal, memory_id, user_id)
    return view(erase.by_ids(principal.tenant_id, [key], actor=principal.caller))


def _by_ids(principal: Principal, command: ForgetCommand) -> ErasureView:
    keys = []
    for memory_id in dict.fromkeys(command.memory_ids):
        try:
            keys.append(access.memory_key(principal, memory_id, command.user_id))
        except MemoryNotFound as error:
            raise InvalidRequest(f"memory_ids: {error.message}; nothing was deleted", field="memory_ids") from None
    return view(erase.by_ids(principal.tenant_id, keys, actor=principal.caller))


def view(erasure: Erasure) -> ErasureView:
    return ErasureView(
        id=erasure.id,
        scope=erasure.scope,
        counts=erasure.counts,
        requested_at=erasure.requested_at,
        completed_at=erasure.completed_at,
        signature=erasure.signature,
    )
