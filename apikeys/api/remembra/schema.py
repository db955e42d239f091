"""The OpenAPI document's entry for each operation on keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema

from apikeys.api.remembra import serializers as api_serializers
from apikeys.api.remembra.responses import KeyOut, KeyPageOut, NewKeyOut, RotatedKeyOut
from core.http.responses import EXAMPLE_TIME, answer


def request(name: str, value: Any) -> list[OpenApiExample]:
    return [OpenApiExample(name, value, request_only=True)]


_RENAMED = replace(KeyOut.example, name="Production, Oslo", expires_at=EXAMPLE_TIME)
_REVOKED = replace(KeyOut.example, status="revoked", revoked_at=EXAMPLE_TIME)

granting = extend_schema(
    operation_id="api_create_key",
    summary="Create an API key, shown once",
    request=api_serializers.CreateKeyIn,
    responses={201: answer(NewKeyOut, "Created")},
    examples=request("A key of one user", {"user_id": "user_123", "name": "Production"}),
)
listing = extend_schema(
    operation_id="api_list_keys",
    summary="List API keys, newest first",
    parameters=[api_serializers.KeysIn],
    responses={200: answer(KeyPageOut, "A page")},
)
getting = extend_schema(
    operation_id="api_get_key", summary="Get an API key", responses={200: answer(KeyOut, "The key")}
)
changing = extend_schema(
    operation_id="api_change_key",
    summary="Rename an API key, or change its expiry or limits",
    request=api_serializers.UpdateKeyIn,
    responses={200: answer(KeyOut, "Changed", _RENAMED)},
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
    request=api_serializers.RotateKeyIn,
    responses={201: answer(RotatedKeyOut, "Rotated")},
    examples=request("With an hour of grace", {"grace_seconds": 3600}),
)
