"""Erase expired memories now instead of at the next scheduled run."""

from __future__ import annotations

from apikeys.types import Principal
from memories.pipeline import expire
from memories.types import MemoryScope


def clean_expired(principal: Principal, *, dry_run: bool) -> int:
    """The number of expired memories in the caller's scope that were erased, or with `dry_run` would be."""
    scope = MemoryScope(principal.tenant_id, principal.user_id, principal.all_projects(None))
    return expire.count(scope) if dry_run else expire.scope(scope)
