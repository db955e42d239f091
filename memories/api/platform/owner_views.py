"""`users`, `delete_users` and `reset` of mem0's clients."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import NotFound
from core.http.base import PlatformView
from memories.api.platform import schema
from memories.api.platform.deletion import delete_owner_command
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
        found = page(principal(request), data.get("project_id"), limit=size, offset=(number - 1) * size)
        has_next = number * size < sum(found.totals.values())
        shown = PlatformEntityPage(
            page_address(request, number + 1) if has_next else None,
            page_address(request, number - 1) if number > 1 else None,
            found.owners,
            found.totals,
        )
        return self.ok(PlatformEntityPageOut, shown)


def delete_owner(request: Request, kind: str, name: str) -> Said:
    """Erase the memories of a user, agent, app or run in the project of the request."""
    if kind not in KINDS:
        raise NotFound(f"entity_type: must be one of {', '.join(KINDS)}", field="entity_type")
    caller = principal(request)
    forget(caller, delete_owner_command(caller, kind, name, request.query_params))
    return Said("Entity deleted successfully!")


class PlatformEntityView(PlatformView):
    """An owner without memories is deleted too: `reset` deletes owners whose memories were another owner's as well."""

    permission_classes = (requires(DELETE=Scope.DELETE),)
    atomic = False

    @schema.delete_entity
    def delete(self, request: Request, entity_type: str, entity_name: str) -> Response:
        return self.ok(PlatformMessageOut, delete_owner(request, entity_type, entity_name))


class PlatformEntityV1View(PlatformEntityView):
    """The path of older clients."""

    @schema.delete_entity_v1
    def delete(self, request: Request, entity_type: str, entity_name: str) -> Response:
        return super().delete(request, entity_type, entity_name)
