"""Erase the named memories, and return a receipt."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from apikeys.types import Principal
from core.errors import InvalidRequest, MemoryNotFound
from entities.services import listing as entity_reads
from memories import filters
from memories.models import Erasure
from memories.pipeline import erase
from memories.retrieval import read
from memories.services import access
from memories.types import ErasureReceipt, Filter, ForgetCommand, MemoryScope


def forget(principal: Principal, command: ForgetCommand) -> ErasureReceipt:
    """Erase some memories by id, by filters or by an entity that they mention, all of a user, or a user's project.

    By ids: all of them or none; an unknown one is InvalidRequest. Otherwise a caller without a bound user must name the
    user, in the command or in its filters, unless the filters apply to any user.
    """
    if command.memory_ids:
        return _by_ids(principal, command)
    named = command.user_id if command.user_id is not None else filters.required(command.filters, "user_id")
    user_id = principal.acting_user(named, "") or None
    if user_id is None and not (command.any_user and command.filters is not None):
        raise InvalidRequest(
            "user_id: name the user whose memories are to be deleted; nothing was deleted", field="user_id"
        )
    scope = MemoryScope(principal.tenant_id, user_id, principal.all_projects(command.project))
    if command.entity is not None:
        return _by_entity(principal, scope, command.entity)
    if command.filters is not None:
        return _by_filters(principal, scope, command.filters)
    kind = "project" if command.project is not None else "user"
    return view(erase.scope(scope, kind=kind, actor=principal.caller))


def forget_one(principal: Principal, memory_id: str, user_id: str | None = None) -> ErasureReceipt:
    """Erase one memory, pending or not. Raises MemoryNotFound if the caller cannot access it."""
    return forget_each(principal, [memory_id], user_id)


def forget_each(principal: Principal, memory_ids: Sequence[str], user_id: str | None = None) -> ErasureReceipt:
    """Erase these memories, pending or not, all or none. Raises MemoryNotFound for the first that the caller cannot
    access."""
    keys = access.memory_keys(principal, memory_ids, user_id)
    return view(erase.by_ids(principal.tenant_id, keys, actor=principal.caller))


def forget_with_predecessors(principal: Principal, memory_id: str) -> ErasureReceipt:
    """Erase one memory and, transitively, the older memories that it superseded, in one transaction."""
    key = access.memory_key(principal, memory_id)
    keys = [key, *read.predecessors_of(principal.tenant_id, key)]
    return view(erase.by_ids(principal.tenant_id, keys, actor=principal.caller))


def _by_entity(principal: Principal, scope: MemoryScope, name: str) -> ErasureReceipt:
    """Memories that mention the entity; writes that are not applied have no mentions yet."""
    entities = entity_reads.named(scope.tenant_id, str(scope.user_id), scope.projects, name)
    if not entities:
        raise InvalidRequest("entity: there is none of that name; nothing was deleted", field="entity")

    def find(most: int) -> dict[uuid.UUID, tuple[int, ...]]:
        return dict.fromkeys(entity_reads.mentioning(scope.tenant_id, entities, most), ())

    return view(erase.matching(scope, find, kind="entity", actor=principal.caller))


def _by_filters(principal: Principal, scope: MemoryScope, condition: Filter) -> ErasureReceipt:
    """In any state: archived, outdated and pending memories are erased too. Of a write that is not applied, the
    messages that match are erased."""

    def find(most: int) -> dict[uuid.UUID, list[int]]:
        return read.erasable(scope, condition, limit=most)

    return view(erase.matching(scope, find, kind="filters", actor=principal.caller))


def _by_ids(principal: Principal, command: ForgetCommand) -> ErasureReceipt:
    try:
        return forget_each(principal, list(dict.fromkeys(command.memory_ids)), command.user_id)
    except MemoryNotFound as error:
        raise InvalidRequest(f"memory_ids: {error.message}; nothing was deleted", field="memory_ids") from None


def view(erasure: Erasure) -> ErasureReceipt:
    return ErasureReceipt(
        id=erasure.id,
        scope=erasure.scope,
        counts=erasure.counts,
        requested_at=erasure.requested_at,
        completed_at=erasure.completed_at,
        signature=erasure.signature,
    )
