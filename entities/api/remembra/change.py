"""`/api/v1/entities/{id}`: read, edit, merge and split an entity."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer, StrictRequestSerializer
from core.http.fields import IdentifierField, StrictChoiceField, TextField
from core.http.point_in_time_fields import AsOfField
from core.ids import ENTITY, MERGE, public
from entities.api.remembra import serializers as api_serializers
from entities.services.edit import edit
from entities.services.entity_detail import get_entity
from entities.services.merge import merge, split
from entities.types import ENTITY_TYPES, EditEntity, EntityDetail

NAME = 512
SOURCES = 50
ALIASES = 100

_ONE: dict[str, Any] = {
    "id": "ent_01890a5dac967b2e8b7c3f0a9d1e2f35",
    "name": "John Smith",
    "canonical_name": "John Smith",
    "type": "PERSON",
    "aliases": ["John", "Mr. Smith"],
    "memory_count": 3,
    "confidence": 0.9,
    "ambiguous_with": [],
}
_MERGE_ID = "mrg_01890a5dac967b2e8b7c3f0a9d1e2f40"


class EntityRetrieveQuery(RequestSerializer):
    as_of = AsOfField(required=False)


class EditIn(StrictRequestSerializer):
    """At least one of them."""

    name = TextField(max_length=NAME, required=False, help_text="What it is called; the earlier name becomes an alias.")
    type = StrictChoiceField(ENTITY_TYPES, required=False, help_text="What it is.")
    aliases = serializers.ListField(
        child=TextField(max_length=NAME),
        max_length=ALIASES,
        required=False,
        help_text="All its other names.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("send at least one of name, type and aliases")
        return attrs


class MergeIn(StrictRequestSerializer):
    source_ids = serializers.ListField(
        child=IdentifierField(),
        min_length=1,
        max_length=SOURCES,
        help_text="The entities that are the same as the target.",
    )
    target_id = IdentifierField(help_text="The entity that stays, with its name.")


class SplitIn(StrictRequestSerializer):
    merge_id = IdentifierField(required=False, help_text="Which merge to undo; the last one, unless said.")


class EntityDetailOut(api_serializers.EntityOut):
    ambiguous_with = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of the entities that it may be, where a text did not tell."
    )


class MergedOut(EntityDetailOut):
    merge_id = serializers.CharField(help_text="The last merge, to be undone by split.")
    merge_ids = serializers.ListField(child=serializers.CharField(), help_text="One for each of `source_ids`.")


class EntityView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, PATCH=Scope.WRITE),)

    @extend_schema(
        operation_id="api_entity",
        summary="One entity; a merged one is what it was merged into",
        parameters=[EntityRetrieveQuery],
        responses={200: OpenApiResponse(EntityDetailOut, "It", [OpenApiExample("It", _ONE, response_only=True)])},
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, EntityRetrieveQuery)
        return self.ok(_detail(get_entity(principal(request), entity_id, data.get("as_of"))))

    @extend_schema(
        operation_id="api_entity_edit",
        summary="Change an entity's name, type or aliases",
        request=EditIn,
        responses={200: OpenApiResponse(EntityDetailOut, "It", [OpenApiExample("It", _ONE, response_only=True)])},
        examples=[OpenApiExample("A fuller name", {"name": "John Smith"}, request_only=True)],
    )
    def patch(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, EditIn)
        aliases = tuple(data["aliases"]) if "aliases" in data else None
        command = EditEntity(entity_id, data.get("name"), data.get("type"), aliases)
        return self.ok(_detail(edit(principal(request), command)))


class MergeView(RemembraView):
    ids_in_query = True  # the examples are in its request body
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="api_entities_merge",
        summary="Merge entities",
        request=MergeIn,
        responses={
            200: OpenApiResponse(
                MergedOut,
                "What they are now",
                [
                    OpenApiExample(
                        "One of them",
                        {**_ONE, "merge_id": _MERGE_ID, "merge_ids": [_MERGE_ID]},
                        response_only=True,
                    )
                ],
            )
        },
        examples=[
            OpenApiExample(
                "Two that are one",
                {"source_ids": ["ent_01890a5dac967b2e8b7c3f0a9d1e2f36"], "target_id": _ONE["id"]},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        data = self.body(request, MergeIn)
        merged = merge(principal(request), data["source_ids"], data["target_id"])
        ids = [public(MERGE, row) for row in merged.merge_ids]
        return self.ok({**_detail(merged.detail), "merge_id": ids[-1], "merge_ids": ids})


class SplitView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="api_entity_split",
        summary="Undo a merge into this entity",
        request=SplitIn,
        responses={200: OpenApiResponse(EntityDetailOut, "It", [OpenApiExample("It", _ONE, response_only=True)])},
        examples=[OpenApiExample("This merge", {"merge_id": _MERGE_ID}, request_only=True)],
    )
    def post(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, SplitIn) if request.body else {}
        return self.ok(_detail(split(principal(request), entity_id, data.get("merge_id"))))


def _detail(found: EntityDetail) -> dict[str, Any]:
    return {
        **api_serializers.entity(found.entity),
        "ambiguous_with": [public(ENTITY, key) for key in found.ambiguous_with],
    }
