"""`/api/v1`: the graph of entities: relations, neighbours, paths."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.clock import iso
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import IdentifierField, QueryBooleanField, QueryIntegerField, TimestampField
from core.http.point_in_time_fields import AsOfField, ValidAtField
from core.ids import ENTITY, RELATION, public
from entities.services import relationships, traversal
from entities.services.bitemporal import point_in_time
from entities.types import Node, RelationRecord, Subgraph
from entities.types import PointInTime as Then


class PastIn(RequestSerializer):
    as_of = AsOfField(required=False)
    valid_at = ValidAtField(required=False)


class RelationshipsIn(PastIn):
    include_history = QueryBooleanField(default=False, help_text="true: relations that no longer hold, too.")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=1000)


class NeighborsIn(PastIn):
    depth = QueryIntegerField(min_value=1, max_value=3, default=1)
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100, help_text="How many nodes at most.")


class PathIn(PastIn):
    to = IdentifierField()
    max_depth = QueryIntegerField(min_value=1, max_value=6, default=6)

    def get_fields(self) -> dict[str, Any]:
        return {"from": IdentifierField(), **super().get_fields()}  # not a valid identifier in Python


class GraphIn(PastIn):
    user_id = IdentifierField(required=False)
    project = IdentifierField(required=False)
    project_id = IdentifierField(required=False, help_text="The same as project.")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100, help_text="How many nodes at most.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        other = attrs.pop("project_id", None)
        if other is not None and attrs.setdefault("project", other) != other:
            raise serializers.ValidationError({"project": "project and project_id are one field: send one of them"})
        return attrs


class RelationOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    source = serializers.CharField(help_text="Its name.")  # type: ignore[assignment]  # DRF's own is not used here
    target = serializers.CharField(help_text="Its name.")
    source_id = serializers.CharField()
    target_id = serializers.CharField()
    type = serializers.CharField()
    properties = serializers.DictField()
    confidence = serializers.FloatField()
    valid_from = TimestampField(allow_null=True)
    valid_to = TimestampField(allow_null=True)
    is_current = serializers.BooleanField(help_text="It holds now, or at the moment that was asked for.")


class NodeOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()


class NeighborOut(NodeOut):
    distance = serializers.IntegerField(help_text="How many relations away.")


class RelationshipsOut(serializers.Serializer[Any]):
    relationships = RelationOut(many=True)
    truncated = serializers.BooleanField(help_text="There are more than `limit`.")


class NeighborsOut(serializers.Serializer[Any]):
    nodes = NeighborOut(many=True, help_text="The nearest first, the entity itself before all.")
    edges = RelationOut(many=True)
    truncated = serializers.BooleanField(help_text="There are more than `limit`.")


class PathOut(serializers.Serializer[Any]):
    found = serializers.BooleanField()
    nodes = NodeOut(many=True)
    edges = RelationOut(many=True, help_text="Each joins a node and the next, in either direction.")


class GraphOut(serializers.Serializer[Any]):
    nodes = NodeOut(many=True, help_text="The best connected first.")
    edges = RelationOut(many=True)
    truncated = serializers.BooleanField(help_text="There are more nodes than `limit`, or ten times as many edges.")


_JOHN = {"id": "ent_01890a5dac967b2e8b7c3f0a9d1e2f35", "name": "John Smith", "type": "PERSON"}
_GOOGLE = {"id": "ent_01890a5dac967b2e8b7c3f0a9d1e2f36", "name": "Google", "type": "ORG"}
_WORKS_AT = {
    "id": "rel_01890a5dac967b2e8b7c3f0a9d1e2f37",
    "source": "John Smith",
    "target": "Google",
    "source_id": _JOHN["id"],
    "target_id": _GOOGLE["id"],
    "type": "WORKS_AT",
    "properties": {"role": "Staff Engineer"},
    "confidence": 0.9,
    "valid_from": "2026-03-01T10:30:00Z",
    "valid_to": None,
    "is_current": True,
}


def _answer(shape: Any, title: str, example: dict[str, Any]) -> dict[Any, Any]:
    return {200: OpenApiResponse(shape, title, [OpenApiExample(title, example, response_only=True)])}


def relationship(view: RelationRecord) -> dict[str, Any]:
    return {
        "id": public(RELATION, view.id),
        "source": view.source,
        "target": view.target,
        "source_id": public(ENTITY, view.source_id),
        "target_id": public(ENTITY, view.target_id),
        "type": view.type,
        "properties": view.properties,
        "confidence": view.confidence,
        "valid_from": iso(view.valid_from) if view.valid_from else None,
        "valid_to": iso(view.valid_to) if view.valid_to else None,
        "is_current": view.is_current,
    }


def node(seen: Node) -> dict[str, Any]:
    return {"id": public(ENTITY, seen.id), "name": seen.name, "type": seen.type}


def graph(found: Subgraph) -> dict[str, Any]:
    return {"nodes": [node(n) for n in found.nodes], "edges": [relationship(e) for e in found.edges]}


def _point_in_time(data: dict[str, Any]) -> Then:
    return point_in_time(data.pop("as_of", None), data.pop("valid_at", None))


class RelationshipsView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_entity_relationships",
        summary="The relations of an entity, the last recorded first",
        parameters=[RelationshipsIn],
        responses=_answer(RelationshipsOut, "The relations", {"relationships": [_WORKS_AT], "truncated": False}),
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, RelationshipsIn)
        history, limit = data["include_history"], data["limit"]
        found, more = relationships.of(
            principal(request), entity_id, _point_in_time(data), history=history, limit=limit
        )
        return self.ok({"relationships": [relationship(r) for r in found], "truncated": more})


class NeighborsView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_entity_neighbors",
        summary="What is near an entity in the graph",
        parameters=[NeighborsIn],
        responses=_answer(
            NeighborsOut,
            "Nodes and edges",
            {
                "nodes": [_JOHN | {"distance": 0}, _GOOGLE | {"distance": 1}],
                "edges": [_WORKS_AT],
                "truncated": False,
            },
        ),
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, NeighborsIn)
        found = traversal.neighbours(principal(request), entity_id, _point_in_time(data), **data)
        body = graph(found) | {"nodes": [node(n) | {"distance": n.distance} for n in found.nodes]}
        return self.ok(body | {"truncated": found.truncated})


class PathView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)
    ids_in_query = True

    @extend_schema(
        operation_id="api_graph_path",
        summary="The shortest way between two entities",
        description="Two of different users or projects are never connected.",
        parameters=[
            PathIn,
            OpenApiParameter("from", required=True, examples=[OpenApiExample("John Smith", _JOHN["id"])]),
            OpenApiParameter("to", required=True, examples=[OpenApiExample("Google", _GOOGLE["id"])]),
        ],
        responses=_answer(PathOut, "The way", {"found": True, "nodes": [_JOHN, _GOOGLE], "edges": [_WORKS_AT]}),
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, PathIn)
        ends = (data["from"], data["to"])
        found = traversal.path(principal(request), *ends, _point_in_time(data), max_depth=data["max_depth"])
        return self.ok({"found": found is not None} | graph(found or Subgraph((), ())))


class GraphView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_graph",
        summary="All entities of a user and the relations between them",
        parameters=[GraphIn],
        responses=_answer(
            GraphOut, "Nodes and edges", {"nodes": [_JOHN, _GOOGLE], "edges": [_WORKS_AT], "truncated": False}
        ),
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, GraphIn)
        then = _point_in_time(data)
        found = traversal.whole_graph(
            principal(request), data.get("user_id"), data.get("project"), then, limit=data["limit"]
        )
        return self.ok(graph(found) | {"truncated": found.truncated})
