"""`/api/v1/entities/{entity_id}/memories`: the memories that mention an entity."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView
from core.http.fields import IdentifierField, QueryIntegerField
from core.http.responses import ResponseSerializer, answer
from memories.api.common import TimedIn, temporal_view
from memories.api.remembra.responses import MemoryOut
from memories.services.entities import memories_of
from memories.types import Page


class AboutIn(TimedIn):
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)


class EntityMemoriesOut(ResponseSerializer):
    memories = MemoryOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)

    example = Page((MemoryOut.example,), 1, None)


class EntityMemoriesView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="list_entity_memories",
        summary="List the memories that mention an entity",
        description="Returns memories of all texts that mention the entity by any of its names, newest first.",
        parameters=[AboutIn],
        responses={200: answer(EntityMemoriesOut, "A page of memories")},
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, AboutIn)
        page = memories_of(
            principal(request), entity_id, temporal_view(data), limit=data["limit"], cursor=data.get("cursor")
        )
        return self.ok(EntityMemoriesOut, page)
