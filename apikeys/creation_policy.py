"""Which callers may manage which keys. The master key manages the keys of all tenants; an admin key without a user
manages those of its own tenant.

No key can grant a role, users or projects that it does not have, and none can manage a key that it could not have
granted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from apikeys import key_management, services, tenants
from apikeys.key_management import KeyChange
from apikeys.limits import STANDARD
from apikeys.models import ApiKey, Tenant
from apikeys.scopes import SCOPES, Role, Scope
from apikeys.services import NewKey
from apikeys.types import KeyRecord, NewKeyRecord, Principal
from core.clock import now
from core.errors import InvalidRequest, NotFound, ScopeDenied
from core.ids import KEY, parse, public


@dataclass(frozen=True, slots=True)
class GrantCommand:
    """The creation of a key. `tenant` is for the master key only. `rate_limit_tier` None: the tier of the caller."""

    name: str
    role: Role = Role.EDITOR
    user_id: str | None = None
    project_ids: tuple[str, ...] | None = None
    rate_limit_tier: str | None = None
    rate_limits: Mapping[str, str] | None = None
    expires_at: dt.datetime | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class KeyQuery:
    tenant: str | None = None
    active: bool | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class KeyPage:
    keys: list[KeyRecord]
    total: int
    next_cursor: str | None


def grant(principal: Principal, command: GrantCommand) -> NewKeyRecord:
    """Create a key. Raises ScopeDenied for more than the caller's permissions, InvalidRequest for a wrong field."""
    _check_manager(principal)
    tenant = _tenant(principal, command.tenant)
    if not SCOPES[command.role] <= SCOPES[principal.role]:
        raise ScopeDenied("role: this API key may not grant a higher role than its own", field="role")
    tier, limits = command.rate_limit_tier, command.rate_limits
    _check_limits(principal, tier, limits)
    own = STANDARD if principal.is_master else principal.tier
    new = services.create(
        tenant=tenant,
        name=command.name,
        role=command.role,
        user_id=command.user_id,
        project_ids=_projects(principal, command.project_ids),
        tier=own if tier is None else tier,
        limits=limits if principal.is_master else principal.key_limits,
        expires_at=command.expires_at,
        created_by=principal.caller,
    )
    return _new(new)


def page(principal: Principal, query: KeyQuery) -> KeyPage:
    """A page of the keys that the caller manages, newest first."""
    rows = _manageable(principal)
    if query.tenant is not None:
        rows = rows.filter(tenant=_tenant(principal, query.tenant))
    if query.active is not None:
        alive = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now()))
        rows = rows.filter(alive if query.active else ~alive)
    total = rows.count()
    if query.cursor is not None:
        after = parse(KEY, query.cursor)
        made = _manageable(principal).filter(id=after).values_list("created_at", flat=True).first() if after else None
        if made is None:
            raise InvalidRequest(tenants.CURSOR, field="cursor")
        rows = rows.filter(Q(created_at__lt=made) | Q(created_at=made, id__lt=after))
    found = list(rows.order_by("-created_at", "-id")[: query.limit + 1])
    more = len(found) > query.limit
    found = found[: query.limit]
    return KeyPage([view(row) for row in found], total, public(KEY, found[-1].id) if more else None)


def get(principal: Principal, key_id: str) -> KeyRecord:
    return view(_row(principal, key_id))


def change(principal: Principal, key_id: str, new: KeyChange) -> KeyRecord:
    """Change name, expiry or limits. Raises ScopeDenied for limits that the caller may not grant."""
    row = _row(principal, key_id)
    _check_limits(principal, new.get("rate_limit_tier"), new.get("rate_limits"))
    return view(key_management.change(row.id, new))


def revoke(principal: Principal, key_id: str) -> KeyRecord:
    """End a key at once. A key that has ended before is unchanged."""
    services.revoke(_row(principal, key_id).id)
    return get(principal, key_id)


def rotate(principal: Principal, key_id: str, grace: dt.timedelta) -> NewKeyRecord:
    """Create a key with the same permissions. The old one ends at once, or after `grace`."""
    old = _row(principal, key_id)
    return _new(key_management.rotate(old.id, grace=grace, created_by=principal.caller), old.id)


def view(row: ApiKey) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        tenant=row.tenant.slug,
        name=row.name,
        role=Role(row.role),
        user_id=row.user_id,
        project_ids=tuple(row.project_ids),
        rate_limit_tier=row.rate_limit_tier,
        rate_limits=row.rate_limits,
        preview=row.preview,
        status=row.status(now()),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        replaced_by=row.replaced_by,
    )


def _new(new: NewKey, replaces: UUID | None = None) -> NewKeyRecord:
    return NewKeyRecord(view(new.row), new.secret, replaces)


def _row(principal: Principal, key_id: str) -> ApiKey:
    """A key that the caller manages. Raises the same NotFound for unknown, malformed and foreign ids."""
    key = parse(KEY, key_id)
    rows = _manageable(principal)
    row = rows.filter(id=key).first() if key else None
    if row is None:
        raise NotFound(f"API key with ID '{key_id}' not found")
    return row


def _check_manager(principal: Principal) -> None:
    if not principal.has(Scope.ADMIN):
        raise ScopeDenied
    if principal.user_id is not None:
        raise ScopeDenied("This API key acts for one user and may not manage keys.")


def _manageable(principal: Principal) -> QuerySet[ApiKey]:
    """The keys that a caller manages."""
    _check_manager(principal)
    rows = ApiKey.objects.select_related("tenant").filter(tenant__erased_at=None)
    if principal.is_master:
        return rows
    rows = rows.filter(tenant=principal.tenant_id)
    if principal.projects:
        rows = rows.filter(project_ids__contained_by=sorted(principal.projects)).exclude(project_ids=[])
    return rows


def _tenant(principal: Principal, named: str | None) -> Tenant:
    if principal.is_master:
        return tenants.by_slug(named) if named is not None else services.default_tenant()
    if named is not None:
        raise ScopeDenied("tenant: only the master key may send this field", field="tenant")
    return Tenant.objects.get(id=principal.tenant_id)


def _projects(principal: Principal, named: tuple[str, ...] | None) -> list[str]:
    """The projects of a new key: those of the request, or all projects of the caller's key."""
    if named is None:
        return sorted(principal.projects)
    if principal.projects and not (named and principal.projects.issuperset(named)):
        raise ScopeDenied("project_ids: this API key may only grant projects that it has", field="project_ids")
    return list(dict.fromkeys(named))


def _check_limits(principal: Principal, tier: str | None, limits: Mapping[str, str] | None) -> None:
    """An admin of a tenant grants the limits of its own key; only the master key sets other limits."""
    if principal.is_master:
        return
    if tier is not None and tier != principal.tier:
        raise ScopeDenied("rate_limit_tier: this API key may only grant its own tier", field="rate_limit_tier")
    if limits is not None:
        raise ScopeDenied("rate_limits: only the master key may set them", field="rate_limits")
