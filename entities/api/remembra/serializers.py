"""Entities in `/api/v1`: requests and responses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.http.base import RequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, TextField
from core.http.point_in_time_fields import AsOfField
from core.ids import ENTITY, public
from entities.types import EntityPage, EntityRecord


class EntityListQuery(RequestSerializer):
    """`type` may also be called `entity_type`, and `project` `project_id`."""

    user_id = IdentifierField(required=False)
    project = IdentifierField(required=False)
    project_id = IdentifierField(required=False, help_text="The same as project.")
    type = TextField(max_length=16, required=False)
    entity_type = TextField(max_length=16, required=False, help_text="The same as type.")
    query = TextField(max_length=512, required=False, help_text="A substring of the name.")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)
    as_of = AsOfField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, alias in (("project", "project_id"), ("type", "entity_type")):
            other = attrs.pop(alias, None)
            if other is not None and attrs.setdefault(name, other) != other:
                raise serializers.ValidationError({name: f"{name} and {alias} are one field: send one of them"})
        return attrs


class EntityOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    canonical_name = serializers.CharField(help_text="The same as name.")
    type = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    memory_count = serializers.IntegerField()
    confidence = serializers.FloatField()


class EntityPageOut(serializers.Serializer[Any]):
    entities = EntityOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)


def entity(view: EntityRecord) -> dict[str, Any]:
    return {
        "id": public(ENTITY, view.id),
        "name": view.name,
        "canonical_name": view.name,
        "type": view.type,
        "aliases": list(view.aliases),
        "memory_count": view.memory_count,
        "confidence": view.confidence,
    }


def page(found: EntityPage) -> dict[str, Any]:
    return {
        "entities": [entity(e) for e in found.entities],
        "total": found.total,
        "next_cursor": found.next_cursor,
    }
