"""The scope of a request from its caller and parameters, and access checks of memory ids."""

from __future__ import annotations

import uuid

from django.conf import settings

from apikeys.types import Principal
from core.errors import MemoryNotFound
from core.ids import MEMORY, parse
from memories.models import Revision, Source
from memories.types import MemoryScope


def writing(principal: Principal, user_id: str | None, project: str | None) -> tuple[str, str]:
    """The user and the one project of a write or a search."""
    return principal.acting_user(user_id, settings.DEFAULT_USER_ID), principal.one_project(project)


def reading(principal: Principal, user_id: str | None, project: str | None) -> MemoryScope:
    """One user, in the named project or in all projects of the caller."""
    user = principal.acting_user(user_id, settings.DEFAULT_USER_ID)
    return MemoryScope(principal.tenant_id, user, principal.all_projects(project))


def memory_key(principal: Principal, memory_id: str, user_id: str | None = None) -> uuid.UUID:
    """The row id of a memory, pending or not, that the caller may access.

    Raises the same MemoryNotFound for unknown, malformed, erased and foreign ids.
    """
    key = parse(MEMORY, memory_id)
    if key is None:
        raise MemoryNotFound(memory_id)
    if user_id is not None and principal.user_id is not None:
        principal.acting_user(user_id, "")
    owner = _owner(principal.tenant_id, key)
    user = principal.user_id if principal.user_id is not None else user_id
    if owner is None or (user is not None and owner[1] != user):
        raise MemoryNotFound(memory_id)
    if principal.projects and owner[0] not in principal.projects:
        raise MemoryNotFound(memory_id)
    return key


def _owner(tenant_id: uuid.UUID, key: uuid.UUID) -> tuple[str, str] | None:
    """(project, user) of a memory, or of the pending write that reserved this id."""
    rows = Revision.objects.filter(tenant=tenant_id, memory_key=key, retired_at=None)
    reserved = Source.objects.filter(tenant=tenant_id, reserved_id=key, redacted_at=None).exclude(state="applied")
    return rows.values_list("project", "user_id").first() or reserved.values_list("project", "user_id").first()
