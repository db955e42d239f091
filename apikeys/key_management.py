"""Change and rotate existing keys. Permissions are checked by the caller."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import TypedDict

from django.db import transaction

from apikeys import secrets, services
from apikeys.limits import STANDARD
from apikeys.models import ApiKey
from apikeys.services import ENVIRONMENT, NewKey
from core.clock import UTC, now
from core.errors import Conflict

MAX_DATETIME = dt.datetime.max.replace(tzinfo=UTC)


class KeyChange(TypedDict, total=False):
    """The changeable fields of a key; its permissions never change. `expires_at` None: the key never expires."""

    name: str
    rate_limit_tier: str
    rate_limits: Mapping[str, str]
    expires_at: dt.datetime | None


def change(key_id: uuid.UUID, new: KeyChange) -> ApiKey:
    """Change an active key. Raises Conflict if the key has ended, InvalidRequest for a wrong field."""
    with transaction.atomic():
        row = _locked(key_id)
        _check_in_force(row)
        row.name = new.get("name", row.name)
        row.expires_at = new.get("expires_at", row.expires_at)
        row.rate_limits = services.checked_limits(new.get("rate_limits", row.rate_limits))
        tier = new.get("rate_limit_tier", row.rate_limit_tier)
        kept = tier == row.rate_limit_tier  # may be a tier that was removed from the settings
        services.check_fields(name=row.name, expires_at=row.expires_at, tier=STANDARD if kept else tier)
        row.rate_limit_tier = tier
        row.save(update_fields=["name", "rate_limit_tier", "rate_limits", "expires_at"])
    return row


def rotate(key_id: uuid.UUID, *, grace: dt.timedelta = dt.timedelta(), created_by: str) -> NewKey:
    """Create a key with the same permissions, and end the old one: at once, or after `grace`.

    Raises Conflict if the old one is revoked, has expired, was rotated before, or comes from the environment.
    """
    with transaction.atomic():
        old = _locked(key_id)
        # It may be a repeat of the same request; a second new key would overwrite the link to the first.
        if old.replaced_by is not None:
            raise Conflict("This key was rotated before. Its new key was shown once; rotate that one if it is lost.")
        _check_in_force(old)
        if old.origin == ENVIRONMENT:
            raise Conflict("This key is API_KEY of the environment: change it there.")
        row = ApiKey(
            tenant=old.tenant,
            name=old.name,
            role=old.role,
            user_id=old.user_id,
            project_ids=old.project_ids,
            rate_limit_tier=old.rate_limit_tier,
            rate_limits=old.rate_limits,
            expires_at=old.expires_at,
            created_by=created_by,
        )
        new = services.with_secret(row, secrets.generate())
        moment = now()
        ends = {"expires_at": min(old.expires_at or MAX_DATETIME, moment + grace)} if grace else {"revoked_at": moment}
        ApiKey.objects.filter(id=old.id).update(replaced_by=row.id, **ends)
    return new


def _locked(key_id: uuid.UUID) -> ApiKey:
    """The key, locked until the transaction ends."""
    return ApiKey.objects.select_for_update(of=("self",)).select_related("tenant").get(id=key_id)


def _check_in_force(row: ApiKey) -> None:
    if not row.is_active(now()) or row.tenant.erased_at is not None:
        raise Conflict("This key is revoked or has expired.")
