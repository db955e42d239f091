"""`/api/v1/entities`: the entities of a user."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView
from entities.api.remembra import serializers
from entities.services.listing import list_page
from entities.types import EntityQuery

_PAGE = {
    "entities": [
        {
            "id": "ent_01890a5dac967b2e8b7c3f0a9d1e2f35",
            "name": "John Smith",
            "canonical_name": "John Smith",
            "type": "PERSON",
            "aliases": ["John", "Mr. Smith"],
            "memory_count": 3,
            "confidence": 0.9,
        },
        {
            "id": "ent_01890a5dac967b2e8b7c3f0a9d1e2f36",
            "name": "Google",
            "canonical_name": "Google",
            "type": "ORG",
            "aliases": [],
            "memory_count": 3,
            "confidence": 0.9,
        },
    ],
    "total": 2,
    "next_cursor": None,
}


class EntitiesView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="api_entities",
        summary="The things that a user's memories mention, newest first",
        parameters=[serializers.EntityListQuery],
        responses={
            200: OpenApiResponse(
                serializers.EntitiesOut, "A page", [OpenApiExample("A page", _PAGE, response_only=True)]
            )
        },
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, serializers.EntityListQuery)
        return self.ok(serializers.page(list_page(principal(request), EntityQuery(**data))))
