"""Entities in the `/api/v1` dialect."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView
from core.http.responses import answer
from entities.api.remembra import serializers
from entities.api.remembra.responses import EntityPageOut
from entities.services.listing import list_page
from entities.types import EntityQuery


class EntitiesView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="list_entities",
        summary="List entities",
        description="Returns the entities that the memories of a user mention, newest first.",
        parameters=[serializers.EntityListQuery],
        responses={200: answer(EntityPageOut, "A page of entities")},
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, serializers.EntityListQuery)
        return self.ok(EntityPageOut, list_page(principal(request), EntityQuery(**data)))
