"""`/api/v1/entities/{id}`: read, edit, merge and split an entity."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer, StrictRequestSerializer
from core.http.fields import IdentifierField, StrictChoiceField, StrictListField, TextField
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
    """At least one field."""

    name = TextField(max_length=NAME, required=False, help_text="The name; the earlier name becomes an alias.")
    type = StrictChoiceField(ENTITY_TYPES, required=False, help_text="The type.")
    aliases = StrictListField(
        child=TextField(max_length=NAME),
        max_length=ALIASES,
        required=False,
        help_text="All other names of the entity.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("send at least one of name, type and aliases")
        return attrs


class MergeEntitiesIn(StrictRequestSerializer):
    source_ids = StrictListField(
        child=IdentifierField(),
        min_length=1,
        max_length=SOURCES,
        help_text="The entities that are merged into the target.",
    )
    target_id = IdentifierField(help_text="The entity that is kept, with its name.")


class SplitEntityIn(StrictRequestSerializer):
    merge_id = IdentifierField(required=False, help_text="The merge to undo. Default: the last one.")


class EntityView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, PATCH=Scope.WRITE),)

    @extend_schema(
        operation_id="get_entity",
        summary="Get an entity",
        description="For an entity that was merged, the response is the entity that it was merged into.",
        parameters=[EntityRetrieveQuery],
        responses={200: answer(EntityDetailOut, "The entity")},
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, EntityRetrieveQuery)
        return self.ok(EntityDetailOut, get_entity(principal(request), entity_id, data.get("as_of")))

    @extend_schema(
        operation_id="update_entity",
        summary="Update an entity's name, type or aliases",
        description="An earlier name becomes an alias. `aliases` replaces the other names of the entity.",
        request=UpdateEntityIn,
        responses={200: answer(EntityDetailOut, "The entity")},
        examples=[OpenApiExample("New name", {"name": "John Smith"}, request_only=True)],
    )
    def patch(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, UpdateEntityIn)
        aliases = tuple(data["aliases"]) if "aliases" in data else None
        command = EditEntity(entity_id, data.get("name"), data.get("type"), aliases)
        return self.ok(EntityDetailOut, edit(principal(request), command))


class MergeView(RemembraView):
    ids_outside_path = True  # the examples are in its request body
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="merge_entities",
        summary="Merge entities",
        description=(
            "Moves the aliases, mentions and relations of `source_ids` to `target_id`. `POST "
            "/api/v1/entities/{entity_id}/split` undoes a merge."
        ),
        request=MergeEntitiesIn,
        responses={200: answer(MergedEntityOut, "The merged entity")},
        examples=[
            OpenApiExample(
                "Two entities",
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
        operation_id="split_entity",
        summary="Undo a merge into an entity",
        description=(
            "Moves the aliases, mentions and relations of the merge back. Later statements stay with the target."
        ),
        request=SplitEntityIn,
        responses={200: answer(EntityDetailOut, "The entity")},
        examples=[OpenApiExample("Merge id", {"merge_id": MERGE_ID}, request_only=True)],
    )
    def post(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, SplitEntityIn) if request.body else {}
        return self.ok(EntityDetailOut, split(principal(request), entity_id, data.get("merge_id")))
