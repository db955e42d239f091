"""`/api/v1/entities/{entity_id}/memories`: the memories that mention an entity."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView
from core.http.fields import IdentifierField, QueryIntegerField
from memories.api.common import TimedIn, temporal_view
from memories.api.remembra import serializers as api_serializers
from memories.api.remembra.schema import MEMORY, RemembraMemoryOut, answer
from memories.services.entities import memories_of


class AboutIn(TimedIn):
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)


class AboutOut(serializers.Serializer[Any]):
    memories = RemembraMemoryOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)


class EntityMemoriesView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_entity_memories",
        summary="The memories that mention an entity, newest first",
        parameters=[AboutIn],
        responses={200: answer(AboutOut, "A page", {"memories": [MEMORY], "total": 1, "next_cursor": None})},
    )
    def get(self, request: Request, entity_id: str) -> Response:
        data = self.query(request, AboutIn)
        page = memories_of(
            principal(request), entity_id, temporal_view(data), limit=data["limit"], cursor=data.get("cursor")
        )
        memories = [api_serializers.memory(memory) for memory in page.memories]
        return self.ok({"memories": memories, "total": page.total, "next_cursor": page.next_cursor})
