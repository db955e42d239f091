"""`/api/v1/keys`: requests and responses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apikeys.scopes import Role
from apikeys.types import KeyRecord, NewKeyRecord
from core.clock import iso
from core.http.base import RequestSerializer, StrictRequestSerializer
from core.http.fields import (
    IdentifierField,
    QueryIntegerField,
    RateLimitsField,
    StrictChoiceField,
    StrictIntegerField,
    TextField,
    TimestampField,
)
from core.ids import KEY, public

NAME = 200
DAY = 86_400
NEVER_CHANGES = "never changes: make another key"


class CreateKeyIn(StrictRequestSerializer):
    fixed = {"key": "is made by the service, and can't be given"}

    name = TextField(max_length=NAME, help_text="The purpose of the key.")
    user_id = IdentifierField(required=False, allow_null=True, help_text="Binds the key to this end user.")
    role = StrictChoiceField([role.value for role in Role], default=Role.EDITOR.value)
    project_ids = serializers.ListField(
        child=IdentifierField(),
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Limits the key to these projects. Default: the projects of the key that creates it.",
        error_messages={"max_length": "must hold at most {max_length} projects", "not_a_list": "must be a list"},
    )
    rate_limit_tier = TextField(
        max_length=32, required=False, allow_null=True, help_text="Default: the tier of the key that creates it."
    )
    rate_limits = RateLimitsField(
        required=False, allow_null=True, help_text="Rate limits of this key. Master key only."
    )
    expires_at = TimestampField(required=False, allow_null=True)
    tenant = TextField(max_length=64, required=False, allow_null=True, help_text="Slug of the tenant. Master key only.")


class UpdateKeyIn(StrictRequestSerializer):
    """At least one field."""

    fixed = dict.fromkeys(("role", "user_id", "project_ids", "tenant", "key"), NEVER_CHANGES)

    name = TextField(max_length=NAME, required=False)
    rate_limit_tier = TextField(max_length=32, required=False)
    rate_limits = RateLimitsField(
        required=False, help_text="Rate limits of this key; {} removes them. Master key only."
    )
    expires_at = TimestampField(required=False, allow_null=True, help_text="null: never expires.")


class RotateKeyIn(StrictRequestSerializer):
    grace_seconds = StrictIntegerField(
        min_value=0,
        max_value=DAY,
        default=0,
        help_text="Seconds that the old key stays valid. 0: it is revoked at once.",
    )


class KeysIn(RequestSerializer):
    tenant = TextField(max_length=64, required=False, help_text="Slug of the tenant. Master key only.")
    active = serializers.BooleanField(required=False, help_text="true: active keys; false: revoked and expired keys.")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)


def key(view: KeyRecord) -> dict[str, Any]:
    return {
        "id": public(KEY, view.id),
        "key_id": public(KEY, view.id),
        "tenant": view.tenant,
        "name": view.name,
        "role": view.role.value,
        "user_id": view.user_id,
        "project_ids": list(view.project_ids),
        "rate_limit_tier": view.rate_limit_tier,
        "rate_limits": dict(view.rate_limits),
        "preview": view.preview,
        "status": view.status,
        "created_by": view.created_by,
        "created_at": iso(view.created_at),
        "expires_at": iso(view.expires_at) if view.expires_at else None,
        "revoked_at": iso(view.revoked_at) if view.revoked_at else None,
        "last_used_at": iso(view.last_used_at) if view.last_used_at else None,
        "replaced_by": public(KEY, view.replaced_by) if view.replaced_by else None,
    }


def new_key(new: NewKeyRecord) -> dict[str, Any]:
    """The one answer that shows a key."""
    body = key(new.key) | {"key": new.secret}
    return body | ({"replaces": public(KEY, new.replaces)} if new.replaces else {})
