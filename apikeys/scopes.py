"""Roles and their scopes. Pure."""

from __future__ import annotations

import enum


class Scope(enum.StrEnum):
    READ = "memories:read"
    WRITE = "memories:write"
    DELETE = "memories:delete"
    STATUS = "status:read"
    METRICS = "metrics:read"
    ADMIN = "admin"


class Role(enum.StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


_VIEWER = frozenset({Scope.READ, Scope.STATUS})
_EDITOR = _VIEWER | {Scope.WRITE, Scope.DELETE}

SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _EDITOR | {Scope.METRICS, Scope.ADMIN},
}
