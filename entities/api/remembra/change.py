"""`/api/v1/entities/{id}`: one entity, and what a person says of it: its names, and which others are the same."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer, StrictRequestSerializer
from core.http.fields import IdentifierField, StrictChoiceField, TextField
from core.http.point_in_time_fields import AsOfField
from core.http.responses import answer
from entities.api.remembra.responses import GOOGLE_ID, JOHN_ID, MERGE_ID, EntityDetailOut, MergedEntityOut
from entities.services.edit import edit
from entities.services.entity_detail import get_entity
from entities.services.merge import merge, split
from entities.types import ENTITY_TYPES, EditEntity

NAME = 512
SOURCES = 50
ALIASES = 100


class EntityRetrieveQuery(RequestSerializer):
    as_of = AsOfField(required=False)


class UpdateEntityIn(StrictRequestSerializer):
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


class MergeEntitiesIn(StrictRequestSerializer):
    source_ids = serializers.ListField(
        child=IdentifierField(),
        min_length=1,
        max_length=SOURCES,
        help_text="The entities that are the same as the target.",
    )
    target_id = IdentifierField(help_text="The entity that stays, with its name.")


class SplitEntityIn(StrictRequestSerializer):
    merge_id = IdentifierField(required=False, help_text="Which merge to undo; the last one, unless said.")


class EntityView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, PATCH=Scope.WRITE),)

    @extend_schema(
        operation_id="api_entity",
        summary="One entity; a merged one is what it was merged into",
        parameters=[EntityRetrieveQuery],
        responses={200: answer(EntityDetailOut, "It")},
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, EntityRetrieveQuery)
        return self.ok(EntityDetailOut, get_entity(principal(request), entity_id, data.get("as_of")))

    @extend_schema(
        operation_id="api_entity_edit",
        summary="Change an entity's name, type or aliases",
        request=UpdateEntityIn,
        responses={200: answer(EntityDetailOut, "It")},
        examples=[OpenApiExample("A fuller name", {"name": "John Smith"}, request_only=True)],
    )
    def patch(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, UpdateEntityIn)
        aliases = tuple(data["aliases"]) if "aliases" in data else None
        command = EditEntity(entity_id, data.get("name"), data.get("type"), aliases)
        return self.ok(EntityDetailOut, edit(principal(request), command))


class MergeView(RemembraView):
    ids_in_query = True  # in its body
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="api_entities_merge",
        summary="Say that entities are one and the same",
        request=MergeEntitiesIn,
        responses={200: answer(MergedEntityOut, "What they are now")},
        examples=[
            OpenApiExample(
                "Two that are one",
                {"source_ids": [GOOGLE_ID], "target_id": JOHN_ID},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        data = self.body(request, MergeEntitiesIn)
        return self.ok(MergedEntityOut, merge(principal(request), data["source_ids"], data["target_id"]))


class SplitView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="api_entity_split",
        summary="Undo a merge into this entity",
        request=SplitEntityIn,
        responses={200: answer(EntityDetailOut, "It")},
        examples=[OpenApiExample("This merge", {"merge_id": MERGE_ID}, request_only=True)],
    )
    def post(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, SplitEntityIn) if request.body else {}
        return self.ok(EntityDetailOut, split(principal(request), entity_id, data.get("merge_id")))
