"""The OpenAPI schemas and examples of the operations on keys."""

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
    preview = serializers.CharField(help_text="The first and last characters of the key.")
    status = serializers.ChoiceField(["active", "expired", "revoked"])
    created_by = serializers.CharField()
    created_at = TimestampField()
    expires_at = TimestampField(allow_null=True)
    revoked_at = TimestampField(allow_null=True)
    last_used_at = TimestampField(allow_null=True)
    replaced_by = serializers.CharField(allow_null=True, help_text="Id of the key that replaced this one by rotation.")


class NewKeyOut(KeyOut):
    key = serializers.CharField(help_text="The secret key, shown only in this response.")


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

granting = extend_schema(
    operation_id="create_key",
    summary="Create an API key",
    description=(
        "The response is the only one that shows the key. The new key has at most the rights of the key that creates "
        "it."
    ),
    request=api_serializers.CreateKeyIn,
    responses={201: answer(NewKeyOut, "Created", _KEY | {"key": _SECRET})},
    examples=request("Key of one user", {"user_id": "user_123", "name": "Production"}),
)
listing = extend_schema(
    operation_id="list_keys",
    summary="List API keys",
    description="Returns the keys that the caller may manage, newest first, without their secrets.",
    parameters=[api_serializers.KeysIn],
    responses={200: answer(KeyPageOut, "A page of keys", {"keys": [_KEY], "total": 1, "next_cursor": None})},
)
getting = extend_schema(
    operation_id="get_key",
    summary="Get an API key",
    description="Returns the key without its secret.",
    responses={200: answer(KeyOut, "The key", _KEY)},
)
changing = extend_schema(
    operation_id="update_key",
    summary="Update an API key's name, expiry or limits",
    description="Missing fields keep their values. Role, user, projects and tenant of a key never change.",
    request=api_serializers.UpdateKeyIn,
    responses={200: answer(KeyOut, "Updated", _KEY | {"name": "Production, Oslo", "expires_at": MOMENT})},
    examples=request("Name and expiry", {"name": "Production, Oslo", "expires_at": "2126-03-01T10:30:00Z"}),
)
revoking = extend_schema(
    operation_id="revoke_key",
    summary="Revoke an API key",
    description="Requests with the key are refused at once. A revoked key cannot be restored.",
    request=None,
    responses={200: answer(KeyOut, "Revoked", _REVOKED)},
)
rotating = extend_schema(
    operation_id="rotate_key",
    summary="Replace an API key by a new one",
    description=(
        "The new key has the same rights, and only this response shows it. The old key stays valid for `grace_seconds`."
    ),
    request=api_serializers.RotateKeyIn,
    responses={
        201: answer(
            RotatedKeyOut, "Rotated", _KEY | {"id": NEW_ID, "key_id": NEW_ID, "key": _SECRET, "replaces": KEY_ID}
        )
    },
    examples=request("One hour of grace", {"grace_seconds": 3600}),
)
