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
    TextField,
    TimestampField,
)

NAME = 200
DAY = 86_400
NEVER_CHANGES = "never changes: make another key"


class CreateKeyIn(StrictRequestSerializer):
    fixed = {"key": "is made by the service, and can't be given"}

    name = TextField(max_length=NAME, help_text="What the key is for.")
    user_id = IdentifierField(required=False, allow_null=True, help_text="Binds the key to this end user.")
    role = StrictChoiceField([role.value for role in Role], default=Role.EDITOR.value)
    project_ids = serializers.ListField(
        child=IdentifierField(),
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Limits the key to these projects. Without them it has all that the granting key has.",
        error_messages={"max_length": "must hold at most {max_length} projects", "not_a_list": "must be a list"},
    )
    rate_limit_tier = TextField(
        max_length=32, required=False, allow_null=True, help_text="Default: the granting key's."
    )
    rate_limits = RateLimitsField(
        required=False, allow_null=True, help_text="Master key only: limits of this key alone."
    )
    expires_at = TimestampField(required=False, allow_null=True)
    tenant = TextField(max_length=64, required=False, allow_null=True, help_text="Master key only: a slug.")


class UpdateKeyIn(StrictRequestSerializer):
    """At least one field."""

    fixed = dict.fromkeys(("role", "user_id", "project_ids", "tenant", "key"), NEVER_CHANGES)

    name = TextField(max_length=NAME, required=False)
    rate_limit_tier = TextField(max_length=32, required=False)
    rate_limits = RateLimitsField(required=False, help_text="Master key only. {}: none of its own.")
    expires_at = TimestampField(required=False, allow_null=True, help_text="null: never.")


class RotateKeyIn(StrictRequestSerializer):
    grace_seconds = StrictIntegerField(
        min_value=0, max_value=DAY, default=0, help_text="How long the old key goes on. 0: it ends at once."
    )


class KeysIn(RequestSerializer):
    tenant = TextField(max_length=64, required=False, help_text="Master key only: a slug.")
    active = serializers.BooleanField(required=False, help_text="true: keys in force; false: revoked and expired ones.")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)
