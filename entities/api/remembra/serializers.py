"""Entities in `/api/v1`: the fields of the requests."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.http.base import RequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, TextField
from core.http.point_in_time_fields import AsOfField


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
