"""What the OpenAPI document says of each operation on keys: its shapes and one example of each."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers

from apikeys.api.remembra import serializers as api_serializers
from apikeys.scopes import Role
from core.http.fields import RateLimitsField, TimestampField

KEY_ID = "key_01890a5dac967b2e8b7c3f0a9d1e2f34"
NEW_ID = "key_01890a5dac967b2e8b7c3f0a9d1e2f35"
MOMENT = "2026-03-01T10:30:00Z"


class KeyOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    key_id = serializers.CharField(help_text="The same as id.")
    tenant = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField([role.value for role in Role])
    user_id = serializers.CharField(allow_null=True)
    project_ids = serializers.ListField(child=serializers.CharField())
    rate_limit_tier = serializers.CharField()
    rate_limits = RateLimitsField()
    preview = serializers.CharField(help_text="Enough to recognise the key.")
    status = serializers.ChoiceField(["active", "expired", "revoked"])
    created_by = serializers.CharField()
    created_at = TimestampField()
    expires_at = TimestampField(allow_null=True)
    revoked_at = TimestampField(allow_null=True)
    last_used_at = TimestampField(allow_null=True)
    replaced_by = serializers.CharField(allow_null=True, help_text="The key that this one was rotated to.")


class NewKeyOut(KeyOut):
    key = serializers.CharField(help_text="The key itself, shown only here.")


class RotatedKeyOut(NewKeyOut):
    replaces = serializers.CharField()


class KeyPageOut(serializers.Serializer[Any]):
    keys = KeyOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)


def answer(shape: Any, description: str, example: Any) -> OpenApiResponse:
    return OpenApiResponse(shape, description, [OpenApiExample(description, example, response_only=True)])


def request(name: str, value: Any) -> list[OpenApiExample]:
    return [OpenApiExample(name, value, request_only=True)]


_KEY: dict[str, Any] = {
    "id": KEY_ID,
    "key_id": KEY_ID,
    "tenant": "default",
    "name": "Production",
    "role": "editor",
    "user_id": "user_123",
    "project_ids": [],
    "rate_limit_tier": "standard",
    "rate_limits": {},
    "preview": "mp_x7Qa…9fKd",
    "status": "active",
    "created_by": "master",
    "created_at": MOMENT,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
    "replaced_by": None,
}
_SECRET = "mp_x7QaN0tArealKeyButItHasTheShapeOfOne9fKd"  # noqa: S105
_REVOKED = _KEY | {"status": "revoked", "revoked_at": MOMENT}

creating = extend_schema(
    operation_id="api_create_key",
    summary="Create an API key, shown once",
    request=api_serializers.KeyIn,
    responses={201: answer(NewKeyOut, "Created", _KEY | {"key": _SECRET})},
    examples=request("A key of one user", {"user_id": "user_123", "name": "Production"}),
)
listing = extend_schema(
    operation_id="api_list_keys",
    summary="List API keys, newest first",
    parameters=[api_serializers.KeysIn],
    responses={200: answer(KeyPageOut, "A page", {"keys": [_KEY], "total": 1, "next_cursor": None})},
)
getting = extend_schema(
    operation_id="api_get_key", summary="Get an API key", responses={200: answer(KeyOut, "The key", _KEY)}
)
changing = extend_schema(
    operation_id="api_change_key",
    summary="Rename an API key, or change its expiry or limits",
    request=api_serializers.KeyChangeIn,
    responses={200: answer(KeyOut, "Changed", _KEY | {"name": "Production, Oslo", "expires_at": MOMENT})},
    examples=request("A name and an end", {"name": "Production, Oslo", "expires_at": "2126-03-01T10:30:00Z"}),
)
revoking = extend_schema(
    operation_id="api_revoke_key",
    summary="Revoke an API key, at once and for good",
    request=None,
    responses={200: answer(KeyOut, "Revoked", _REVOKED)},
)
rotating = extend_schema(
    operation_id="api_rotate_key",
    summary="Replace an API key by a new one with the same rights, shown once",
    request=api_serializers.RotateIn,
    responses={
        201: answer(
            RotatedKeyOut, "Rotated", _KEY | {"id": NEW_ID, "key_id": NEW_ID, "key": _SECRET, "replaces": KEY_ID}
        )
    },
    examples=request("With an hour of grace", {"grace_seconds": 3600}),
)
