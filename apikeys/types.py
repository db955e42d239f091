"""The caller of a request, as services see it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from apikeys.scopes import SCOPES, Role, Scope
from core.errors import InvalidRequest, ScopeDenied


@dataclass(frozen=True, slots=True)
class Monitor:
    """The holder of METRICS_TOKEN: may read the metrics of the service, belongs to no tenant, and has no other
    permission."""

    is_authenticated = True

    def has(self, scope: Scope) -> bool:
        return scope is Scope.METRICS


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a tenant, the permissions of the key, and the users and projects it may access.

    `user_id` None: any user of the tenant. `projects` empty: any project. `caller` is the text of actors and receipts.
    `tenant_limits`, `tier` and `key_limits` change its rate limits (`apikeys.limits`).
    """

    tenant_id: uuid.UUID
    caller: str
    role: Role
    user_id: str | None = None
    projects: frozenset[str] = field(default_factory=frozenset)
    default_project: str = "default"
    key_id: uuid.UUID | None = None
    tier: str = "standard"
    is_master: bool = False
    tenant_limits: Mapping[str, str] = field(default_factory=dict, hash=False)
    key_limits: Mapping[str, str] = field(default_factory=dict, hash=False)

    # DRF reads this attribute of an authenticated user.
    is_authenticated = True

    def has(self, scope: Scope) -> bool:
        return scope in SCOPES[self.role]

    def acting_user(self, named: str | None, default: str) -> str:
        """The end user of a request: the user of the key, else `named`, else `default`."""
        if self.user_id is None:
            return named if named is not None else default
        if named is not None and named != self.user_id:
            raise ScopeDenied("user_id: this API key acts for one user and may not name another", field="user_id")
        return self.user_id

    def one_project(self, named: str | None) -> str:
        """The project of a write or a query: `named`, else the only project of the key, else the default one."""
        if named is not None:
            return self._allowed(named)
        if not self.projects:
            return self.default_project
        if len(self.projects) == 1:
            return next(iter(self.projects))
        names = ", ".join(sorted(self.projects))
        raise InvalidRequest(f"project: this API key has several projects: name one of them ({names})", field="project")

    def all_projects(self, named: str | None) -> tuple[str, ...] | None:
        """The projects of a read: `named`, or all that the key may use (None: no limit)."""
        if named is not None:
            return (self._allowed(named),)
        return tuple(sorted(self.projects)) or None

    def _allowed(self, project: str) -> str:
        if self.projects and project not in self.projects:
            raise ScopeDenied("project: this API key may not use this project", field="project")
        return project


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key in lists. `preview` is enough to recognise it; no field contains the key."""

    id: uuid.UUID
    tenant: str
    name: str
    role: Role
    user_id: str | None
    project_ids: tuple[str, ...]
    rate_limit_tier: str
    rate_limits: Mapping[str, str]
    preview: str
    status: str
    created_by: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None
    replaced_by: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class NewKeyRecord:
    """A new key. `secret` is shown once. `replaces` is the key that it replaces by rotation."""

    key: KeyRecord
    secret: str
    replaces: uuid.UUID | None = None
