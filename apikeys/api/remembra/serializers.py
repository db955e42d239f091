"""`/api/v1/keys`: the fields of the requests."""

from __future__ import annotations

from rest_framework import serializers

from apikeys.scopes import Role
from core.http.base import RequestSerializer, StrictRequestSerializer
from core.http.fields import (
    IdentifierField,
    QueryIntegerField,
    RateLimitsField,
    StrictChoiceField,
    StrictIntegerField,
    StrictListField,
    TextField,
    TimestampField,
)

NAME = 200
DAY = 86_400
NEVER_CHANGES = "never changes: make another key"


class CreateKeyIn(StrictRequestSerializer):
    fixed = {"key": "is made by the service, and can't be given"}

    name = TextField(max_length=NAME, help_text="The purpose of the key.")
    user_id = IdentifierField(required=False, allow_null=True, help_text="Binds the key to this end user.")
    role = StrictChoiceField([role.value for role in Role], default=Role.EDITOR.value)
    project_ids = StrictListField(
        child=IdentifierField(),
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Limits the key to these projects. Default: the projects of the key that creates it.",
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
