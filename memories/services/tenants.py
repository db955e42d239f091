"""Tenants, for the master key: create, count, change, and erase with all data."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Count

from apikeys import tenants
from apikeys.tenants import TenantChange
from apikeys.types import Principal
from core.clock import now
from core.errors import InvalidRequest, ScopeDenied
from core.ids import TENANT, public
from memories.models import Revision
from memories.pipeline import erase_tenant


class StoredTenant(Protocol):
    """The shown columns of a tenant's row."""

    id: uuid.UUID
    slug: Any
    name: Any
    default_project: Any
    rate_limits: Any
    created_at: Any


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """`memories` and `users` count live memories, `keys` active keys."""

    id: uuid.UUID
    slug: str
    name: str
    default_project: str
    rate_limits: Mapping[str, str]
    created_at: dt.datetime
    memories: int
    users: int
    keys: int


@dataclass(frozen=True, slots=True)
class TenantPage:
    tenants: list[TenantRecord]
    total: int
    next_cursor: str | None


def create(principal: Principal, slug: str, new: TenantChange) -> TenantRecord:
    """Raises Conflict if the slug is taken."""
    _only_master(principal)
    return _views([tenants.create(slug, new)])[0]


def page(principal: Principal, limit: int, cursor: str | None) -> TenantPage:
    """Tenants, newest first."""
    _only_master(principal)
    found, total = tenants.page(limit, cursor)
    more, found = len(found) > limit, found[:limit]
    return TenantPage(_views(found), total, public(TENANT, found[-1].id) if more else None)


def get(principal: Principal, tenant_id: str) -> TenantRecord:
    _only_master(principal)
    return _views([tenants.get(tenant_id)])[0]


def change(principal: Principal, tenant_id: str, new: TenantChange) -> TenantRecord:
    _only_master(principal)
    return _views([tenants.change(tenants.get(tenant_id), new)])[0]


def erase(principal: Principal, tenant_id: str, confirm: str) -> uuid.UUID:
    """Revoke the tenant's keys, remove its name, and start the erasure of its data; → the receipt's id.

    Raises InvalidRequest unless `confirm` is the slug, Conflict for the default tenant.
    """
    _only_master(principal)
    tenant = tenants.get(tenant_id)
    if confirm != tenant.slug:
        raise InvalidRequest("confirm: must be the tenant's slug; nothing was deleted", field="confirm")
    with transaction.atomic():
        if not tenants.close(tenant.id):
            tenants.get(tenant_id)  # erased by a concurrent request
        return erase_tenant.begin(tenant.id, actor=principal.caller).id


def _only_master(principal: Principal) -> None:
    if not principal.is_master:
        raise ScopeDenied("Only the master key manages tenants.")


def _views(rows: Sequence[StoredTenant]) -> list[TenantRecord]:
    ids = [row.id for row in rows]
    alive = Revision.objects.filter(tenant__in=ids).visible(now()).values_list("tenant_id")
    counted = {t: (m, u) for t, m, u in alive.annotate(Count("id"), Count("user_id", distinct=True))}
    keys = tenants.keys_of(ids)
    return [
        TenantRecord(
            id=row.id,
            slug=row.slug,
            name=row.name,
            default_project=row.default_project,
            rate_limits=row.rate_limits,
            created_at=row.created_at,
            memories=counted.get(row.id, (0, 0))[0],
            users=counted.get(row.id, (0, 0))[1],
            keys=keys[row.id],
        )
        for row in rows
    ]
