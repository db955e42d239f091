"""`/api/v1/entities/{id}`: one entity, and what a person says of it: its names, and which others are the same."""

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


class UpdateEntityIn(StrictRequestSerializer):
    """At least one field."""

    name = TextField(max_length=NAME, required=False, help_text="The name; the earlier name becomes an alias.")
    type = StrictChoiceField(ENTITY_TYPES, required=False, help_text="The type.")
    aliases = serializers.ListField(
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
    source_ids = serializers.ListField(
        child=IdentifierField(),
        min_length=1,
        max_length=SOURCES,
        help_text="The entities that are merged into the target.",
    )
    target_id = IdentifierField(help_text="The entity that is kept, with its name.")


class SplitEntityIn(StrictRequestSerializer):
    merge_id = IdentifierField(required=False, help_text="The merge to undo. Default: the last one.")


class EntityDetailOut(api_serializers.EntityOut):
    ambiguous_with = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of other entities that an ambiguous name may mean."
    )


class MergedEntityOut(EntityDetailOut):
    merge_id = serializers.CharField(help_text="The last merge; `split` undoes it.")
    merge_ids = serializers.ListField(child=serializers.CharField(), help_text="One for each of `source_ids`.")


class EntityView(RemembraView):
    permission_classes = (requires(GET=Scope.READ, PATCH=Scope.WRITE),)

    @extend_schema(
        operation_id="get_entity",
        summary="Get an entity",
        description="For an entity that was merged, the response is the entity that it was merged into.",
        parameters=[EntityRetrieveQuery],
        responses={
            200: OpenApiResponse(EntityDetailOut, "The entity", [OpenApiExample("Entity", _ONE, response_only=True)])
        },
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, EntityRetrieveQuery)
        return self.ok(_detail(get_entity(principal(request), entity_id, data.get("as_of"))))

    @extend_schema(
        operation_id="update_entity",
        summary="Update an entity's name, type or aliases",
        description="An earlier name becomes an alias. `aliases` replaces the other names of the entity.",
        request=UpdateEntityIn,
        responses={
            200: OpenApiResponse(EntityDetailOut, "The entity", [OpenApiExample("Entity", _ONE, response_only=True)])
        },
        examples=[OpenApiExample("New name", {"name": "John Smith"}, request_only=True)],
    )
    def patch(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, UpdateEntityIn)
        aliases = tuple(data["aliases"]) if "aliases" in data else None
        command = EditEntity(entity_id, data.get("name"), data.get("type"), aliases)
        return self.ok(_detail(edit(principal(request), command)))


class MergeView(RemembraView):
    ids_in_query = True  # in its body
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="merge_entities",
        summary="Merge entities",
        description=(
            "Moves the aliases, mentions and relations of `source_ids` to `target_id`. `POST "
            "/api/v1/entities/{entity_id}/split` undoes a merge."
        ),
        request=MergeEntitiesIn,
        responses={
            200: OpenApiResponse(
                MergedEntityOut,
                "The merged entity",
                [
                    OpenApiExample(
                        "Merged entity",
                        {**_ONE, "merge_id": _MERGE_ID, "merge_ids": [_MERGE_ID]},
                        response_only=True,
                    )
                ],
            )
        },
        examples=[
            OpenApiExample(
                "Two entities",
                {"source_ids": ["ent_01890a5dac967b2e8b7c3f0a9d1e2f36"], "target_id": _ONE["id"]},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        data = self.body(request, MergeEntitiesIn)
        merged = merge(principal(request), data["source_ids"], data["target_id"])
        ids = [public(MERGE, row) for row in merged.merge_ids]
        return self.ok({**_detail(merged.detail), "merge_id": ids[-1], "merge_ids": ids})


class SplitView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)

    @extend_schema(
        operation_id="split_entity",
        summary="Undo a merge into an entity",
        description=(
            "Moves the aliases, mentions and relations of the merge back. Later statements stay with the target."
        ),
        request=SplitEntityIn,
        responses={
            200: OpenApiResponse(EntityDetailOut, "The entity", [OpenApiExample("Entity", _ONE, response_only=True)])
        },
        examples=[OpenApiExample("Merge id", {"merge_id": _MERGE_ID}, request_only=True)],
    )
    def post(self, request: Request, entity_id: str) -> Response:
        data = self.body(request, SplitEntityIn) if request.body else {}
        return self.ok(_detail(split(principal(request), entity_id, data.get("merge_id"))))


def _detail(found: EntityDetail) -> dict[str, Any]:
    return {
        **api_serializers.entity(found.entity),
        "ambiguous_with": [public(ENTITY, key) for key in found.ambiguous_with],
    }
