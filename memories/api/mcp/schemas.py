"""JSON Schema of serializers, for the `inputSchema` and `outputSchema` of tools.

The OpenAPI document has the same information, but in the form of OpenAPI 3.0 and with references between components.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from core.http.base import StrictRequestSerializer
from core.http.fields import MetadataField, TimestampField
from memories.api.common import FiltersField
from memories.api.messages import ClientTimestampField, ContentField

JsonSchema = dict[str, Any]
AnyField = serializers.Field[Any, Any, Any, Any]


def of(serializer: serializers.Serializer[Any]) -> JsonSchema:
    """The schema of an object. An object with unknown fields is invalid for strict requests only."""
    fields = serializer.fields
    schema: JsonSchema = {"type": "object", "properties": {name: _described(field) for name, field in fields.items()}}
    if required := [name for name, field in fields.items() if field.required]:
        schema["required"] = required
    if isinstance(serializer, StrictRequestSerializer):
        schema["additionalProperties"] = False
    return schema


def _described(field: AnyField) -> JsonSchema:
    """The schema of a field, with its description and default; null is allowed where the field allows it."""
    schema = _typed(field)
    if field.allow_null:
        kinds = schema["type"]
        schema["type"] = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    if field.help_text:
        schema["description"] = str(field.help_text)
    if field.default is not empty and field.default is not None:
        schema["default"] = field.default
    return schema


def _typed(field: AnyField) -> JsonSchema:
    match field:
        case serializers.ListSerializer():
            child: Any = field.child
            return {"type": "array", "items": of(child)}
        case serializers.Serializer():
            return of(field)
        case serializers.ListField():
            return {"type": "array", "items": _described(field.child)}
        case serializers.DictField():
            return {"type": "object", "additionalProperties": True}
        case serializers.ChoiceField():
            return {"type": "string", "enum": list(field.choices)}
        case serializers.BooleanField():
            return {"type": "boolean"}
        case serializers.IntegerField():
            return {"type": "integer", **_range(field)}
        case serializers.FloatField():
            return {"type": "number", **_range(field)}
        case serializers.CharField():
            return {"type": "string", **_length(field)}
        case ContentField():
            return {"type": "string", "minLength": 1, "maxLength": field.max_length}
        case ClientTimestampField():
            return {"type": ["string", "number"], "maxLength": 64}
        case TimestampField():
            return {"type": "string"}
        case MetadataField() | FiltersField():
            return {"type": "object", "additionalProperties": True}
    raise NotImplementedError(f"{type(field).__name__} has no JSON Schema here")


def _range(field: serializers.IntegerField | serializers.FloatField) -> JsonSchema:
    limits = {"minimum": field.min_value, "maximum": field.max_value}
    return {name: limit for name, limit in limits.items() if limit is not None}


def _length(field: serializers.CharField) -> JsonSchema:
    """Request fields refuse blank texts; the fields of responses have no limits."""
    if field.max_length is None:
        return {}
    return {"minLength": 1, "maxLength": field.max_length}
