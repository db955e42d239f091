"""`/api/v1/export`: all data of a user as JSON Lines."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import IdentifierField
from memories.api import examples as ex
from memories.services.export import export

LINES = "application/x-ndjson"


class JsonLinesRenderer(JSONRenderer):
    """For content negotiation; it renders only errors, since the view streams the lines."""

    media_type = LINES
    format = "jsonl"


class ExportIn(RequestSerializer):
    user_id = IdentifierField(required=False)
    project = IdentifierField(required=False)
    project_id = IdentifierField(required=False, help_text="The same as project.")


_SHOWN = (
    '{"format":"memproject","version":3}\n'
    '{"line":"owner","project":"default","user_id":"user_123"}\n'
    f'{{"line":"memory","id":"{ex.MEMORY_ID[4:]}",…}}\n'
    '{"line":"end","lines":3}\n'
)


class ExportView(RemembraView):
    """Streams the rows while they are read, so that memory use does not grow with the user."""

    permission_classes = (requires(GET=Scope.READ),)
    renderer_classes = (JSONRenderer, JsonLinesRenderer)

    @extend_schema(
        operation_id="export_memories",
        summary="Export all data of a user as JSON Lines",
        description=(
            "Streams the memories with their history, entities and relations. The command `import_memories` reads the "
            "format."
        ),
        parameters=[ExportIn],
        responses={
            (200, LINES): OpenApiResponse(
                OpenApiTypes.STR, "JSON Lines", [OpenApiExample("Export", _SHOWN, media_type=LINES)]
            )
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        asked = self.query(request, ExportIn)
        lines = export(principal(request), asked.get("user_id"), asked.get("project", asked.get("project_id")))
        return StreamingHttpResponse(lines, content_type=LINES)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        response.content_type = JSONRenderer.media_type
        return response
