"""Create, change and close tenants. Apps above erase their data."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypedDict

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from apikeys.models import ApiKey, Tenant
from apikeys.services import DEFAULT_TENANT, checked_limits
from core.clock import now
from core.errors import Conflict, InvalidRequest, NotFound
from core.ids import TENANT, parse

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LENGTH = 64
CURSOR = "cursor: take it from the page before"


class TenantChange(TypedDict, total=False):
    name: str
    default_project: str
    rate_limits: Mapping[str, str]


def create(slug: str, new: TenantChange) -> Tenant:
    """Create a tenant. Raises InvalidRequest for an invalid slug, Conflict for a taken one."""
    check_slug(slug)
    row = Tenant(slug=slug, **_checked(new))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict("slug: another tenant has this slug", field="slug") from None
    return row


def check_slug(slug: str) -> None:
    """Raises InvalidRequest for an invalid slug."""
    if len(slug) > SLUG_LENGTH or not SLUG.fullmatch(slug):
        raise InvalidRequest(
            f"slug: must have 1 to {SLUG_LENGTH} lower-case letters and digits, with single hyphens between them",
            field="slug",
        )


def get(tenant_id: str) -> Tenant:
    """A tenant by its public id. Raises NotFound if it does not exist or was erased."""
    key = parse(TENANT, tenant_id)
    row = Tenant.objects.filter(id=key, erased_at=None).first() if key else None
    if row is None:
        raise NotFound(f"Tenant with ID '{tenant_id}' not found")
    return row


def by_slug(slug: str) -> Tenant:
    """The tenant with this slug. Raises InvalidRequest if there is none."""
    row = Tenant.objects.filter(slug=slug, erased_at=None).first()
    if row is None:
        raise InvalidRequest("tenant: no tenant has this slug", field="tenant")
    return row


def page(limit: int, cursor: str | None) -> tuple[list[Tenant], int]:
    """(at most `limit` + 1 tenants, newest first, after `cursor`; the total number)"""
    rows = Tenant.objects.filter(erased_at=None)
    total = rows.count()
    if cursor is not None:
        after = parse(TENANT, cursor)
        made = Tenant.objects.filter(id=after).values_list("created_at", flat=True).first() if after else None
        if made is None:
            raise InvalidRequest(CURSOR, field="cursor")
        rows = rows.filter(Q(created_at__lt=made) | Q(created_at=made, id__lt=after))
    return list(rows.order_by("-created_at", "-id")[: limit + 1]), total


def _checked(new: TenantChange) -> TenantChange:
    return {**new, "rate_limits": checked_limits(new["rate_limits"])} if "rate_limits" in new else new


def change(row: Tenant, new: TenantChange) -> Tenant:
    for name, value in _checked(new).items():
        setattr(row, name, value)
    row.save(update_fields=list(new))
    return row


def close(tenant_id: uuid.UUID) -> bool:
    """Revoke all keys of a tenant, remove its name, and free its slug. False if it was closed before.

    Raises Conflict for the default tenant. Call it in a transaction.
    """
    row = Tenant.objects.select_for_update().get(id=tenant_id)
    if row.slug == DEFAULT_TENANT:
        raise Conflict("The default tenant can't be deleted: requests that name no tenant are about it.")
    if row.erased_at is not None:
        return False
    moment = now()
    ApiKey.objects.filter(tenant=row, revoked_at=None).update(revoked_at=moment)
    Tenant.objects.filter(id=row.id).update(name="", default_project="default", rate_limits={}, erased_at=moment)
    return True


def closed() -> list[Tenant]:
    """All closed tenants, the last closed first."""
    return list(Tenant.objects.filter(erased_at__isnull=False).order_by("-erased_at"))


def forget_keys(tenant_id: uuid.UUID) -> int:
    """Delete the keys of a closed tenant, since their names and users are its data; → number."""
    return ApiKey.objects.filter(tenant=tenant_id, tenant__erased_at__isnull=False).delete()[0]


def keys_of(tenant_ids: Sequence[uuid.UUID]) -> Counter[uuid.UUID]:
    """The number of active keys of each of these tenants."""
    alive = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now()), tenant__in=tenant_ids, revoked_at=None)
    return Counter(dict(alive.values_list("tenant_id").annotate(Count("id"))))
