"""Keys and tenants: authenticate, create and revoke keys."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from apikeys import key_cache, secrets
from apikeys.limits import STANDARD, check
from apikeys.models import ApiKey, Tenant
from apikeys.scopes import Role
from apikeys.types import Principal
from core.clock import now
from core.errors import Conflict, InvalidRequest, Unauthenticated
from core.ids import KEY, new_id, public

DEFAULT_TENANT = "default"
ENVIRONMENT = "environment"
# The literal keys of the first API document. They are public: DEV_KEYS is refused unless DEBUG is on.
DEV_KEYS = {
    "mem0_dev_key_123456789": Role.EDITOR,
    "mem0_docker_key_987654321": Role.EDITOR,
    "mem0_admin_key_111222333": Role.ADMIN,
}
NAME = 200  # characters
LAST_USED_EVERY = dt.timedelta(minutes=1)
_DUMMY = secrets.digest("nobody", "nobody")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key. `secret` is shown once and not stored."""

    row: ApiKey
    secret: str


class KeyExists(Conflict):
    """A key with this id exists."""

    def __init__(self, key_id: uuid.UUID) -> None:
        self.key_id = key_id
        super().__init__("This key was made before.")


def anonymous() -> Principal | None:
    """The caller of a request without a key. None if AUTH_ENABLED requires one."""
    return None if settings.AUTH_ENABLED else _of_default_tenant("anonymous", Role.EDITOR)


def authenticate(key: str) -> Principal:
    """The caller with this key. Raises Unauthenticated, after the same time for every reason."""
    if settings.MASTER_KEY and secrets.same(key, settings.MASTER_KEY):
        return _of_default_tenant("master", Role.ADMIN, is_master=True)
    if settings.DEV_KEYS and key in DEV_KEYS:
        return _of_default_tenant("dev-key", DEV_KEYS[key])
    moment = now()
    kept = key_cache.kept(ApiKey, key)
    if kept is not None and kept.is_active(moment):
        return principal_of(kept)
    return principal_of(_accepted(key, moment))


def _accepted(key: str, moment: dt.datetime) -> ApiKey:
    """The row of this key from the database, kept for the next request. Raises Unauthenticated."""
    read_after = key_cache.moment()
    rows = _candidates(key)
    if not rows:
        secrets.proves(key, _DUMMY, "nobody")
    found = _in_force(key, rows, moment)
    if found is None:
        raise Unauthenticated
    key_cache.keep(key, found, read_after=read_after)
    _note_use(found, moment)
    return found


def _candidates(key: str) -> list[ApiKey]:
    return list(ApiKey.objects.select_related("tenant").filter(lookup=secrets.lookup_part(key)))


def _in_force(key: str, rows: Iterable[ApiKey], moment: dt.datetime) -> ApiKey | None:
    """The row of this key, unless it is revoked, has expired or belongs to an erased tenant."""
    found = None
    for row in rows:  # compares all rows, so that the time does not depend on the position of the match
        pepper = settings.KEY_PEPPERS.get(row.pepper, "")
        if secrets.proves(key, bytes(row.digest), pepper) and row.is_active(moment) and row.tenant.erased_at is None:
            found = row
    return found


def is_metrics_token(key: str) -> bool:
    return bool(settings.METRICS_TOKEN) and secrets.same(key, settings.METRICS_TOKEN)


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
        tenant_limits=row.tenant.rate_limits,
        key_limits=row.rate_limits,
    )


def _of_default_tenant(caller: str, role: Role, *, is_master: bool = False) -> Principal:
    """A caller without a row, such as the master key."""
    tenant = key_cache.kept(Tenant, DEFAULT_TENANT)
    if tenant is None:
        read_after = key_cache.moment()
        tenant = default_tenant()
        key_cache.keep(DEFAULT_TENANT, tenant, read_after=read_after)
    return Principal(
        tenant.id,
        caller,
        role,
        default_project=tenant.default_project,
        is_master=is_master,
        tenant_limits=tenant.rate_limits,
    )


def _note_use(row: ApiKey, moment: dt.datetime) -> None:
    """Store the time of the last use, at most once a minute. Of two concurrent requests one writes."""
    stale = moment - LAST_USED_EVERY
    if row.last_used_at is None or row.last_used_at < stale:
        old = Q(last_used_at=None) | Q(last_used_at__lt=stale)
        ApiKey.objects.filter(old, id=row.id).update(last_used_at=moment)


def default_tenant() -> Tenant:
    """The tenant of keys without an explicit tenant; the first migration creates it."""
    return Tenant.objects.get(slug=DEFAULT_TENANT, erased_at=None)


def create(
    *,
    tenant: Tenant,
    name: str,
    role: Role = Role.EDITOR,
    user_id: str | None = None,
    project_ids: Sequence[str] = (),
    tier: str = STANDARD,
    limits: Mapping[str, str] | None = None,
    expires_at: dt.datetime | None = None,
    created_by: str,
    secret: str | None = None,
    origin: str = "",
    key_id: uuid.UUID | None = None,
) -> NewKey:
    """Create a key. Raises InvalidRequest for a wrong field (`check_fields`).

    With `key_id` (from `new_id`), a repeated request creates one key: the second raises KeyExists.
    """
    check_fields(name=name, expires_at=expires_at, tier=tier)
    kept = checked_limits(limits or {})
    row = ApiKey(
        id=key_id or new_id(),
        tenant=tenant,
        name=name,
        role=role.value,
        user_id=user_id or None,
        project_ids=list(project_ids),
        rate_limit_tier=tier,
        rate_limits=kept,
        origin=origin,
        expires_at=expires_at,
        created_by=created_by,
    )
    secret = secret or secrets.generate()
    return with_secret(row, secret) if key_id is None else _once(row, secret)


def _once(row: ApiKey, secret: str) -> NewKey:
    """Like `with_secret`, once for each id. A second request waits at the primary key until the first has committed."""
    try:
        with transaction.atomic():
            return with_secret(row, secret)
    except IntegrityError:
        if ApiKey.objects.filter(id=row.id).exists():
            raise KeyExists(row.id) from None
        raise


def with_secret(row: ApiKey, secret: str) -> NewKey:
    """Insert a new row for this secret."""
    row.pepper = max(settings.KEY_PEPPERS)
    row.lookup = secrets.lookup_part(secret)
    row.digest = secrets.digest(secret, settings.KEY_PEPPERS[row.pepper])
    row.preview = secrets.preview(secret)
    row.save(force_insert=True)
    return NewKey(row, secret)


def check_fields(*, name: str, expires_at: dt.datetime | None, tier: str) -> None:
    """Checks of every new or changed key. Raises InvalidRequest with the field."""
    if not name.strip() or len(name) > NAME:
        raise InvalidRequest(f"name: must have 1 to {NAME} characters", field="name")
    if expires_at is not None and expires_at <= now():
        raise InvalidRequest("expires_at: must lie in the future", field="expires_at")
    if tier not in tiers():
        known = ", ".join(tiers())
        raise InvalidRequest(f"rate_limit_tier: must be one of {known}", field="rate_limit_tier")


def checked_limits(limits: Mapping[str, object]) -> dict[str, str]:
    """A key's or a tenant's own limits in their stored form. Raises InvalidRequest with the wrong one."""
    try:
        return check(limits)
    except ValueError as error:
        raise InvalidRequest(f"rate_limits.{error}", field="rate_limits") from None


def tiers() -> tuple[str, ...]:
    """The tiers that a key may have."""
    return (STANDARD, *sorted(settings.RATE_LIMIT_TIERS))


def revoke(key_id: uuid.UUID) -> bool:
    """Revoke a key permanently; False if it had ended before. When it returns, or when the transaction around it has
    committed, no process accepts the key any more (apikeys.key_cache)."""
    return bool(ApiKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=now()))


def revoke_named(tenant: Tenant, name: str) -> int:
    """Revoke all keys with this name; → number."""
    return ApiKey.objects.filter(tenant=tenant, name=name, revoked_at=None).update(revoked_at=now())


def ensure_key(secret: str, *, name: str, created_by: str) -> bool:
    """Whether this secret is an active key. If the database has no row of it, an editor key of the default tenant is
    created from it.

    False for a key that is revoked, has expired, or was created with a removed pepper, and for a text without the form
    of a generated key.
    """
    if not secrets.is_generated(secret):
        return False
    rows = _candidates(secret)
    if not rows:
        create(tenant=default_tenant(), name=name, created_by=created_by, secret=secret)
        return True
    return _in_force(secret, rows, now()) is not None


def ensure_environment_key() -> None:
    """Create an editor key of the default tenant from API_KEY, and revoke the key of its earlier value."""
    tenant = default_tenant()
    with transaction.atomic():
        Tenant.objects.select_for_update().get(id=tenant.id)
        ours = ApiKey.objects.filter(tenant=tenant, origin=ENVIRONMENT, revoked_at=None)
        key = settings.API_KEY
        kept, ended = None, []
        for row in ours:
            pepper = settings.KEY_PEPPERS.get(row.pepper, "")
            if key and secrets.proves(key, bytes(row.digest), pepper):
                kept = row.id
            else:
                ended.append(row.id)
        if ended:
            ours.filter(id__in=ended).update(revoked_at=now())
        if key and kept is None:
            create(tenant=tenant, name="API_KEY", created_by=ENVIRONMENT, secret=key, origin=ENVIRONMENT)


def in_force(key_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """The keys of `key_ids` that are neither revoked nor expired, or whose latest successor by rotation is not."""
    moment, found = now(), set()
    asked = {key_id: key_id for key_id in key_ids}  # key in `key_ids` → the latest key that it was rotated to
    while asked:
        rows = {row.id: row for row in ApiKey.objects.filter(id__in=asked.values(), tenant__erased_at=None)}
        alive = {key_id for key_id, last in asked.items() if last in rows and rows[last].is_active(moment)}
        found |= alive
        successors = {key_id: rows[last].replaced_by for key_id, last in asked.items() if last in rows}
        asked = {
            key_id: successor
            for key_id, successor in successors.items()
            if successor is not None and key_id not in alive
        }
    return found
