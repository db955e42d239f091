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

creating = extend_schema(
    operation_id="create_key",
    summary="Create an API key",
    description=(
        "The response is the only one that shows the key. The new key has at most the rights of the key that creates "
        "it."
    ),
    request=api_serializers.CreateKeyIn,
    responses={201: answer(NewKeyOut, "Created")},
    examples=request("Key of one user", {"user_id": "user_123", "name": "Production"}),
)
listing = extend_schema(
    operation_id="list_keys",
    summary="List API keys",
    description="Returns the keys that the caller may manage, newest first, without their secrets.",
    parameters=[api_serializers.KeysIn],
    responses={200: answer(KeyPageOut, "A page of keys")},
)
getting = extend_schema(
    operation_id="get_key",
    summary="Get an API key",
    description="Returns the key without its secret.",
    responses={200: answer(KeyOut, "The key")},
)
changing = extend_schema(
    operation_id="update_key",
    summary="Update an API key's name, expiry or limits",
    description="Missing fields keep their values. Role, user, projects and tenant of a key never change.",
    request=api_serializers.UpdateKeyIn,
    responses={200: answer(KeyOut, "Updated", _RENAMED)},
    examples=request("Name and expiry", {"name": "Production, Oslo", "expires_at": "2126-03-01T10:30:00Z"}),
)
revoking = extend_schema(
    operation_id="revoke_key",
    summary="Revoke an API key",
    description="From the response on, which takes about a second, every process refuses the key. A revoked key "
    "cannot be restored.",
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
    responses={201: answer(RotatedKeyOut, "Rotated")},
    examples=request("One hour of grace", {"grace_seconds": 3600}),
)
