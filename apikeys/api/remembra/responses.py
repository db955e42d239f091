"""`/api/v1/keys`: the responses. One class each: record, schema and example."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from rest_framework import serializers

from apikeys.creation_policy import KeyPage
from apikeys.scopes import Role
from apikeys.types import KeyRecord, NewKeyRecord
from core.http.fields import RateLimitsField, TimestampField
from core.http.responses import EXAMPLE_TIME, PublicIdField, ResponseSerializer, example_id
from core.ids import KEY

_ID = example_id("key_01890a5dac967b2e8b7c3f0a9d1e2f34")
_NEW_ID = example_id("key_01890a5dac967b2e8b7c3f0a9d1e2f35")
_SECRET = "mp_x7QaN0tArealKeyButItHasTheShapeOfOne9fKd"  # noqa: S105


class KeyOut(ResponseSerializer):
    id = PublicIdField(KEY)
    key_id = PublicIdField(KEY, source="id", help_text="The same as id.")
    tenant = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField([role.value for role in Role])
    user_id = serializers.CharField(allow_null=True)
    project_ids = serializers.ListField(child=serializers.CharField())
    rate_limit_tier = serializers.CharField()
    rate_limits = RateLimitsField()
    preview = serializers.CharField(help_text="The first and last characters of the key.")
    status = serializers.ChoiceField(["active", "expired", "revoked"])
    created_by = serializers.CharField()
    created_at = TimestampField()
    expires_at = TimestampField(allow_null=True)
    revoked_at = TimestampField(allow_null=True)
    last_used_at = TimestampField(allow_null=True)
    replaced_by = PublicIdField(KEY, allow_null=True, help_text="Id of the key that replaced this one by rotation.")

    example: ClassVar[Any] = KeyRecord(
        id=_ID,
        tenant="default",
        name="Production",
        role=Role.EDITOR,
        user_id="user_123",
        project_ids=(),
        rate_limit_tier="standard",
        rate_limits={},
        preview="mp_x7Qa…9fKd",
        status="active",
        created_by="master",
        created_at=EXAMPLE_TIME,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
        replaced_by=None,
    )


class NewKeyOut(KeyOut):
    inherited_source = "key"

    key = serializers.CharField(source="secret", help_text="The secret key, shown only in this response.")

    example = NewKeyRecord(KeyOut.example, _SECRET)


class RotatedKeyOut(NewKeyOut):
    replaces = PublicIdField(KEY)

    example = NewKeyRecord(replace(KeyOut.example, id=_NEW_ID), _SECRET, _ID)


class KeyPageOut(ResponseSerializer):
    keys = KeyOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)

    example = KeyPage([KeyOut.example], 1, None)
