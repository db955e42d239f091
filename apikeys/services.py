"""Keys and tenants: who a key is, making and revoking keys."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from apikeys import secrets
from apikeys.models import ApiKey, Tenant
from apikeys.scopes import Role
from apikeys.types import Principal
from memproject.common.clock import now
from memproject.common.errors import InvalidRequest, Unauthenticated
from memproject.common.ids import KEY, public

DEFAULT_TENANT = "default"
ENVIRONMENT = "environment"
# The literal keys of the first API document. They are no secret: DEV_KEYS is refused unless DEBUG is on.
DEV_KEYS = {
    "mem0_dev_key_123456789": Role.EDITOR,
    "mem0_docker_key_987654321": Role.EDITOR,
    "mem0_admin_key_111222333": Role.ADMIN,
}
LAST_USED_EVERY = dt.timedelta(minutes=1)
_DUMMY = secrets.digest("nobody", "nobody")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: `secret` is shown once and stored nowhere."""

    row: ApiKey
    secret: str


def authenticate(key: str | None) -> Principal | None:
    """Who calls. None without a key; Unauthenticated for a bad one, in the same time whatever is wrong with it."""
    if key is None:
        return None if settings.AUTH_ENABLED else _anyone()
    if settings.MASTER_KEY and secrets.same(key, settings.MASTER_KEY):
        return Principal(default_tenant().id, "master", Role.ADMIN, is_master=True)
    if settings.DEV_KEYS and key in DEV_KEYS:
        return Principal(default_tenant().id, "dev-key", DEV_KEYS[key])
    moment = now()
    found = None
    rows = list(ApiKey.objects.select_related("tenant").filter(lookup=secrets.lookup_part(key)))
    for row in rows:
        pepper = settings.KEY_PEPPERS.get(row.pepper, "")
        if secrets.proves(key, bytes(row.digest), pepper) and row.alive(moment) and row.tenant.erased_at is None:
            found = row
    if not rows:
        secrets.proves(key, _DUMMY, "nobody")
    if found is None:
        raise Unauthenticated
    _note_use(found, moment)
    return principal_of(found)


def principal_of(row: ApiKey) -> Principal:
    return Principal(
        tenant_id=row.tenant_id,
        caller=public(KEY, row.id),
        role=Role(row.role),
        user_id=row.user_id,
        projects=frozenset(row.project_ids),
        default_project=row.tenant.default_project,
        key_id=row.id,
        tier=row.rate_limit_tier,
    )


def _anyone() -> Principal:
    tenant = default_tenant()
    return Principal(tenant.id, "anonymous", Role.EDITOR, default_project=tenant.default_project)


def _note_use(row: ApiKey, moment: dt.datetime) -> None:
    """Remember the last use, at most once a minute; two requests in that minute write once."""
    stale = moment - LAST_USED_EVERY
    if row.last_used_at is None or row.last_used_at < stale:
        old = Q(last_used_at=None) | Q(last_used_at__lt=stale)
        ApiKey.objects.filter(old, id=row.id).update(last_used_at=moment)


def default_tenant() -> Tenant:
    """The tenant of keys that name none; made by the first migration."""
    return Tenant.objects.get(slug=DEFAULT_TENANT, erased_at=None)


def create(
    *,
    tenant: Tenant,
    name: str,
    role: Role = Role.EDITOR,
    user_id: str | None = None,
    project_ids: list[str] | None = None,
    tier: str = "standard",
    expires_at: dt.datetime | None = None,
    created_by: str,
    secret: str | None = None,
    origin: str = "",
) -> NewKey:
    """Make a key. Raises InvalidRequest when the name is empty or it would be expired at once."""
    if not name.strip():
        raise InvalidRequest("name: must not be empty", field="name")
    if expires_at is not None and expires_at <= now():
        raise InvalidRequest("expires_at: must lie in the future", field="expires_at")
    secret = secret or secrets.generate()
    pepper = max(settings.KEY_PEPPERS)
    row = ApiKey.objects.create(
        tenant=tenant,
        name=name,
        role=role.value,
        user_id=user_id or None,
        project_ids=project_ids or [],
        rate_limit_tier=tier,
        lookup=secrets.lookup_part(secret),
        digest=secrets.digest(secret, settings.KEY_PEPPERS[pepper]),
        pepper=pepper,
        preview=secrets.preview(secret),
        origin=origin,
        expires_at=expires_at,
        created_by=created_by,
    )
    return NewKey(row, secret)


def revoke(key_id: uuid.UUID) -> bool:
    """End a key, at once and for good; False when it was ended before."""
    return bool(ApiKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=now()))


def revoke_named(tenant: Tenant, name: str) -> int:
    """End all keys of that name; → how many."""
    return ApiKey.objects.filter(tenant=tenant, name=name, revoked_at=None).update(revoked_at=now())


def ensure_environment_key() -> None:
    """Make API_KEY one editor key of the default tenant, and end the key of its earlier value."""
    tenant = default_tenant()
    with transaction.atomic():
        Tenant.objects.select_for_update().get(id=tenant.id)
        ours = ApiKey.objects.filter(tenant=tenant, origin=ENVIRONMENT, revoked_at=None)
        key = settings.API_KEY
        kept = None
        for row in ours:
            pepper = settings.KEY_PEPPERS.get(row.pepper, "")
            if key and secrets.proves(key, bytes(row.digest), pepper):
                kept = row.id
        (ours if kept is None else ours.exclude(id=kept)).update(revoked_at=now())
        if key and kept is None:
            create(tenant=tenant, name="API_KEY", created_by=ENVIRONMENT, secret=key, origin=ENVIRONMENT)


def in_force(key_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these keys that are neither revoked nor expired, and whose tenant was not erased."""
    if not key_ids:
        return set()
    moment = now()
    rows = ApiKey.objects.filter(id__in=key_ids, tenant__erased_at=None)
    return {row.id for row in rows if row.alive(moment)}
