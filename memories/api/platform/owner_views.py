"""`users`, `delete_users` and `reset` of mem0's clients."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import NotFound
from core.http.base import PlatformView
from memories.api.platform import schema
from memories.api.platform.deletion import command, owned_by
from memories.api.platform.entity_responses import PlatformEntityPage, PlatformEntityPageOut
from memories.api.platform.responses import PlatformMessageOut, Said
from memories.api.platform.serializers import PlatformEntityPageQuery
from memories.api.platform.views import page_address
from memories.services.forget import forget
from memories.services.owners import KINDS, page


class PlatformEntitiesView(PlatformView):
    permission_classes = (requires(GET=Scope.READ),)

    @schema.entities
    def get(self, request: Request) -> Response:
        data = self.query(request, PlatformEntityPageQuery)
        number, size = data["page"], data["page_size"]
        found = page(principal(request), None, limit=size, offset=(number - 1) * size)
        has_next = number * size < sum(found.totals.values())
        shown = PlatformEntityPage(
            page_address(request, number + 1) if has_next else None,
            page_address(request, number - 1) if number > 1 else None,
            found.owners,
            found.totals,
        )
        return self.ok(PlatformEntityPageOut, shown)


class PlatformEntityView(PlatformView):
    """An owner without memories is deleted too: `reset` deletes owners whose memories were another owner's as well."""

    permission_classes = (requires(DELETE=Scope.DELETE),)
    atomic = False

    @schema.delete_entity
    def delete(self, request: Request, entity_type: str, entity_name: str) -> Response:
        if entity_type not in KINDS:
            raise NotFound(f"entity_type: must be one of {', '.join(KINDS)}", field="entity_type")
        caller = principal(request)
        forget(caller, command(caller, owned_by(entity_type, entity_name)))
        return self.ok(PlatformMessageOut, Said("Entity deleted successfully!"))


class PlatformEntityV1View(PlatformEntityView):
    """The path of older clients."""

    @schema.delete_entity_v1
    def delete(self, request: Request, entity_type: str, entity_name: str) -> Response:
        return super().delete(request, entity_type, entity_name)
