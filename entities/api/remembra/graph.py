"""The graph of entities in the `/api/v1` dialect: relations, neighbours, paths."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import IdentifierField, QueryBooleanField, QueryIntegerField
from core.http.point_in_time_fields import AsOfField, ValidAtField
from core.http.responses import answer
from entities.api.remembra.responses import (
    GOOGLE_ID,
    JOHN_ID,
    GraphOut,
    GraphPathOut,
    NeighborhoodOut,
    PathResult,
    RelationList,
    RelationListOut,
)
from entities.services import relationships, traversal
from entities.services.bitemporal import point_in_time
from entities.types import PointInTime as Then


class PastIn(RequestSerializer):
    as_of = AsOfField(required=False)
    valid_at = ValidAtField(required=False)


class RelationshipsIn(PastIn):
    include_history = QueryBooleanField(default=False, help_text="true: also relations that have ended.")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=1000)


class NeighborsIn(PastIn):
    depth = QueryIntegerField(min_value=1, max_value=3, default=1)
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100, help_text="Maximum number of nodes.")


class PathIn(PastIn):
    to = IdentifierField()
    max_depth = QueryIntegerField(min_value=1, max_value=6, default=6)

    def get_fields(self) -> dict[str, Any]:
        return {"from": IdentifierField(), **super().get_fields()}  # not a valid identifier in Python


class GraphIn(PastIn):
    user_id = IdentifierField(required=False)
    project = IdentifierField(required=False)
    project_id = IdentifierField(required=False, help_text="The same as project.")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100, help_text="Maximum number of nodes.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        other = attrs.pop("project_id", None)
        if other is not None and attrs.setdefault("project", other) != other:
            raise serializers.ValidationError({"project": "project and project_id are one field: send one of them"})
        return attrs


def _point_in_time(data: dict[str, Any]) -> Then:
    return point_in_time(data.pop("as_of", None), data.pop("valid_at", None))


class RelationshipsView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="list_entity_relationships",
        summary="List the relations of an entity",
        description="Returns the relations in both directions, the most recently recorded first.",
        parameters=[RelationshipsIn],
        responses={200: answer(RelationListOut, "Relations")},
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, RelationshipsIn)
        history, limit = data["include_history"], data["limit"]
        found, more = relationships.of(
            principal(request), entity_id, _point_in_time(data), history=history, limit=limit
        )
        return self.ok(RelationListOut, RelationList(found, more))


class NeighborsView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="list_entity_neighbors",
        summary="List the neighbors of an entity",
        description=(
            "Returns the entities that are at most `depth` relations away, nearest first, and the relations between "
            "them."
        ),
        parameters=[NeighborsIn],
        responses={200: answer(NeighborhoodOut, "Graph")},
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, NeighborsIn)
        found = traversal.neighbours(principal(request), entity_id, _point_in_time(data), **data)
        return self.ok(NeighborhoodOut, found)


class PathView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)
    ids_outside_path = True

    @extend_schema(
        operation_id="find_graph_path",
        summary="Find the shortest path between two entities",
        description="Relations count in both directions. Entities of different users or projects are never connected.",
        parameters=[
            PathIn,
            OpenApiParameter("from", required=True, examples=[OpenApiExample("John Smith", JOHN_ID)]),
            OpenApiParameter("to", required=True, examples=[OpenApiExample("Google", GOOGLE_ID)]),
        ],
        responses={200: answer(GraphPathOut, "Path")},
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, PathIn)
        ends = (data["from"], data["to"])
        found = traversal.path(principal(request), *ends, _point_in_time(data), max_depth=data["max_depth"])
        return self.ok(GraphPathOut, PathResult(found))


class GraphView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_graph",
        summary="Get the graph of a user",
        description="Returns the entities of a user, the best connected first, and the relations between them.",
        parameters=[GraphIn],
        responses={200: answer(GraphOut, "Graph")},
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, GraphIn)
        then = _point_in_time(data)
        found = traversal.whole_graph(
            principal(request), data.get("user_id"), data.get("project"), then, limit=data["limit"]
        )
        return self.ok(GraphOut, found)
