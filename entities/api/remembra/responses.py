"""Entities and their graph in `/api/v1`: the responses. One class each: record, schema and example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rest_framework import serializers

from core.http.fields import TimestampField
from core.http.responses import EXAMPLE_TIME, PublicIdField, ResponseSerializer, example_id
from core.ids import ENTITY, MERGE, RELATION
from entities.types import EntityDetail, EntityPage, EntityRecord, Merged, Node, RelationRecord, Subgraph

JOHN_ID = "ent_01890a5dac967b2e8b7c3f0a9d1e2f35"
GOOGLE_ID = "ent_01890a5dac967b2e8b7c3f0a9d1e2f36"
MERGE_ID = "mrg_01890a5dac967b2e8b7c3f0a9d1e2f40"
_JOHN = Node(example_id(JOHN_ID), "John Smith", "PERSON", 0)
_GOOGLE = Node(example_id(GOOGLE_ID), "Google", "ORG", 1)


class EntityOut(ResponseSerializer):
    id = PublicIdField(ENTITY)
    name = serializers.CharField()
    canonical_name = serializers.CharField(source="name", help_text="The same as name.")
    type = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    memory_count = serializers.IntegerField()
    confidence = serializers.FloatField()

    example: ClassVar[Any] = EntityRecord(_JOHN.id, "John Smith", "PERSON", ("John", "Mr. Smith"), 3, 0.9)


class EntityPageOut(ResponseSerializer):
    entities = EntityOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)

    example = EntityPage((EntityOut.example, EntityRecord(_GOOGLE.id, "Google", "ORG", (), 3, 0.9)), 2, None)


class EntityDetailOut(EntityOut):
    inherited_source = "entity"

    ambiguous_with = serializers.ListField(
        child=PublicIdField(ENTITY), help_text="Ids of other entities that an ambiguous name may mean."
    )

    example: ClassVar[Any] = EntityDetail(EntityOut.example)


class MergedEntityOut(EntityDetailOut):
    inherited_source = "detail"

    merge_id = PublicIdField(MERGE, help_text="The last merge; `split` undoes it.")
    merge_ids = serializers.ListField(child=PublicIdField(MERGE), help_text="One for each of `source_ids`.")

    example = Merged(EntityDetailOut.example, (example_id(MERGE_ID),))

    def get_merge_id(self, merged: Merged) -> Any:
        return merged.merge_ids[-1]


class RelationOut(ResponseSerializer):
    id = PublicIdField(RELATION)
    source = serializers.CharField(help_text="Name of the source entity.")  # type: ignore[assignment]  # DRF's own is not used here
    target = serializers.CharField(help_text="Name of the target entity.")
    source_id = PublicIdField(ENTITY)
    target_id = PublicIdField(ENTITY)
    type = serializers.CharField()
    properties = serializers.DictField()
    confidence = serializers.FloatField()
    valid_from = TimestampField(allow_null=True)
    valid_to = TimestampField(allow_null=True)
    is_current = serializers.BooleanField(help_text="Whether the relation holds now, or at the requested time.")

    example = RelationRecord(
        id=example_id("rel_01890a5dac967b2e8b7c3f0a9d1e2f37"),
        source_id=_JOHN.id,
        target_id=_GOOGLE.id,
        source="John Smith",
        target="Google",
        type="WORKS_AT",
        properties={"role": "Staff Engineer"},
        confidence=0.9,
        valid_from=EXAMPLE_TIME,
        valid_to=None,
        is_current=True,
    )


class NodeOut(ResponseSerializer):
    id = PublicIdField(ENTITY)
    name = serializers.CharField()
    type = serializers.CharField()


class NeighborOut(NodeOut):
    distance = serializers.IntegerField(help_text="Number of relations between the two entities.")


@dataclass(frozen=True, slots=True)
class RelationList:
    relationships: list[RelationRecord]
    truncated: bool


class RelationListOut(ResponseSerializer):
    relationships = RelationOut(many=True)
    truncated = serializers.BooleanField(help_text="Whether there are more than `limit`.")

    example = RelationList([RelationOut.example], truncated=False)


class NeighborhoodOut(ResponseSerializer):
    nodes = NeighborOut(many=True, help_text="Nearest first; the first one is the entity itself.")
    edges = RelationOut(many=True)
    truncated = serializers.BooleanField(help_text="Whether there are more than `limit`.")

    example = Subgraph((_JOHN, _GOOGLE), (RelationOut.example,))


@dataclass(frozen=True, slots=True)
class PathResult:
    """`subgraph` None: there is no path."""

    subgraph: Subgraph | None

    @property
    def found(self) -> bool:
        return self.subgraph is not None

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.subgraph.nodes if self.subgraph else ()

    @property
    def edges(self) -> tuple[RelationRecord, ...]:
        return self.subgraph.edges if self.subgraph else ()


class GraphPathOut(ResponseSerializer):
    found = serializers.BooleanField()
    nodes = NodeOut(many=True)
    edges = RelationOut(many=True, help_text="Relations between consecutive nodes, in either direction.")

    example = PathResult(NeighborhoodOut.example)


class GraphOut(ResponseSerializer):
    nodes = NodeOut(many=True, help_text="Nodes with the most relations first.")
    edges = RelationOut(many=True)
    truncated = serializers.BooleanField(
        help_text="Whether there are more nodes than `limit`, or more edges than ten times `limit`."
    )

    example = NeighborhoodOut.example
