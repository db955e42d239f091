"""The scope of a request from its caller and parameters, and access checks of memory ids."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.conf import settings

from apikeys.types import Principal
from core.errors import MemoryNotFound
from core.ids import MEMORY, parse
from memories import filters
from memories.models import Revision, Source
from memories.types import Filter, MemoryScope


def writing(principal: Principal, user_id: str | None, project: str | None) -> tuple[str, str]:
    """The user and the one project of a write or a search."""
    return principal.acting_user(user_id, settings.DEFAULT_USER_ID), principal.one_project(project)


def reading(principal: Principal, user_id: str | None, project: str | None) -> MemoryScope:
    """One user, in the named project or in all projects of the caller."""
    user = principal.acting_user(user_id, settings.DEFAULT_USER_ID)
    return MemoryScope(principal.tenant_id, user, principal.all_projects(project))


def selected(
    principal: Principal, user_id: str | None, condition: Filter | None, *, any_user: bool = False
) -> tuple[str | None, Filter | None]:
    """The user of a read, and its filter without the conditions that the user replaces.

    `user_id` None: the user that the filter requires, else the default one. None is returned for all users that the
    caller may see: with `any_user`, or if the filter names users in another way.
    """
    named = filters.required(condition, "user_id") if user_id is None else user_id
    if named is None and (any_user or filters.mentions(condition, "user_id")):
        return principal.user_id, condition
    user = principal.acting_user(named, settings.DEFAULT_USER_ID)
    return user, filters.without(condition, "user_id", user)


def memory_key(principal: Principal, memory_id: str, user_id: str | None = None) -> uuid.UUID:
    """The row id of a memory, pending or not, that the caller may access.

    Raises the same MemoryNotFound for unknown, malformed, erased and foreign ids.
    """
    return memory_keys(principal, [memory_id], user_id)[0]


def memory_keys(principal: Principal, memory_ids: Sequence[str], user_id: str | None = None) -> list[uuid.UUID]:
    """The row ids of several memories. Raises MemoryNotFound for the first that the caller cannot access."""
    keys = {memory_id: parse(MEMORY, memory_id) for memory_id in memory_ids}
    if user_id is not None and principal.user_id is not None:
        principal.acting_user(user_id, "")
    owners = _owners(principal.tenant_id, [key for key in keys.values() if key is not None])
    user = principal.user_id if principal.user_id is not None else user_id
    found = []
    for memory_id in memory_ids:
        key = keys[memory_id]
        project, owner = owners.get(key, (None, None)) if key is not None else (None, None)
        if key is None or project is None or (user is not None and owner != user):
            raise MemoryNotFound(memory_id)
        if principal.projects and project not in principal.projects:
            raise MemoryNotFound(memory_id)
        found.append(key)
    return found


def _owners(tenant_id: uuid.UUID, keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """(project, user) of memories, or of the pending writes that reserved these ids."""
    if not keys:
        return {}
    rows = Revision.objects.filter(tenant=tenant_id, memory_key__in=keys, retired_at=None)
    found = {key: (project, user) for key, project, user in rows.values_list("memory_key", "project", "user_id")}
    if missing := [key for key in keys if key not in found]:
        reserved = Source.objects.filter(tenant=tenant_id, reserved_id__in=missing, redacted_at=None)
        waiting = reserved.exclude(state="applied").values_list("reserved_id", "project", "user_id")
        found |= {key: (project, user) for key, project, user in waiting if key is not None}
    return found
